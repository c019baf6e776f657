"""Bring back the jobs of dead workers, with a limit: a job that kills its workers is given up and told of."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.dead_letters import Cause, Death, bury
from gateway.foundation.logging import get_logger
from gateway.foundation.queue import QUEUE
from sync.dependencies import WorkerDependencies
from sync.retries import delay

MOST_LOSSES = 5
_log = get_logger(__name__)

# Forgetting a worker locks its row, then its jobs; whoever took the jobs first could meet it half-way.
_DEAD = text("""
    select id from procrastinate_workers where last_heartbeat < now() - make_interval(secs => :seconds)
    order by id for update
""")
# A rescue passes through `failed`, so the queue's own events count how often a job lost its worker.
_STALLED = text("""
    select j.id, j.task_name, j.args, j.queueing_lock is not null as scheduled,
           (select count(*) from procrastinate_events e where e.job_id = j.id and e.type = 'failed') as losses
    from procrastinate_jobs j left join procrastinate_workers w on w.id = j.worker_id
    where j.status = 'doing' and j.queue_name = :queue
      and (w.id is null or w.last_heartbeat < now() - make_interval(secs => :seconds))
    order by j.id
    for update of j skip locked
""")
_FINISH = text("select procrastinate_finish_job_v1(:id, cast(:status as procrastinate_job_status), false)")
_RETRY = text("select procrastinate_retry_job_v2(:id, :at, null, null, null)")
_PRUNE = text("select count(*) from procrastinate_prune_stalled_workers_v1(:seconds)")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A job that was given up: its id, its task and its arguments (references only)."""

    job_id: int
    task: str
    args: dict[str, str]


async def rescue_stalled(dependencies: WorkerDependencies) -> list[GivenUp]:
    """Give the jobs of workers without a heartbeat back to the queue, and forget those workers.

    Everything happens in one transaction under row locks, workers before jobs, so two rescuers never take the
    same job and never wait for each other in a circle.
    """
    seconds = dependencies.settings.work.stalled_after_seconds
    given_up: list[GivenUp] = []
    async with dependencies.database.transaction() as session:
        await session.execute(_DEAD, {"seconds": seconds})
        for job in (await session.execute(_STALLED, {"queue": QUEUE, "seconds": seconds})).all():
            if job.scheduled:
                await _finish(session, job.id, "aborted")  # its next tick does the same work
            elif job.losses + 1 >= MOST_LOSSES:
                await _finish(session, job.id, "failed")
                given_up.append(GivenUp(job_id=job.id, task=job.task_name, args=job.args))
            else:
                await _finish(session, job.id, "failed")
                await _return(session, dependencies, job.id, losses=job.losses)
                _log.warning("job lost its worker", job_id=job.id, task=job.task_name, attempt=job.losses + 1)
        await session.execute(_PRUNE, {"seconds": seconds})
    for lost in given_up:
        _log.error(
            "job given up: its worker died each time", job_id=lost.job_id, task=lost.task, count=MOST_LOSSES
        )
    return given_up


async def _finish(session: AsyncSession, job_id: int, status: str) -> None:
    await session.execute(_FINISH, {"id": job_id, "status": status})


async def _return(
    session: AsyncSession, dependencies: WorkerDependencies, job_id: int, *, losses: int
) -> None:
    """Put the job back: at once the first time, later and later after that."""
    now = datetime.now(UTC)
    at = now + delay(dependencies.settings.work, losses) if losses else now
    await session.execute(_RETRY, {"id": job_id, "at": at})


async def bury_lost(dependencies: WorkerDependencies, lost: GivenUp) -> None:
    """Keep a dead letter of a job that was given up."""
    death = Death(
        kind="JOB",
        name=lost.task,
        reference=str(lost.job_id),
        cause=Cause.KILLS_ITS_WORKER,
        attempts=MOST_LOSSES,
    )
    async with dependencies.database.transaction() as session:
        await bury(session, death, at=datetime.now(UTC))
