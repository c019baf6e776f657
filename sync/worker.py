"""The worker: claims jobs, keeps its heartbeat, stops without losing anything, outlives a lost database."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from gateway.foundation.database import psycopg_conninfo
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from sync.dependencies import WorkerDependencies
from sync.edge import Middleware, edge, quiet_procrastinate
from sync.schedule import register_schedule
from sync.tasks import register_tasks
from sync.ticks import register_ticks
from sync.traced import traced

GRACE_SECONDS = 20.0
_PAUSE_SECONDS = 2.0
_log = get_logger(__name__)


Registration = Callable[[App, WorkerDependencies], None]
EVERYTHING: tuple[Registration, ...] = (register_tasks, register_schedule, register_ticks)


def build_app(dependencies: WorkerDependencies, registrations: Sequence[Registration] = EVERYTHING) -> App:
    """Make the Procrastinate app with its tasks and schedule."""
    quiet_procrastinate()
    conninfo = psycopg_conninfo(dependencies.database.url)
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))
    for register in registrations:
        register(app, dependencies)
    return app


async def run_worker(
    dependencies: WorkerDependencies,
    *,
    registrations: Sequence[Registration] = EVERYTHING,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Work until SIGTERM or SIGINT; running jobs get `grace_seconds`, then go back to the queue."""
    asked = asyncio.Event()
    options = {**_options(dependencies), "shutdown_graceful_timeout": grace_seconds}
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    _log.info("worker started", count=dependencies.settings.work.concurrency)
    while not asked.is_set():
        try:
            await _work(build_app(dependencies, registrations), options, asked)
        except (ConnectorException, psycopg.OperationalError, OSError) as error:
            _log.warning("worker lost the database", error=type(error).__name__)
        if not asked.is_set():
            await _pause(asked)
    _log.info("worker stopped")


async def _work(app: App, options: dict[str, Any], asked: asyncio.Event) -> None:
    """Run one worker until it is asked to stop or ends by itself (it does when a side task fails)."""
    async with app.open_async():
        working = asyncio.create_task(app.run_worker_async(**options))
        stopping = asyncio.create_task(asked.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        working.cancel()  # a running worker stops gracefully; one that has ended keeps its result
        with suppress(asyncio.CancelledError):
            await working


def _options(dependencies: WorkerDependencies) -> dict[str, Any]:
    work = dependencies.settings.work
    return {
        "queues": [QUEUE],
        "install_signal_handlers": False,
        "concurrency": work.concurrency,
        "fetch_job_polling_interval": work.polling_seconds,
        "update_heartbeat_interval": work.heartbeat_seconds,
        "stalled_worker_timeout": work.stalled_after_seconds,
        "worker_middleware": _layers(dependencies),
    }


def _layers(dependencies: WorkerDependencies) -> list[Middleware]:
    outermost = [traced(dependencies.tracing)] if dependencies.tracing else []
    return [*outermost, edge(dependencies)]


async def _pause(asked: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(asked.wait(), _PAUSE_SECONDS)
    except TimeoutError:
        return
