"""The tables of Sections I and III as the models know them, and under two hands at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

import gateway.registry.staff.load_model  # noqa: F401 - every table of both sections is mapped
from gateway.foundation.database import Base, Database
from gateway.foundation.errors import RegistryError
from gateway.registry.organisations.lifecycle import close_organisation
from gateway.registry.repository import add_enrolment
from gateway.registry.staff.appointing import Appointment, appoint_head
from tests.registry.sections.support import NOW, ORDER, SCHOOL, TODAY, organisation, person

MINE = {
    "book_version", "book_value", "organisation", "organisation_name", "organisation_type",
    "organisation_language", "organisation_relation", "licence", "site", "building", "room", "facility_year", "term",
    "shift", "programme_offering", "class_group", "organisation_confirmation", "employment", "assignment",
    "teaching_load", "head_appointment", "responsible_appointment", "qualification", "category_attestation",
}  # fmt: skip


@pytest_asyncio.fixture
async def real(database_url: str) -> AsyncIterator[Database]:
    """A database of its own, where transactions really commit beside each other."""
    made = Database(database_url)
    yield made
    await made.close()


async def test_the_models_are_the_migrated_tables(real: Database) -> None:
    """What the code believes about these tables is what the migration made, nullability and indexes included."""

    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, parents: kind != "table" or name in MINE}
        found = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": False, **options}), Base.metadata
        )
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        return [each for each in flat if each[0] != "modify_comment" and _table_of(each) in MINE]

    async with real.engine.connect() as connection:
        assert set(Base.metadata.tables) >= MINE
        assert await connection.run_sync(differences) == []


def _table_of(difference: tuple) -> str:
    if difference[0].startswith("modify"):
        return difference[2]
    return getattr(getattr(difference[1], "table", difference[1]), "name", "")


async def test_every_coded_column_is_held_to_a_book(real: Database) -> None:
    """A column named …_code holds only what a trigger finds in a book, but for the group a position brings."""
    async with real.engine.connect() as connection:
        guarded = {
            (row.table, column)
            for row in await connection.execute(
                text("""
                    select c.relname as table, encode(t.tgargs, 'escape') as given from pg_trigger t
                    join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
                    where p.proname = 'keep_to_books'
                """)
            )
            for column in row.given.split("\\000")[1::2]
        }
        coded = await connection.run_sync(_coded_columns)
    assert coded - guarded == {("employment", "category_code")}


def _coded_columns(connection: Connection) -> set[tuple[str, str]]:
    inspector = inspect(connection)
    return {
        (table, column["name"])
        for table in MINE - {"book_version", "book_value"}
        for column in inspector.get_columns(table)
        if column["name"].endswith("_code") or column["name"] == "academic_year"
    }


async def test_what_was_saved_before_there_were_books_may_stay(real: Database) -> None:
    """A code of old that no book has does not hinder other changes; changed itself, it must be in its book."""
    async with real.transaction() as session:
        await session.execute(text("alter table organisation disable trigger organisation_books"))
        await session.execute(
            text("""
                insert into organisation (id, code, name_ky, name_ru, soate)
                values (gen_random_uuid(), 'OLD', 'М', 'Ш', '41711000000010')
            """)
        )
        await session.execute(text("alter table organisation enable trigger organisation_books"))
    async with real.transaction() as session:
        await session.execute(text("update organisation set okpo = '12345678'"))
    with pytest.raises(IntegrityError, match="SOATE"):
        async with real.transaction() as session:
            await session.execute(text("update organisation set soate = '41711000000020'"))


async def enrol(database: Database, organisation_id, person_id) -> None:
    async with database.transaction() as session:
        await add_enrolment(
            session,
            at=NOW,
            person_id=person_id,
            organisation_id=organisation_id,
            start_on=TODAY,
            level="GENERAL",
            form="FULL_TIME",
        )
        await asyncio.sleep(0.2)


async def close(database: Database, organisation_id) -> None:
    async with database.transaction() as session:
        await close_organisation(session, organisation_id, closed_on=TODAY, order=ORDER, provenance=SCHOOL)
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("first", ["enrolment", "closing"])
async def test_nobody_slips_into_a_school_while_it_is_closed(real: Database, first: str) -> None:
    """Of an enrolment and a closing at the same moment one waits for the other and is refused, whichever came first."""
    async with real.transaction() as session:
        organisation_id, person_id = await organisation(session), await person(session)
    enrolment, closing = enrol(real, organisation_id, person_id), close(real, organisation_id)
    racing = [enrolment, closing] if first == "enrolment" else [closing, enrolment]
    tasks = [asyncio.create_task(racing[0])]
    await asyncio.sleep(0.1)
    tasks.append(asyncio.create_task(racing[1]))
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert ended[0] is None
    assert isinstance(ended[1], RegistryError if first == "enrolment" else IntegrityError)
    async with real.transaction() as session:
        state = await session.scalar(text("select status from organisation"))
        learners = await session.scalar(text("select count(*) from enrolment"))
    assert (state, learners) == (("ACTIVE", 1) if first == "enrolment" else ("CLOSED", 0))


async def test_of_two_heads_at_the_same_moment_one_is_appointed(real: Database) -> None:
    """Five appointments at once leave one head; the others are told so."""
    async with real.transaction() as session:
        organisation_id = await organisation(session)
        people = [await person(session) for _ in range(5)]

    async def appoint(person_id) -> None:
        new = Appointment(
            organisation_id=organisation_id, person_id=person_id, from_on=date(2026, 9, 1), order=ORDER
        )
        async with real.transaction() as session:
            await appoint_head(session, new, provenance=SCHOOL)

    ended = await asyncio.gather(*map(appoint, people), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["NoneType"] + ["RegistryError"] * 4
    async with real.transaction() as session:
        assert await session.scalar(text("select count(*) from head_appointment")) == 1
