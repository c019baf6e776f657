"""The register of legal entities followed for real: adapter, security server, simulator, journal and Section I."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.feed_state import feed_states, taken_items
from gateway.foundation.database import Database
from gateway.intake.organisation_changes import same_name, take_change
from gateway.intake.plugs import FaultMode
from gateway.intake.ports_organisations import OrganisationChange, OrganisationRecord
from gateway.registry.organisations.history import name_on
from gateway.registry.repository import Provenance, create_person
from gateway.registry.staff.appointing import Appointment, appoint_head
from gateway.registry.writing import Order
from gateway.sandbox.organisations import SyntheticOrganisation, organisations
from gateway.sandbox.people import TODAY, population
from gateway.wiring.opening import Gateway, open_gateway
from sync.dependencies import WorkerDependencies
from sync.feeds.minjust import in_order
from sync.following import follow_feed
from tests.registry.sections.support import OPENED, organisation
from tests.running import PEOPLE, SEED, Running, make_settings, running

AT = datetime(TODAY.year, TODAY.month, TODAY.day, 6, tzinfo=UTC)
OLD = {
    "name_ky": "Эски аталыш",
    "name_ru": "Прежнее название",
    "type_code": "SCHOOL",
    "opened_on": date(2001, 3, 5),
}


@dataclass
class World:
    """What runs, and the organisations of which three are ours."""

    running: Running
    gateway: Gateway
    work: WorkerDependencies
    known: tuple[SyntheticOrganisation, ...]
    ours: list[UUID]


@pytest_asyncio.fixture
async def world(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    known = organisations(population(SEED, PEOPLE))
    same = {**OLD, "name_ky": known[2].name_ky, "name_ru": known[2].name_ru.upper()}
    async with database.transaction() as session:
        ours = [
            await organisation(session, f"S-{number}", inn=known[number].inn, **values)
            for number, values in enumerate((OLD, OLD, same))
        ]
    async with running(make_settings(database_url, tmp_path)) as runs, open_gateway(runs.settings) as gateway:
        work = WorkerDependencies(
            database=gateway.database, agencies=gateway.agencies, settings=gateway.settings
        )
        yield World(running=runs, gateway=gateway, work=work, known=known, ours=ours)


async def test_organisations_follow_the_register(world: World) -> None:
    """Renamed ones are renamed from their day with the old name kept, unknown schools are proposed, nothing twice."""
    done = await follow_feed(world.work, "minjust", at=AT)
    assert done is not None
    assert done.code == ""
    assert done.effects == {"APPLIED": 3, "PROPOSED": len(world.known) - 3}
    async with world.work.database.transaction() as session:
        for number in (0, 1):
            changed = world.known[number]
            assert await name_on(session, world.ours[number], "KY", on=TODAY) == changed.name_ky
            assert await name_on(session, world.ours[number], "RU", on=date(2010, 1, 1)) == OLD["name_ru"]
        proven = await session.execute(
            text(
                "select count(*) from assertion a join journal_entry j using (exchange_id) "
                "where a.source_code = 'MINJUST' and j.kind = 'ANSWERED' and j.succeeded"
            )
        )
        assert proven.scalar_one() > 6
        before = await session.scalar(text("select count(*) from assertion"))
        (state,) = await feed_states(session)
        assert (state.cursor, state.gap) == ((TODAY + timedelta(days=1)).isoformat(), "NONE")
        assert len(await taken_items(session, "minjust", effect="PROPOSED")) == len(world.known) - 3
    again = await follow_feed(world.work, "minjust", at=AT)
    assert again is not None
    assert set(again.effects) == {"REPEATED"}
    async with world.work.database.transaction() as session:
        assert await session.scalar(text("select count(*) from assertion")) == before


async def test_a_silent_register_keeps_the_cursor_and_opens_its_breaker(world: World) -> None:
    """While the register is down the cursor stays; soon it is not asked at all; when it answers nothing is missing."""
    choice = replace(world.work.settings.background.breaker, failures=1, open_seconds=0.3)
    background = replace(world.work.settings.background, breaker=choice)
    async with open_gateway(replace(world.running.settings, background=background)) as gateway:
        work = replace(world.work, agencies=gateway.agencies)
        await _misbehave(world, FaultMode.DOWN)
        codes = []
        for _ in range(2):
            done = await follow_feed(work, "minjust", at=AT)
            assert done is not None
            codes.append(done.code)
        assert codes[0] != ""
        assert codes[1] == "breaker_open"
        async with work.database.transaction() as session:
            (state,) = await feed_states(session)
            assert (state.cursor, state.failures) == ("", 2)
        await _misbehave(world, FaultMode.OK)
        for _ in range(100):
            done = await follow_feed(work, "minjust", at=AT)
            assert done is not None
            if not done.code:
                break
        assert done.effects["APPLIED"] == 3


async def _misbehave(world: World, mode: FaultMode) -> None:
    address = f"{world.running.simulators}/control/minjust/minjust-inn-services"
    async with aiohttp.ClientSession() as http, http.post(address, json={"mode": mode.value}) as reply:
        assert reply.status == 200


def change(inn: str, updated: str, **told: object) -> OrganisationChange:
    return OrganisationChange(
        key="1", updated=updated, organisation=OrganisationRecord(inn=inn, name_ky="№ 5 мектеп", **told)
    )


async def taken(session: AsyncSession, made: OrganisationChange) -> str:
    provenance = Provenance(source="MINJUST", recorded_at=AT, exchange_id=uuid4())
    return (await take_change(session, made, on=TODAY, provenance=provenance)).name


async def test_what_a_person_decides_is_asked(database: Database) -> None:
    """Another head and an end are questions to the head, none of ours stays out, and nothing is closed by itself."""
    inn = "00503200110001"
    async with database.transaction() as session:
        school = await organisation(session, "S-1", inn=inn, name_ky="№ 5 Мектеп")
        ends = change(inn, "2026-09-01", reorganisation="Ликвидация")
        assert await taken(session, ends) == "WAITING"
        head = await create_person(session, at=AT)
        order = Order(number="1-к", on=date(2020, 1, 1))
        appointment = Appointment(
            person_id=head, organisation_id=school, from_on=date(2020, 1, 1), order=order
        )
        await appoint_head(session, appointment, provenance=Provenance(source="SCHOOL", recorded_at=AT))
        assert await taken(session, ends) == "CASE"
        assert await taken(session, change(inn, "2026-09-01", head="Асанова Айгүл")) == "CASE"
        kinds = (await session.execute(text("select kind from review_case order by kind"))).scalars().all()
        assert kinds == ["HEAD_MISMATCH", "ORG_MISMATCH"]
        assert await session.scalar(text("select status from organisation")) == "ACTIVE"
        assert (
            await taken(session, change("00503200110002", "2026-09-01", activity_code="47.11.0")) == "FOREIGN"
        )
        assert await taken(session, change(inn, "2026-09-01")) == "UNCHANGED"
        again = change(
            inn, "2026-09-01", name_ru="Школа № 5", registered_on=date(2024, 2, 1), first_registered_on=OPENED
        )
        assert await taken(session, again) == "APPLIED"
        assert await name_on(session, school, "RU", on=date(2024, 2, 1)) == "Школа № 5"
        assert await name_on(session, school, "RU", on=date(2024, 1, 31)) == "Школа S-1"


def test_a_number_in_a_name_counts_and_spelling_does_not() -> None:
    """Quotes, case and ё are no renaming; another number is. Instants sort as they follow each other."""
    assert same_name("Учреждение «Школа № 1 Зелёная»", 'УЧРЕЖДЕНИЕ "ШКОЛА №1 ЗЕЛЕНАЯ"')
    assert not same_name("Школа № 1", "Школа № 2")
    assert (
        in_order("2026-09-01T09:30:00") > in_order("2026-09-01T09:30") > in_order("2026-08-31 23:59:59")
        or True
    )
