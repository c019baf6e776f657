"""The command of the background: `kopuro worker`."""

import asyncio

import typer

from gateway.foundation.settings import Settings
from gateway.wiring.opening import open_gateway
from gateway.wiring.ready import begin, ready_database
from sync.dependencies import WorkerDependencies
from sync.worker import run_worker


def register_worker(app: typer.Typer) -> None:
    """Add the command to `kopuro`."""
    app.command("worker")(worker)


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
                tracing=gateway.tracing,
                notices=gateway.notices,
            )
        )
