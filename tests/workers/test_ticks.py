"""What the calendar brings is done by the real worker, by itself; what a person holds waits."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from gateway.exchange.dead_letters import dead_letters
from gateway.exchange.holds import hold, resume
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.intake.case_states import Step
from gateway.intake.case_work import ask_source, assign_case, take_step
from gateway.intake.cases import CaseQuestion, open_case
from gateway.registry.learners.consents import consents
from gateway.registry.learners.transfers import hold_place, request_transfer
from gateway.registry.projection import project_person
from gateway.registry.reading import person_by_id
from gateway.registry.repository import add_assertions, record_event
from sync.daily import project_due
from sync.dependencies import WorkerDependencies
from tests.intake.test_case_work import CLERK, DISTRICT
from tests.people import People
from tests.registry.learners.support import POLICIES, enrol, entry_of, schools, told_by

StartWorker = Callable[..., Any]
Until = Callable[..., Awaitable[None]]


async def _prepare(database: Database) -> tuple[UUID, UUID]:
    """Leave work for every tick: a lapsed place, a silent source, a change nobody examined, a death, a name."""
    old, new = await schools(database, 2)
    people, now = People(31), utc_now()
    async with database.transaction() as session:
        renamed = await entry_of(session, people.person())
        died = await entry_of(session, people.person())
        place = await enrol(session, await entry_of(session, people.person()), old, day_of(now))
        request = await request_transfer(session, place, new, grade="1", by="x", at=now)
        await hold_place(
            session, request, free_places=1, hold_until=now - timedelta(hours=1), at=now - timedelta(hours=9)
        )
        case_id = await open_case(
            session, CaseQuestion(kind="DUP_LIKELY", person_id=died, explanation="x"), at=now
        )
        await assign_case(session, case_id, to="clerk.one", actor=DISTRICT, reason="x")
        await take_step(session, case_id, Step.OPEN, actor=CLERK, reason="x")
        await ask_source(session, case_id, deadline=now - timedelta(hours=1), actor=CLERK, reason="x")
        await record_event(session, "VALUE_RETRACTED", renamed, at=now, detail={"assertion": str(uuid4())})
        told = told_by("ZAGS", valid_from=day_of(now), document_on=day_of(now))
        await add_assertions(session, renamed, {"surname": "БАКЫТОВА"}, provenance=told)
        await session.execute(
            text(
                "insert into account (id, person_id, login, state, created_at, blocked_reason, identified_place) "
                "values (gen_random_uuid(),   :id, 'account.x', 'PENDING_IDENTIFICATION', now(), '', '')"
            ),
            {"id": died},
        )
        await record_event(session, "PERSON_DECEASED", died, at=now)
    return renamed, died


async def test_the_worker_does_what_the_calendar_brings(
    database: Database,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """Places lapse, silent sources wake their cases, changes are examined, dated names show, the dead are locked out."""
    renamed, died = await _prepare(database)
    start_worker(KOPURO_BACKGROUND__FEEDS__REGISTRY__EVERY_MINUTES="0")

    async def all_done() -> bool:
        async with database.transaction() as session:
            seen = (
                await session.execute(
                    text(
                        "select (select state from transfer_request) as place, (select state from review_case) as asked,"
                        " (select count(*) from correction_examined) as examined,"
                        " (select state || blocked_reason from account) as account"
                    )
                )
            ).one()
            shown = await person_by_id(session, renamed)
            assert shown is not None
        return (*seen, shown.surname) == ("LAPSED", "TRIAGE", 1, "BLOCKEDPERSON_DECEASED", "БАКЫТОВА")

    await until(all_done, seconds=60)
    async with database.transaction() as session:
        assert await consents(session, died) == ()
        await record_event(session, "PERSON_DEATH_REVOKED", died, at=utc_now())

    async def open_again() -> bool:
        async with database.transaction() as session:
            return bool(await session.scalar(text("select state = 'PENDING_IDENTIFICATION' from account")))

    await until(open_again, seconds=60)


async def test_days_nobody_worked_are_made_up(database: Database, work: WorkerDependencies) -> None:
    """After days without a worker every day's changes are projected, once, in the order of the calendar."""
    now = utc_now()
    async with database.transaction() as session:
        person_id = await entry_of(session, People(8).person())
        told = told_by("ZAGS", valid_from=day_of(now) + timedelta(days=3), document_on=day_of(now))
        await add_assertions(session, person_id, {"surname": "БАКЫТОВА"}, provenance=told)
        await project_person(session, person_id, POLICIES, at=now)
    assert await project_due(work, at=now) == 0
    assert await project_due(work, at=now + timedelta(days=9)) == 1
    assert await project_due(work, at=now + timedelta(days=9)) == 0
    async with database.transaction() as session:
        assert (await person_by_id(session, person_id)).surname == "БАКЫТОВА"


async def test_a_held_kind_of_job_waits_and_a_dead_one_leaves_a_letter(
    database: Database,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """A held job is done after the hold, however long that was; a refused one is a dead letter with its cause."""
    async with database.transaction() as session:
        await hold(session, "TASK", "sleep", reason="maintenance", by="o.p", at=utc_now())
        job = await defer(session, "sleep", seconds=0)
        await defer(session, "be_refused")
    start_worker(KOPURO_WORK__RETRY_ATTEMPTS="2")

    async def status() -> tuple[str, int]:
        async with database.transaction() as session:
            row = await session.execute(
                text("select status::text, attempts from procrastinate_jobs where id = :id"), {"id": job}
            )
            return tuple(row.one())

    async def waited_often() -> bool:
        return (await status())[1] >= 3

    async def buried() -> bool:
        async with database.transaction() as session:
            return bool(await dead_letters(session))

    async def done() -> bool:
        return (await status())[0] == "succeeded"

    await until(waited_often)
    await until(buried)
    async with database.transaction() as session:
        (letter,) = await dead_letters(session)
        assert (letter.name, letter.cause) == ("be_refused", "AGENCY_REFUSES")
        await resume(session, "TASK", "sleep", by="o.p", at=utc_now())
    await asyncio.wait_for(until(done), 120)
