"""When a job is tried again: later and later, never in step with the others, and not for ever."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from gateway.foundation.errors import KopuroError
from gateway.foundation.settings import Work


class TaskHeld(KopuroError):
    """A person lets this kind of job rest: it waits, however long that takes."""

    permanent = False


_CHANCE = secrets.SystemRandom()


class Backoff(BaseRetryStrategy):
    """Retry whatever says it is not permanent; `permanent` is the only thing looked at."""

    def __init__(self, work: Work) -> None:
        """Take the first and longest delay and the number of attempts from the settings."""
        self._work = work

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Decide when the job runs again; None means it has failed."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_at=datetime.now(UTC))  # the worker is stopping: another takes over
        if is_last(exception, attempts=job.attempts, work=self._work):
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + delay(self._work, job.attempts))


def is_last(error: BaseException, *, attempts: int, work: Work) -> bool:
    """Tell whether a job that failed after `attempts` earlier ones is not tried again; one that rests always is."""
    if isinstance(error, TaskHeld):
        return False
    return getattr(error, "permanent", True) or attempts + 1 >= work.retry_attempts


def delay(work: Work, attempts: int) -> timedelta:
    """Give the pause after `attempts` earlier ones: doubled each time, between half of it and all of it."""
    longest = min(work.retry_longest_seconds, work.retry_first_seconds * 2 ** min(attempts, 30))
    return timedelta(seconds=_CHANCE.uniform(longest / 2, longest))
