"""The whole background in processes of its own: imports under kill -9, agencies that go and come back."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.intake.admission import admit
from gateway.intake.applications import parse_application
from gateway.intake.imports.reports import batch_report
from gateway.intake.ports import AgencyAnswer, Outcome, PersonRecord
from gateway.intake.verification import apply_evidence
from gateway.registry.reading import person_by_id
from sync.dependencies import WorkerDependencies
from sync.reverify import reverify_stale

StartWorker = Callable[..., Any]
Until = Callable[..., Awaitable[None]]
Learner = Callable[..., dict[str, str]]


class CivilRegistry:
    """A real local HTTP service that knows some people and can be switched off."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, str]] = {}
        self.up = True
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        pin = (await request.json())["pin"]
        self.asked.append(pin)
        if not self.up:
            return web.Response(status=503)
        return web.json_response(self.people[pin])


@pytest_asyncio.fixture
async def registry() -> AsyncIterator[CivilRegistry]:
    service = CivilRegistry()
    app = web.Application()
    app.router.add_post("/person", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/person"
    yield service
    await runner.cleanup()


async def rows_of(database: Database, query: str) -> list[Any]:
    async with database.transaction() as session:
        return list((await session.execute(text(query))).all())


async def enter(work: WorkerDependencies, learner: dict[str, str]) -> UUID:
    """Admit a learner as a clerk does: in one transaction, which also defers the check."""
    values = {name: value for name, value in learner.items() if name != "record_id"}
    application = parse_application({**values, "source_record_key": learner["record_id"]})
    async with work.database.transaction() as session:
        admission = await admit(session, application, policies=work.policies, recorded_by="clerk")
    assert admission.person_id is not None
    return admission.person_id


def known_to(registry: CivilRegistry, learner: dict[str, str]) -> None:
    day, month, year = learner["birth_date"].split(".")
    registry.people[learner["pin"]] = {
        "pin": learner["pin"],
        "surname": learner["surname"],
        "given_name": learner["given_name"],
        "sex": "F",
        "birth_date": f"{year}-{month}-{day}",
    }


async def test_a_rolled_back_admission_leaves_no_job(work: WorkerDependencies, learner: Learner) -> None:
    """Person and job are one transaction: when it is rolled back neither is there."""
    values = {name: value for name, value in learner(1).items() if name != "record_id"}
    application = parse_application({**values, "source_record_key": "r1"})
    async with work.database.engine.connect() as connection, AsyncSession(connection) as session:
        await admit(session, application, policies=work.policies, recorded_by="clerk")
        assert len((await session.execute(text("select 1 from procrastinate_jobs"))).all()) == 1
        await session.rollback()
    assert await rows_of(work.database, "select 1 from procrastinate_jobs union select 1 from person") == []


async def test_kill_9_in_the_middle_of_an_import_loses_and_doubles_nothing(
    work: WorkerDependencies,
    accept: Callable[..., Awaitable[UUID]],
    table: Callable[..., str],
    learner: Learner,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """However often the worker is killed, each line of the file ends with one outcome and one person."""
    batch = await accept(table(*(learner(number) for number in range(150))))
    reached = 0

    async def further() -> bool:
        return (await batch_report(work.database, batch)).done > reached + 15

    for _ in range(3):
        worker = start_worker()
        await until(further, seconds=240)
        worker.kill()
        reached = (await batch_report(work.database, batch)).done
        assert reached < 150
    start_worker()
    await until(_ended(work, batch), seconds=240)
    report = await batch_report(work.database, batch)
    assert (report.done, report.counts) == (150, {"CREATED": 150})
    found = await rows_of(
        work.database,
        "select (select count(*) from person), (select count(distinct person_id) from import_row), "
        "(select count(*) from enrolment)",
    )
    assert tuple(found[0]) == (150, 150, 150)


@pytest.mark.requirement("R-018")
async def test_when_the_agency_returns_the_entry_is_verified(
    work: WorkerDependencies,
    learner: Learner,
    registry: CivilRegistry,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """While the civil registry is down the entry says so and the job waits; then it is verified."""
    registry.up = False
    known_to(registry, learner(1))
    person_id = await enter(work, learner(1))

    async def tried_twice() -> bool:
        return len(registry.asked) >= 2

    async def verified() -> bool:
        return await _pin_status(work.database, person_id) == "MATCHED_WITH_SOURCE"

    worker = start_worker(KOPURO_TEST_REGISTRY=registry.url)
    await until(tried_twice)
    assert await _pin_status(work.database, person_id) == "SOURCE_UNAVAILABLE"
    registry.up = True
    await until(verified)
    await asyncio.to_thread(worker.stop)
    assert "AgencyUnavailable" in worker.said
    for secret in (learner(1)["pin"], learner(1)["surname"]):
        assert secret not in worker.said
        assert secret not in worker.said.encode().decode("unicode_escape")


async def test_no_pin_of_an_import_reaches_the_log(
    work: WorkerDependencies,
    accept: Callable[..., Awaitable[UUID]],
    table: Callable[..., str],
    learner: Learner,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """What the worker says while it imports good and broken rows holds no PIN and no name of them."""
    rows = [learner(number) for number in range(6)] + [learner(7, pin="1,15E+13"), learner(8, surname="")]
    batch = await accept(table(*rows))

    worker = start_worker(KOPURO_LOGS__LEVEL="DEBUG")
    await until(_ended(work, batch))
    await asyncio.to_thread(worker.stop)
    said = worker.said + worker.said.encode().decode("unicode_escape")
    assert "job done" in said
    canaries = [value for row in rows for name in ("pin", "surname") if (value := row[name])]
    assert [canary for canary in canaries if canary in said] == []


async def test_stale_entries_are_asked_about_once(work: WorkerDependencies, learner: Learner) -> None:
    """Many schedulers at once defer one check per person that was never answered, and none for the rest."""
    people = [await enter(work, learner(number)) for number in range(5)]
    await _age(work.database, "delete from procrastinate_jobs")
    assert await reverify_stale(work) == 0
    await _age(work.database, "update field_provenance set projected_at = projected_at - interval '2 hours'")
    await _age(work.database, f"update person set status = 'DECEASED' where id = '{people[0]}'")
    found = await asyncio.gather(*(reverify_stale(work) for _ in range(4)))
    assert sorted(found) == [0, 0, 0, 4]
    jobs = await rows_of(work.database, "select args ->> 'person_id' from procrastinate_jobs")
    assert {UUID(job[0]) for job in jobs} == set(people[1:])
    assert len(jobs) == 4


async def test_only_old_checks_are_repeated(work: WorkerDependencies, learner: Learner) -> None:
    """A verified entry is asked about again when its check is older than the settings say, not before."""
    person_id = await enter(work, learner(1))
    known = {name: learner(1)[name] for name in ("pin", "surname", "given_name")}
    told = PersonRecord(**known, birth_date=date(2008, 1, 4))
    answer = AgencyAnswer(
        outcome=Outcome.FOUND, source="ZAGS", answered_at=utc_now(), record=told, exchange_id=uuid4()
    )
    async with work.database.transaction() as session:
        assert not (await apply_evidence(session, person_id, [answer], work.policies)).contradicted
    await _age(work.database, "delete from procrastinate_jobs")
    await _age(work.database, "update field_provenance set projected_at = projected_at - interval '2 hours'")
    assert await reverify_stale(work) == 0
    impatient = replace(work.settings, work=replace(work.settings.work, reverify_after_days=0))
    assert await reverify_stale(replace(work, settings=impatient)) == 1


async def test_a_batch_whose_import_is_given_up_says_so(
    work: WorkerDependencies,
    accept: Callable[..., Awaitable[UUID]],
    table: Callable[..., str],
    learner: Learner,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """After its job has lost its fifth worker a batch stands as STOPPED, with the file kept."""
    batch = await accept(table(learner(1)))
    await _age(
        work.database,
        "insert into procrastinate_events (job_id, type) "
        "select id, 'failed' from procrastinate_jobs, generate_series(1, 4)",
    )
    await _age(work.database, "update procrastinate_jobs set status = 'doing'")

    start_worker()
    await until(_ended(work, batch, "STOPPED"))
    kept = await rows_of(work.database, "select 1 from import_piece")
    assert len(kept) == 1


async def test_an_import_that_cannot_go_on_stops_and_can_be_resumed(
    work: WorkerDependencies,
    accept: Callable[..., Awaitable[UUID]],
    table: Callable[..., str],
    learner: Learner,
    start_worker: StartWorker,
    until: Until,
) -> None:
    """A changed key stops an import at once, with a reason in the log; the same file sent again resumes it."""
    content = table(learner(1), learner(2))
    batch = await accept(content)
    key_file = work.settings.path(work.settings.journal.body_key_file)
    await asyncio.to_thread(key_file.write_bytes, os.urandom(32))

    worker = start_worker()
    await until(_ended(work, batch, "STOPPED"))
    assert "cannot be decrypted" in worker.said
    assert await accept(content) == batch
    await until(_ended(work, batch))
    assert (await batch_report(work.database, batch)).counts == {"CREATED": 2}


def _ended(work: WorkerDependencies, batch: UUID, state: str = "DONE") -> Callable[[], Awaitable[bool]]:
    async def ended() -> bool:
        return (await batch_report(work.database, batch)).state == state

    return ended


async def _age(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))


async def _pin_status(database: Database, person_id: UUID) -> str:
    async with database.transaction() as session:
        assert await person_by_id(session, person_id) is not None
        found = await session.execute(
            text("select status from field_provenance where subject_id = :id and field = 'pin'"),
            {"id": person_id},
        )
        return str(found.scalar_one())
