"""The commands of the background: `kopuro worker`, `kopuro import`, `kopuro feed` and `kopuro breaker`."""

import asyncio

import typer

from gateway.foundation.settings import Settings
from gateway.wiring import begin, open_gateway, ready_database
from sync.dependencies import WorkerDependencies
from sync.feed_commands import register_feeds
from sync.import_commands import register_imports
from sync.worker import run_worker


def register(app: typer.Typer) -> None:
    """Add the commands to `kopuro`."""
    app.command("worker")(worker)
    register_imports(app)
    register_feeds(app)


def worker() -> None:
    """Do the background work until SIGTERM or Ctrl-C."""
    with ready_database(begin()) as settings:
        asyncio.run(_worker(settings))


async def _worker(settings: Settings) -> None:
    async with open_gateway(settings) as gateway:
        await run_worker(
            WorkerDependencies(
                database=gateway.database,
                agencies=gateway.agencies,
                settings=gateway.settings,
                resender=gateway.resender,
                notices=gateway.notices,
            )
        )
