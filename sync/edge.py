"""What stands around every job: how it ended is told, and nothing gets out that might quote personal data."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from gateway.exchange.dead_letters import RETRY_LETTER, Death, bury, cause_of
from gateway.exchange.holds import is_held
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import KopuroError
from gateway.foundation.logging import get_logger
from sync.dependencies import WorkerDependencies
from sync.retries import TaskHeld, is_last
from sync.tasks import abandon

_log = get_logger(__name__)
Next = Callable[[], Awaitable[Any]]
Middleware = Callable[[Next, JobContext, Worker], Awaitable[Any]]


class JobFailed(KopuroError):
    """A task met an error nobody foresaw; only its kind is told, for its text may quote a row."""

    def __init__(self, kind: str, *, permanent: bool) -> None:
        """Keep the kind of the error and whether trying again can help."""
        super().__init__(f"the task ended with {kind}")
        self.permanent = permanent


def edge(dependencies: WorkerDependencies) -> Middleware:
    """Make the worker's edge: a job that will not be tried again is abandoned in good order."""

    async def around(call_next: Next, context: JobContext, _: Worker) -> Any:
        began, job = time.monotonic(), context.job
        log = _log.bind(job_id=job.id, task=job.task_name, attempt=job.attempts + 1)
        try:
            if await _rests(dependencies, job.task_name):
                if job.queueing_lock:
                    return None  # the next tick comes by itself
                raise TaskHeld("a person lets this kind of job rest")  # noqa: TRY301 – it ends as any other
            result = await call_next()
        except KopuroError as error:
            failed = error
            log.warning("job failed", error=type(error).__name__, reason=str(error))
        except Exception as error:  # the worker's edge: drivers quote rows in theirs
            failed = JobFailed(type(error).__name__, permanent=not _may_pass(error))
            log.exception("job failed")
        else:
            tell = log.debug if job.queueing_lock else log.info  # ticks of the schedule are not news
            tell("job done", duration_ms=round((time.monotonic() - began) * 1000))
            return result
        last = is_last(failed, attempts=job.attempts, work=dependencies.settings.work)
        log.info("job ends" if last else "job waits for another attempt")
        if last:
            await abandon(dependencies, job.task_name, job.task_kwargs)
            if not job.queueing_lock and job.task_name != RETRY_LETTER:  # its own letter is open again
                await bury_job(dependencies, job, failed)
        raise failed from None

    return around


async def _rests(dependencies: WorkerDependencies, task: str) -> bool:
    async with dependencies.database.transaction() as session:
        return await is_held(session, "TASK", task)


async def bury_job(dependencies: WorkerDependencies, job: Job, error: KopuroError) -> None:
    """Keep a dead letter of a job nobody will run again; without the database the log alone tells of it."""
    kind = str(error).rpartition(" ")[2] if isinstance(error, JobFailed) else type(error).__name__
    death = Death(
        kind="JOB",
        name=job.task_name,
        reference=str(job.id),
        cause=cause_of(error),
        error=kind,
        attempts=job.attempts + 1,
    )
    try:
        async with dependencies.database.transaction() as session:
            await bury(session, death, at=utc_now())
    except (SQLAlchemyError, OSError) as lost:
        _log.warning("dead letter not kept", job_id=job.id, error=type(lost).__name__)


def quiet_procrastinate() -> None:
    """Keep job arguments out of what Procrastinate logs; doing it twice changes nothing."""
    for name in ("procrastinate.worker", "procrastinate.worker.worker", "procrastinate.periodic"):
        logging.getLogger(name).addFilter(_without_arguments)


def _without_arguments(record: logging.LogRecord) -> bool:
    """Say what happened to a job without its arguments, which Procrastinate writes out in its sentences."""
    if hasattr(record, "job"):
        record.msg, record.args = str(getattr(record, "action", "job")), ()
    return True


def _may_pass(error: Exception) -> bool:
    """Tell a lost connection, a deadlock or a full disk from a fault in the program."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | ConnectorException | TimeoutError | OSError)
