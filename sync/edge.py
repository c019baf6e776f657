"""What stands around every job: how it ended is told, and nothing gets out that might quote personal data."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from gateway.foundation.errors import KopuroError
from gateway.foundation.logging import get_logger
from sync.dependencies import WorkerDependencies
from sync.retries import is_last
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
        raise failed from None

    return around


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
