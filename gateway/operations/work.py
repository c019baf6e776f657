"""The view of the background and what a person may do about a job: hold it, let it go, try it now, drop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.exchange.agency_tables import AgencyBreaker
from gateway.exchange.dead_letters import RETRY_LETTER, Letter, dead_letters, settle_letter
from gateway.exchange.feed_state import FeedState, feed_states
from gateway.exchange.holds import Hold, HoldKind, hold, holds, is_held, resume
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import RegistryError
from gateway.foundation.queue import QUEUE, defer
from gateway.operations.actor import Actor, told, trace
from gateway.operations.alert_tables import JobDecision
from gateway.registry.import_tables import ImportBatch

WORK = "WORK"
STATES = ("todo", "doing", "failed", "cancelled", "aborted", "succeeded")
_IMPORT = "import_batch"
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_COUNTS = text("""
    select task_name, status::text as status, count(*) as number from procrastinate_jobs
    where queue_name = :queue group by task_name, status
""")
_JOBS = text("""
    select j.id, j.task_name, j.status::text as status, j.attempts, j.scheduled_at, j.queueing_lock is not null as tick,
           d.decision, d.due_at, d.by, d.reason,
           (select min(e.at) from procrastinate_events e where e.job_id = j.id) as deferred_at
    from procrastinate_jobs j left join job_decision d on d.job_id = j.id
    where j.queue_name = :queue
      and (cast(:status as text) is null or j.status = cast(:status as procrastinate_job_status))
      and (cast(:task as text) is null or j.task_name = :task)
      and (cast(:before as bigint) is null or j.id < :before)
      and (cast(:job as bigint) is null or j.id = :job)
      and (cast(:about as text) is null or j.args ->> 'person_id' = :about)
    order by j.id desc limit :limit
""")
_JOB = text(
    "select status::text as status, task_name, args, scheduled_at from procrastinate_jobs "
    "where id = :id and queue_name = :queue for update"
)
_SCHEDULE = text("update procrastinate_jobs set scheduled_at = :at where id = :id and status = 'todo'")
_RETRY = text("select procrastinate_retry_job_v2(:id, :at, null, null, null)")
_CANCEL = text("select procrastinate_cancel_job_v1(:id, false, false)")


class JobStep(StrEnum):
    """What a person does with a job."""

    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job without its arguments, which may name a person's entry; `held_by` when somebody holds it."""

    job_id: int
    task: str
    status: str
    attempts: int
    due_at: datetime | None
    deferred_at: datetime | None
    is_tick: bool
    held_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerView:
    """A service that is, or was lately, left alone."""

    agency: str
    service: str
    state: str
    failures: int
    opened_at: datetime | None
    probe_at: datetime | None
    last_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """The background at a glance: jobs by task and state, open letters, feeds, breakers, what rests."""

    jobs: Mapping[str, Mapping[str, int]]
    letters: Sequence[Letter]
    feeds: Sequence[FeedState]
    breakers: Sequence[BreakerView]
    holds: Sequence[Hold]

    def total(self, status: str) -> int:
        """Count the jobs in a state."""
        return sum(states.get(status, 0) for states in self.jobs.values())


async def look_at_work(session: AsyncSession) -> WorkView:
    """Read everything the work page shows."""
    jobs: dict[str, dict[str, int]] = {}
    for row in await session.execute(_COUNTS, {"queue": QUEUE}):
        jobs.setdefault(row.task_name, {})[row.status] = row.number
    return WorkView(
        jobs=dict(sorted(jobs.items())),
        letters=await dead_letters(session),
        feeds=await feed_states(session),
        breakers=await list_breakers(session),
        holds=await holds(session),
    )


async def list_breakers(session: AsyncSession) -> list[BreakerView]:
    """List the services with a breaker, those left alone first."""
    found = await session.scalars(
        select(AgencyBreaker).order_by(
            AgencyBreaker.state == "CLOSED", AgencyBreaker.agency, AgencyBreaker.service
        )
    )
    return [
        BreakerView(
            **{name: getattr(row, name) for name in BreakerView.__slots__}  # the same names on purpose
        )
        for row in found
    ]


async def list_jobs(
    session: AsyncSession,
    *,
    status: str | None = None,
    task: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[JobView]:
    """List jobs, the newest first; `before` is the last id of the page before."""
    return await _read_jobs(session, status=status, task=task, before=before, limit=limit)


async def jobs_about(session: AsyncSession, task: str, person_id: UUID, *, limit: int) -> list[JobView]:
    """List the jobs of a task that are about one entry, the newest first."""
    return await _read_jobs(session, task=task, about=str(person_id), limit=limit)


async def _read_jobs(session: AsyncSession, **wanted: str | int | None) -> list[JobView]:
    anything = dict.fromkeys(("status", "task", "before", "job", "about"))
    found = await session.execute(_JOBS, {"queue": QUEUE, "limit": 1, **anything, **wanted})
    return [
        JobView(
            job_id=row.id,
            task=row.task_name,
            status=row.status,
            attempts=row.attempts,
            due_at=row.due_at if row.decision == "HELD" else row.scheduled_at,
            deferred_at=row.deferred_at,
            is_tick=row.tick,
            held_by=row.by if row.decision == "HELD" else "",
            reason=row.reason or "",
        )
        for row in found
    ]


async def take_job_step(
    session: AsyncSession, job_id: int, step: JobStep, *, actor: Actor, reason: str
) -> JobView:
    """Do something about one job; raises AccessError where there is none, RegistryError where it cannot be."""
    reason = told(reason)
    job = (await session.execute(_JOB, {"id": job_id, "queue": QUEUE})).one_or_none()
    if job is None:
        raise not_found()
    if step is JobStep.HOLD:
        await _hold(session, job_id, job.status, job.scheduled_at, (actor, reason))
    elif step is JobStep.RELEASE:
        await _release(session, job_id)
    elif step is JobStep.RETRY:
        await _try_now(session, job_id, job.status)
        await _reopen_batch(session, job.task_name, job.args)
    else:
        await _drop(session, job_id, job.status, (actor, reason))
    (view,) = await _read_jobs(session, job=job_id)
    await trace(session, actor, f"work.{step}", about=(WORK, job_id), task=job.task_name)
    return view


async def _hold(
    session: AsyncSession, job_id: int, status: str, due_at: datetime | None, said: tuple[Actor, str]
) -> None:
    if status != "todo":
        raise RegistryError("only a job that waits can be held")
    actor, reason = said
    made = await session.execute(
        insert(JobDecision)
        .values(
            job_id=job_id, decision="HELD", due_at=due_at, by=actor.reference, at=utc_now(), reason=reason
        )
        .on_conflict_do_nothing()
        .returning(JobDecision.job_id)
    )
    if made.first() is None:
        raise RegistryError("the job is held already")
    await session.execute(_SCHEDULE, {"id": job_id, "at": _NEVER})


async def _release(session: AsyncSession, job_id: int) -> None:
    let_go = await session.execute(
        delete(JobDecision)
        .where(JobDecision.job_id == job_id, JobDecision.decision == "HELD")
        .returning(JobDecision.due_at)
    )
    row = let_go.one_or_none()
    if row is None:
        raise RegistryError("the job is not held")
    await session.execute(_SCHEDULE, {"id": job_id, "at": row[0]})


async def _try_now(session: AsyncSession, job_id: int, status: str) -> None:
    """Run a waiting job at once, or a failed one anew."""
    now = utc_now()
    if status == "todo":
        await session.execute(delete(JobDecision).where(JobDecision.job_id == job_id))
        await session.execute(_SCHEDULE, {"id": job_id, "at": now})
    elif status == "failed":
        await session.execute(_RETRY, {"id": job_id, "at": now})
    else:
        raise RegistryError("only a job that waits or failed can be tried again")


async def _reopen_batch(session: AsyncSession, task: str, args: Mapping[str, str]) -> None:
    """Let an import that was given up go on at the first line without an outcome."""
    if task == _IMPORT:
        await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == UUID(args["batch_id"]), ImportBatch.state == "STOPPED")
            .values(state="RECEIVED", kept_until=None)
        )


async def _drop(session: AsyncSession, job_id: int, status: str, said: tuple[Actor, str]) -> None:
    if status != "todo":
        raise RegistryError("only a job that waits can be dropped")
    actor, reason = said
    await session.execute(_CANCEL, {"id": job_id})
    row = {
        "decision": "DROPPED",
        "due_at": None,
        "by": actor.reference,
        "at": utc_now(),
        "reason": reason,
    }
    made = insert(JobDecision).values(job_id=job_id, **row)
    await session.execute(made.on_conflict_do_update(index_elements=[JobDecision.job_id], set_=row))


async def retry_letter(session: AsyncSession, letter_id: UUID, *, actor: Actor, reason: str) -> None:
    """Try dead work anew and settle its letter: a job, a feed's record, a notice.

    What dies again opens its letter anew. Raises RegistryError for what cannot be tried.
    """
    reason = told(reason)
    letter = await settle_letter(session, letter_id, "RETRIED", by=actor.reference, at=utc_now())
    if letter.kind == "JOB":
        await _retry_dead_job(session, letter)
    else:
        if letter.kind == "FEED_ITEM" and await is_held(session, "FEED", letter.name):
            raise RegistryError("the feed rests: let it go on first")
        await defer(session, RETRY_LETTER, letter_id=str(letter_id))
    await trace(session, actor, "work.letter_retried", about=(WORK, letter_id), task=letter.name)


async def _retry_dead_job(session: AsyncSession, letter: Letter) -> None:
    job = (await session.execute(_JOB, {"id": int(letter.reference), "queue": QUEUE})).one_or_none()
    if job is None or job.status != "failed":
        raise RegistryError("the job is no longer there to be tried again")
    await _try_now(session, int(letter.reference), job.status)
    await _reopen_batch(session, job.task_name, job.args)


async def drop_letter(session: AsyncSession, letter_id: UUID, *, actor: Actor, reason: str) -> None:
    """Give a dead letter up for good; raises RegistryError unless it is open."""
    told(reason)
    letter = await settle_letter(session, letter_id, "DROPPED", by=actor.reference, at=utc_now())
    await trace(session, actor, "work.letter_dropped", about=(WORK, letter_id), task=letter.name)


async def let_rest(session: AsyncSession, kind: HoldKind, name: str, *, actor: Actor, reason: str) -> None:
    """Let an agency (or one line of it), a feed or a task rest; raises RegistryError where it rests already."""
    reason = told(reason)
    await hold(session, kind, told(name, "name"), reason=reason, by=actor.reference, at=utc_now())
    await trace(session, actor, "work.hold", about=(WORK, f"{kind}:{name.strip()}"))


async def let_go_on(session: AsyncSession, kind: HoldKind, name: str, *, actor: Actor) -> None:
    """Let it go on; raises RegistryError where it does not rest."""
    await resume(session, kind, name, by=actor.reference, at=utc_now())
    await trace(session, actor, "work.resume", about=(WORK, f"{kind}:{name}"))
