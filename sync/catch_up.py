"""When an agency answers again: ask at once what waited for it, in slices, instead of when the clock says so."""

from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import AgencyBreaker
from gateway.exchange.breaker import CATCH_UP, Line
from gateway.foundation.clock import utc_now
from gateway.foundation.queue import QUEUE, defer
from sync.dependencies import WorkerDependencies
from sync.following import defer_feed
from sync.reverify import reverify_stale, unanswered_before, verification_lines

_SLICE = timedelta(seconds=5)
_WAKE = text("""
    update procrastinate_jobs set scheduled_at = null
    where queue_name = :queue and task_name = 'verify_person' and status = 'todo' and scheduled_at > now()
""")


async def catch_up(dependencies: WorkerDependencies, agency: str, *, before: datetime) -> int:
    """Follow the agency's feeds now, wake checks that wait for it and defer those nobody answered; give how many.

    A slice at a time: while there are more it defers itself. Each entry is asked about once since `before`.
    """
    deferred = 0
    if agency in {line.agency for line in verification_lines(dependencies.settings)}:
        async with dependencies.database.transaction() as session:
            await session.execute(_WAKE, {"queue": QUEUE})
        deferred = await reverify_stale(dependencies, unanswered_before(before))
    async with dependencies.database.transaction() as session:
        for name, feed in dependencies.settings.background.feeds.items():
            if feed.agency == agency and feed.enabled:
                await defer_feed(session, name)
        if deferred >= dependencies.settings.work.reverify_batch:
            await defer(
                session, CATCH_UP, scheduled_at=utc_now() + _SLICE, agency=agency, before=before.isoformat()
            )
    return deferred


async def probe_sources(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Where a source of verification is left alone and its pause is over, let one entry that waits be the probe."""
    lines = verification_lines(dependencies.settings)[:1]
    async with dependencies.database.transaction() as session:
        due = [line for line in lines if await _may_probe(session, line, at)]
    return await reverify_stale(dependencies, unanswered_before(at)) if due else 0


async def _may_probe(session: AsyncSession, line: Line, at: datetime) -> bool:
    found = await session.scalar(
        select(AgencyBreaker.agency).where(
            AgencyBreaker.agency == line.agency,
            AgencyBreaker.service == line.service,
            AgencyBreaker.state != "CLOSED",
            AgencyBreaker.probe_at <= at,
        )
    )
    return found is not None
