"""The worker: claims jobs, keeps its heartbeat, stops without losing anything, outlives a lost database."""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from gateway.foundation.database import psycopg_conninfo
from gateway.foundation.errors import KopuroError
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from sync.dependencies import WorkerDependencies
from sync.schedule import register_schedule
from sync.tasks import register_tasks

GRACE_SECONDS = 20.0
_PAUSE_SECONDS = 2.0
_log = get_logger(__name__)


class JobFailed(KopuroError):  # noqa: N818 – the tree names what happened
    """A task met an error nobody foresaw; only its kind is told, for its text may quote a row."""

    def __init__(self, kind: str, *, permanent: bool) -> None:
        """Keep the kind of the error and whether trying again can help."""
        super().__init__(f"the task ended with {kind}")
        self.permanent = permanent


Registration = Callable[[App, WorkerDependencies], None]
EVERYTHING: tuple[Registration, ...] = (register_tasks, register_schedule)


def _without_arguments(record: logging.LogRecord) -> bool:
    """Say what happened to a job without its arguments, which Procrastinate writes out in its sentences."""
    if hasattr(record, "job"):
        record.msg, record.args = str(getattr(record, "action", "job")), ()
    return True


def build_app(dependencies: WorkerDependencies, registrations: Sequence[Registration] = EVERYTHING) -> App:
    """Make the Procrastinate app with its tasks and schedule."""
    for name in ("procrastinate.worker", "procrastinate.worker.worker", "procrastinate.periodic"):
        logging.getLogger(name).addFilter(_without_arguments)
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


async def run_until_idle(dependencies: WorkerDependencies) -> None:
    """Do what is waiting now and return; for small installations and tests."""
    async with build_app(dependencies).open_async() as app:
        await app.run_worker_async(wait=False, **_options(dependencies))


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
        "worker_middleware": [_edge],
    }


async def _edge(call_next: Callable[[], Awaitable[Any]], context: JobContext, _: Worker) -> Any:
    """Stand around every job: tell how it ended, and let no error out that might quote personal data."""
    began = time.monotonic()
    log = _log.bind(job_id=context.job.id, task=context.job.task_name, attempt=context.job.attempts + 1)
    try:
        result = await call_next()
    except KopuroError as error:
        log.warning("job failed", error=type(error).__name__, reason=str(error), outcome=_outcome(error))
        raise
    except Exception as error:  # the worker's edge: drivers quote rows in theirs
        failed = JobFailed(type(error).__name__, permanent=not _may_pass(error))
        log.exception("job failed", outcome=_outcome(failed))
        raise failed from None
    tell = log.debug if context.job.queueing_lock else log.info  # ticks of the schedule are not news
    tell("job done", duration_ms=round((time.monotonic() - began) * 1000))
    return result


def _outcome(error: KopuroError) -> str:
    return "failed" if error.permanent else "retry"


def _may_pass(error: Exception) -> bool:
    """Tell a lost connection, a deadlock or a full disk from a fault in the program."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | ConnectorException | TimeoutError | OSError)


async def _pause(asked: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(asked.wait(), _PAUSE_SECONDS)
    except TimeoutError:
        return
