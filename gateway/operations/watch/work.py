"""How much background work waits and for how long, what nobody will try again, and the cases people owe."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.reading import OPEN_STATES

SEVERITIES = ("A", "B", "C")
_JOBS = text("""
    select status::text as status, count(*) as jobs from procrastinate_jobs
    where status in ('todo', 'doing', 'failed') group by status
""")
_OLDEST = text("""
    select coalesce(extract(epoch from now() - min(coalesce(job.scheduled_at, event.at))), 0)
    from procrastinate_jobs job
    left join procrastinate_events event on event.job_id = job.id and event.type = 'deferred'
    where job.status = 'todo' and (job.scheduled_at is null or job.scheduled_at <= now())
""")
_CASES = text("""
    select work.severity, count(*) as open,
        count(*) filter (where work.due_at < now() and work.stopped_at is null) as late
    from review_case c join case_work work on work.case_id = c.id
    where c.state = any(cast(:states as text[])) group by work.severity
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Jobs that wait, run, or failed for good (dead letters), and the age in seconds of the oldest that is due."""

    waiting: int = 0
    running: int = 0
    dead: int = 0
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Open review cases of one severity, and how many of them are late."""

    open: int
    late: int


async def see_work(session: AsyncSession) -> Work:
    """Look at the queue."""
    counts = {row.status: int(row.jobs) for row in await session.execute(_JOBS)}
    oldest = (await session.execute(_OLDEST)).scalar_one()
    return Work(
        waiting=counts.get("todo", 0),
        running=counts.get("doing", 0),
        dead=counts.get("failed", 0),
        oldest_seconds=max(0.0, float(oldest)),
    )


async def see_cases(session: AsyncSession) -> Mapping[str, Cases]:
    """Count the review cases that wait for somebody, by severity."""
    rows = await session.execute(_CASES, {"states": list(OPEN_STATES)})
    found = {row.severity: Cases(open=int(row.open), late=int(row.late)) for row in rows}
    return {severity: found.get(severity, Cases(open=0, late=0)) for severity in SEVERITIES}
