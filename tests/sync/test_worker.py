"""The worker under fire: killed, starved of its database, fed poison, asked to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.foundation.queue import defer

StartWorker = Callable[..., Any]
Until = Callable[..., Awaitable[None]]


async def put(database: Database, task: str, **args: Any) -> int:
    async with database.transaction() as session:
        return await defer(session, task, **args)


async def status(database: Database, job_id: int) -> str:
    async with database.transaction() as session:
        found = await session.execute(
            text("select status from procrastinate_jobs where id = :id"), {"id": job_id}
        )
        return str(found.scalar_one())


async def count(database: Database, table: str) -> int:
    async with database.transaction() as session:
        return int((await session.execute(text(f"select count(*) from {table}"))).scalar_one())


async def test_a_killed_workers_job_is_done_by_the_next(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """A kill -9 loses no job: another worker takes it over, and the dead worker's row goes."""
    job = await put(database, "sleep", seconds=3)

    async def running() -> bool:
        return await status(database, job) == "doing"

    async def done() -> bool:
        return await status(database, job) == "succeeded"

    async def one_worker() -> bool:
        return await count(database, "procrastinate_workers") == 1

    first = start_worker()
    await until(running)
    first.kill()
    start_worker()
    await until(done)
    await until(one_worker)


async def test_a_job_that_kills_its_workers_is_given_up(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """A poisonous job ends as failed after five dead workers, is logged, and the others are done."""
    innocent = await put(database, "sleep", seconds=0.2)
    poison = await put(database, "kill_the_worker")
    workers = [start_worker()]

    async def given_up() -> bool:
        if workers[-1].process.poll() is not None:
            workers.append(start_worker())
        return await status(database, poison) == "failed"

    await until(given_up, seconds=240)
    assert 5 <= len(workers) <= 7

    async def told() -> bool:
        return "job given up" in "".join(worker.said for worker in workers)

    await until(told)
    assert await status(database, innocent) == "succeeded"
    assert workers[-1].process.poll() is None


async def test_a_worker_asked_to_stop_gives_running_work_back(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """SIGTERM ends the worker with 0; a job it could not finish waits for the next, nothing stays claimed."""
    job = await put(database, "sleep", seconds=600)

    async def running() -> bool:
        return await status(database, job) == "doing"

    worker = start_worker(KOPURO_TEST_GRACE="1")
    await until(running)
    assert await asyncio.to_thread(worker.stop) == 0
    assert await status(database, job) == "todo"
    assert await count(database, "procrastinate_workers") == 0


async def test_a_worker_outlives_its_connections(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """When the database drops every connection the same process comes back and works on."""
    first = await put(database, "sleep", seconds=0)

    async def first_done() -> bool:
        return await status(database, first) == "succeeded"

    worker = start_worker()
    await until(first_done)
    async with database.transaction() as session:
        await session.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    second = await put(database, "sleep", seconds=0)

    async def second_done() -> bool:
        return await status(database, second) == "succeeded"

    await until(second_done)
    assert worker.process.poll() is None


async def test_no_error_carries_a_row_into_the_log(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """What a driver quotes from a row is not in the worker's log; the kind of the error is."""
    canary = "canary-5521"
    job = await put(database, "quote_a_row", pin=canary)

    async def failed() -> bool:
        return await status(database, job) == "failed"

    worker = start_worker()
    await until(failed)
    await asyncio.to_thread(worker.stop)
    assert canary not in worker.said
    assert "\\u0410\\u0441\\u0430\\u043d\\u043e\\u0432\\u0430" not in worker.said
    assert "Асанова" not in worker.said
    assert "DataError" in worker.said


async def test_a_permanent_error_is_not_tried_again(
    database: Database, start_worker: StartWorker, until: Until
) -> None:
    """An agency's refusal fails the job at the first attempt, and the log tells the cause."""
    job = await put(database, "be_refused")

    async def failed() -> bool:
        return await status(database, job) == "failed"

    worker = start_worker()
    await until(failed)
    async with database.transaction() as session:
        attempts = await session.execute(
            text("select attempts from procrastinate_jobs where id = :id"), {"id": job}
        )
        assert attempts.scalar_one() == 1
    assert "does not know this service" in worker.said
