"""Jobs whose worker died: brought back once, later each time, and not for ever."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.foundation.settings import Work, load
from gateway.intake.ports import Agencies
from sync.dependencies import WorkerDependencies
from sync.rescue import MOST_LOSSES, rescue_stalled
from sync.retries import delay
from sync.schedule import rescue_period


@pytest.fixture
def dependencies(database: Database) -> WorkerDependencies:
    return WorkerDependencies(database=database, agencies=Agencies(), settings=load(environment={}))


async def claim_and_die(database: Database, job: int) -> None:
    """Leave the job as a killed worker leaves it: claimed, with a heartbeat of long ago."""
    async with database.transaction() as session:
        await session.execute(
            text(
                "with w as (insert into procrastinate_workers (last_heartbeat) "
                "values (now() - interval '1 hour') returning id) "
                "update procrastinate_jobs set status = 'doing', worker_id = (select id from w) "
                "where id = :id"
            ),
            {"id": job},
        )


async def job_of(database: Database, job: int) -> tuple[str, int, bool]:
    """Give status, number of rescues, and whether it must wait."""
    async with database.transaction() as session:
        found = await session.execute(
            text(
                "select status, (select count(*) from procrastinate_events e where e.job_id = j.id "
                "and e.type = 'retried'), coalesce(scheduled_at > now() + interval '1 second', false) "
                "from procrastinate_jobs j where id = :id"
            ),
            {"id": job},
        )
        return tuple(found.one())


async def deferred(database: Database) -> int:
    async with database.transaction() as session:
        return await defer(session, "verify_person", person_id="p")


async def test_two_rescuers_bring_a_job_back_once(dependencies: WorkerDependencies) -> None:
    """However many workers look at once, a stalled job is retried exactly once."""
    job = await deferred(dependencies.database)
    await claim_and_die(dependencies.database, job)
    await asyncio.gather(*(rescue_stalled(dependencies) for _ in range(5)))
    assert await job_of(dependencies.database, job) == ("todo", 1, False)


async def test_rescuers_and_the_queues_own_care_never_lock_each_other_out(
    dependencies: WorkerDependencies,
) -> None:
    """Rescues and the queue's own forgetting of dead workers may fall together: none of them is a victim."""

    async def forget() -> None:
        async with dependencies.database.transaction() as session:
            await session.execute(text("select procrastinate_prune_stalled_workers_v1(30)"))

    for _ in range(12):
        job = await deferred(dependencies.database)
        await claim_and_die(dependencies.database, job)
        await asyncio.gather(*(each for _ in range(3) for each in (rescue_stalled(dependencies), forget())))
        assert await job_of(dependencies.database, job) == ("todo", 1, False)
        async with dependencies.database.transaction() as session:
            await session.execute(text("delete from procrastinate_jobs"))


async def test_a_job_that_loses_its_worker_again_waits_longer(dependencies: WorkerDependencies) -> None:
    """The first rescue is immediate, the next ones wait, the fifth loss is the last."""
    job = await deferred(dependencies.database)
    seen = []
    for _ in range(MOST_LOSSES):
        await claim_and_die(dependencies.database, job)
        given_up = await rescue_stalled(dependencies)
        seen.append(await job_of(dependencies.database, job))
    assert seen[0] == ("todo", 1, False)
    assert seen[1:-1] == [("todo", count, True) for count in range(2, MOST_LOSSES)]
    assert seen[-1] == ("failed", MOST_LOSSES - 1, True)
    assert [(lost.job_id, lost.task, lost.args) for lost in given_up] == [
        (job, "verify_person", {"person_id": "p"})
    ]


async def test_a_living_workers_job_is_left_alone(dependencies: WorkerDependencies) -> None:
    """A job whose worker has a fresh heartbeat is not touched."""
    job = await deferred(dependencies.database)
    await claim_and_die(dependencies.database, job)
    async with dependencies.database.transaction() as session:
        await session.execute(text("update procrastinate_workers set last_heartbeat = now()"))
    await rescue_stalled(dependencies)
    assert await job_of(dependencies.database, job) == ("doing", 0, False)


async def test_a_stalled_tick_does_not_hinder_the_next(dependencies: WorkerDependencies) -> None:
    """A tick that lost its worker is dropped, for the next one may wait under the same lock already."""
    async with dependencies.database.transaction() as session:
        old = await defer(session, "rescue_stalled", timestamp=1)
    await claim_and_die(dependencies.database, old)
    async with dependencies.database.transaction() as session:
        await defer(session, "rescue_stalled", timestamp=2)
        await session.execute(text("update procrastinate_jobs set queueing_lock = 'rescue_stalled'"))
    await rescue_stalled(dependencies)
    assert (await job_of(dependencies.database, old))[0] == "aborted"


async def test_dead_workers_are_forgotten(dependencies: WorkerDependencies) -> None:
    """A rescue leaves no row of a dead worker behind."""
    await claim_and_die(dependencies.database, await deferred(dependencies.database))
    await rescue_stalled(dependencies)
    async with dependencies.database.transaction() as session:
        assert (await session.execute(text("select count(*) from procrastinate_workers"))).scalar_one() == 0


def test_pauses_grow_and_are_never_in_step() -> None:
    """Each pause lies between half and all of a doubled one, up to the longest; two are hardly ever equal."""
    work = Work(retry_first_seconds=5, retry_longest_seconds=900)
    for attempts, longest in ((0, 5), (1, 10), (4, 80), (9, 900), (500, 900)):
        pauses = [delay(work, attempts) for _ in range(50)]
        assert all(timedelta(seconds=longest / 2) <= pause <= timedelta(seconds=longest) for pause in pauses)
        assert len(set(pauses)) > 25


@pytest.mark.parametrize(("stalled_after", "period"), [(30, 15), (60, 30), (3600, 30), (2, 1), (0.5, 1)])
def test_the_rescue_looks_often_enough(stalled_after: float, period: int) -> None:
    """The rescue ticks about twice in the time a worker may be silent, in a step that divides a minute."""
    assert rescue_period(stalled_after) == period
    assert 60 % period == 0
