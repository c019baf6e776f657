"""Forms from every source: partial when one is slow, remembered while fresh, nothing of a stranger, hardly typed."""

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import aiohttp
import pytest_asyncio
from sqlalchemy import text

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.intake.answer_memory import AnswerMemory, Freshness, forget_stale, remembered
from gateway.intake.answer_text import read_record, write_record
from gateway.intake.autofill import FilledForm, Question, autofill
from gateway.intake.autofill_more import Part
from gateway.intake.ports import Agencies, AskContext, BirthActRecord, Outcome, PassportRecord, PersonRecord
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.ports_household import HouseholdMember
from gateway.matching.record import Record
from gateway.registry.values import VerificationStatus
from gateway.sandbox.people import SyntheticPerson, population
from gateway.wiring.opening import Gateway, open_gateway
from tests.intake.support import POLICIES
from tests.running import PEOPLE, SEED, Running, make_settings, running

CONTEXT = AskContext(user_id="clerk.one", issue="form-1")
EVERYTHING = tuple(Part)
PATIENT, IMPATIENT = {"ASB": 20.0, "SANARIP_AYMAK": 20.0}, {"ASB": 0.4, "SANARIP_AYMAK": 20.0}


@dataclass
class World:
    """What runs, and a child both of whose parents are known."""

    runs: Running
    gateway: Gateway
    child: SyntheticPerson

    @property
    def forms(self) -> Agencies:
        return self.gateway.api.agencies

    async def fill(self, *, deadlines: Mapping[str, float] = PATIENT, **given: object) -> FilledForm:
        asked = Question(pin=self.child.pin or "", parts=EVERYTHING, **given)
        return await autofill(self.forms, asked, CONTEXT, deadline_seconds=20, deadlines=deadlines)

    async def misbehave(self, place: str, mode: str, **more: float) -> None:
        address = f"{self.runs.simulators}/control/{place}"
        async with aiohttp.ClientSession() as http, http.post(address, json={"mode": mode, **more}) as reply:
            assert reply.status == 200

    async def sent(self) -> int:
        async with self.gateway.database.transaction() as session:
            return int(
                await session.scalar(text("select count(*) from journal_entry where kind = 'SENT'")) or 0
            )


@pytest_asyncio.fixture
async def world(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    children = [
        one for one in population(SEED, PEOPLE).people if one.birth_act and one.mother_pin and one.father_pin
    ]
    child = next(one for one in children if one.pin and not one.death_date and one.birth_date.year > 2015)
    settings = make_settings(database_url, tmp_path, KOPURO_AGENCIES__SANARIPAYMAK__ENABLED="true")
    async with running(settings) as runs, open_gateway(runs.settings) as gateway:
        yield World(runs=runs, gateway=gateway, child=child)


async def test_a_pin_fills_person_parents_addresses_and_household(world: World) -> None:
    """Fourteen typed characters give the whole form, each value with its source; asked again nobody is asked."""
    form = await world.fill()
    assert (form.typed_characters, form.value("mother_pin")) == (14, world.child.mother_pin)
    assert form.filled_characters > 100
    by_name = {each.name: each for each in form.fields}
    assert form.value("birth_date") == world.child.birth_date.isoformat()
    for name, source in (
        ("surname", "ZAGS"),
        ("father_given_name", "ZAGS"),
        ("birth_certificate", "ZAGS"),
        ("registered_address", "ASB"),
        ("actual_address", "SANARIP_AYMAK"),
        ("household", "SANARIP_AYMAK"),
    ):
        field = by_name[name]
        assert (field.source, field.status) == (source, VerificationStatus.FILLED_BY_SOURCE), name
        assert field.value
        assert field.exchange_id
    before = await world.sent()
    assert await world.fill() == form
    assert await world.sent() == before
    async with world.gateway.database.transaction() as session:
        kept = await session.execute(text("select ciphertext, subject from source_answer"))
        rows = kept.all()
        assert len(rows) == 5
        for secret in (world.child.surname, world.child.pin or "", world.child.mother_pin or ""):
            assert not [row for row in rows if secret.encode() in bytes(row.ciphertext) + bytes(row.subject)]
    assert await forget_stale(world.gateway.database, now=utc_now() + timedelta(hours=25)) == 5
    await world.fill()
    assert await world.sent() == before + 5


async def test_a_slow_source_leaves_its_own_part_empty(world: World) -> None:
    """The form is there within its time: what one source did not tell is marked, the rest is complete."""
    await world.misbehave("infocom/asb-service", "slow", seconds=8)
    await world.misbehave("sanaripaymak/sanaripaymak-service", "down")
    began = time.monotonic()
    form = await world.fill(deadlines=IMPATIENT)
    assert time.monotonic() - began < 8
    by_name = {each.name: each.status for each in form.fields}
    assert by_name["registered_address"] is VerificationStatus.SOURCE_UNAVAILABLE
    assert by_name["household"] is VerificationStatus.SOURCE_UNAVAILABLE
    assert by_name["surname"] is by_name["mother_surname"] is VerificationStatus.FILLED_BY_SOURCE
    assert form.outcomes["ASB"] is Outcome.UNAVAILABLE
    await world.misbehave("infocom/asb-service", "ok")
    assert (await world.fill()).value("registered_address")  # silence is not remembered


async def test_nothing_of_a_stranger_is_given(world: World) -> None:
    """Names that are not the PIN's person, or no word on who that is, keep addresses and parents back."""
    stranger = await world.fill(typed=Record(surname="Бөтөн", given_name="Киши", birth_date=date(1999, 1, 1)))
    assert "PIN_NOT_THIS_PERSON" in stranger.warnings
    assert not [each.name for each in stranger.fields if each.value and each.name != "pin"]
    await world.misbehave("infocom/zags-service", "down")
    fresh = replace(world.gateway.agencies)
    asked = Question(pin=world.child.pin or "", parts=(Part.REGISTERED_ADDRESS,))
    unknown = await autofill(fresh, asked, CONTEXT, deadline_seconds=2)
    assert unknown.value("registered_address") is None


def test_every_record_is_read_as_it_was_written() -> None:
    """What is kept comes back the same, dates, parents and lists included."""
    person = PersonRecord(pin="1", surname="А", birth_date=date(2019, 2, 3), pin_blocked=False)
    for record in (
        person,
        PassportRecord(pin="1", series="ID", number="2", expires_on=date(2030, 1, 1), valid=True),
        BirthActRecord(pin="1", act_number="7", mother=person),
        AddressRecord(text="Бишкек", registered_on=date(2020, 1, 1), codes=(("regionId", "2"),)),
        (HouseholdMember(pin="1", relation="эне"), HouseholdMember(pin="2")),
        (),
    ):
        assert read_record(write_record(record)) == record


async def test_an_answer_is_fresh_as_its_fields_are(world: World) -> None:
    """A person's answer is fresh for a day, as a death may be told by then; nothing is kept longer than allowed."""
    freshness = Freshness(policies=POLICIES, most=timedelta(days=90))
    asked = ("person_by_pin", "registered_address", "passport")
    assert [freshness.of(one).days for one in asked] == [1, 90, 90]
    memory = AnswerMemory(
        world.gateway.database, world.gateway.keys, replace(freshness, most=timedelta()), clock=utc_now
    )
    forms = remembered(world.gateway.agencies, memory)
    assert forms.civil_registry
    answer = await forms.civil_registry.person_by_pin(world.child.pin or "", context=CONTEXT)
    again = await forms.civil_registry.person_by_pin(world.child.pin or "", context=CONTEXT)
    assert answer.exchange_id != again.exchange_id
