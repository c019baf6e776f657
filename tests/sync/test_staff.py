"""Whose work the Social Fund is asked about: each once, the longest unasked first, nobody where it is not connected."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from gateway.foundation.clock import utc_now
from sync.dependencies import WorkerDependencies
from sync.staff import check_staff
from tests.intake.test_staff_checks import Fund, hired, rows
from tests.people import People


async def test_running_work_is_asked_about_once_and_again_when_it_is_old(
    work: WorkerDependencies,
) -> None:
    """What was asked lately rests; a waiting question is not doubled; an ended work and no fund ask nobody."""
    database = work.database
    connected = replace(work, agencies=Fund().agencies())
    person_id, _ = await hired(database, People(81).person())
    at = utc_now()
    jobs = "select args ->> 'person_id' from procrastinate_jobs where task_name = 'check_employment'"

    async def change(statement: str, **values: object) -> None:
        async with database.transaction() as session:
            await session.execute(text(statement), values)

    assert await check_staff(connected, at=at) == 0  # the hiring's own question still waits
    await change("delete from procrastinate_jobs")
    assert await check_staff(work, at=at) == 0
    assert await check_staff(connected, at=at) == 1
    assert await rows(database, jobs) == [(str(person_id),)]
    assert await check_staff(connected, at=at) == 0
    await change("delete from procrastinate_jobs")
    checked = "update employment set social_fund_status = 'CONFIRMED', social_fund_checked_at = :at"
    await change(checked, at=at - timedelta(days=10))
    assert await check_staff(connected, at=at) == 0
    await change(checked, at=at - timedelta(days=400))
    assert await check_staff(connected, at=at) == 1
