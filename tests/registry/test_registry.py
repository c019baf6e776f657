"""The registry's tables: what the database itself refuses, and what reading gives."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Base, Database
from gateway.foundation.errors import RegistryError
from gateway.registry.card import person_card
from gateway.registry.education_documents import add_education_document, education_document
from gateway.registry.import_tables import ImportBatch, ImportRow
from gateway.registry.merges import Decided, merge
from gateway.registry.model import Assertion, Person
from gateway.registry.projection import project_person
from gateway.registry.protection import ProtectedPerson
from gateway.registry.reading import (
    enrolments,
    person_by_id,
    person_by_number,
    person_by_pin,
    registry_seq,
)
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    add_enrolment,
    claim_identifier,
    create_person,
    retract,
    save_organisation,
)
from gateway.registry.values import IdentifierStatus, Scheme, VerificationStatus, is_isuo_number
from tests.intake.support import POLICIES, count
from tests.people import People
from tests.people import Person as Someone

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SCHOOL = Provenance(source="SCHOOL", recorded_at=NOW)


@pytest_asyncio.fixture
async def school(database: Database) -> UUID:
    async with database.transaction() as session:
        return await save_organisation(session, code="S-1", name_ky="Мектеп", name_ru="Школа")


async def entry_of(session: AsyncSession, someone: Someone) -> UUID:
    person_id = await create_person(session, at=NOW)
    values = {"surname": someone.surname, "given_name": someone.given_name, "birth_date": someone.birth_date}
    await add_assertions(session, person_id, {**values, "pin": someone.pin}, provenance=SCHOOL)
    await claim_identifier(
        session, person_id, Scheme.PIN, someone.pin, status=IdentifierStatus.CLAIMED, at=NOW
    )
    await project_person(session, person_id, POLICIES, at=NOW)
    return person_id


async def test_the_models_are_the_migrated_tables(database: Database) -> None:
    """What the code believes about the registry's tables is what the migration made."""
    mine = {table.name for table in Base.metadata.sorted_tables if table.name in _MINE}
    assert mine == _MINE

    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, parents: kind != "table" or name in _MINE}
        context = MigrationContext.configure(connection, opts={"compare_type": False, **options})
        found = compare_metadata(context, Base.metadata)
        flat = [each for one in found for each in (one if isinstance(one, list) else [one])]
        # the comments hold the classes of columns: the migration alone says them
        return [each for each in flat if each[0] != "modify_comment" and _table_of(each) in _MINE]

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


_MINE = {
    "person", "person_identifier", "assertion", "field_provenance", "match_key", "person_link",
    "organisation", "enrolment", "enrolment_status_period", "education_document", "source_record", "review_case",
    "review_candidate", "registry_event", ImportBatch.__tablename__, ImportRow.__tablename__,
    ProtectedPerson.__tablename__,
}  # fmt: skip


def _table_of(difference: tuple) -> str:
    if difference[0].startswith("modify"):
        return difference[2]
    named = difference[1]
    return getattr(getattr(named, "table", named), "name", "")


async def test_assertions_are_append_only(database: Database) -> None:
    """The database itself refuses to change, delete or truncate an assertion; it may be retracted once."""
    async with database.transaction() as session:
        person_id = await entry_of(session, People(1).person())
        first = (await session.execute(text("select id from assertion limit 1"))).scalar_one()
    for forbidden in (
        update(Assertion).values(value="another"),
        update(Assertion).values(value="another", retracted_at=NOW),
        delete(Assertion),
        text("truncate assertion cascade"),
    ):
        with pytest.raises(DBAPIError, match=r"append-only|not assigned"):
            async with database.transaction() as session:
                await session.execute(forbidden)
    async with database.transaction() as session:
        await retract(session, first, reason="typed for another child", at=NOW)
    with pytest.raises(RegistryError):
        async with database.transaction() as session:
            await retract(session, first, reason="again", at=NOW)
    assert person_id


async def test_two_full_time_places_at_once_are_refused_by_the_database(
    database: Database, school: UUID
) -> None:
    """Whatever the program forgets, one person cannot have two overlapping counted full-time enrolments."""
    values = {"organisation_id": school, "level": "GENERAL", "form": "FULL_TIME"}
    async with database.transaction() as session:
        person_id = await entry_of(session, People(2).person())
        await add_enrolment(
            session, at=NOW, person_id=person_id, start_on=date(2025, 9, 1), end_on=date(2026, 6, 1), **values
        )
        await add_enrolment(session, at=NOW, person_id=person_id, start_on=date(2026, 6, 1), **values)
        await add_enrolment(
            session, at=NOW, person_id=person_id, start_on=date(2026, 7, 1), **{**values, "form": "EVENING"}
        )
    with pytest.raises(IntegrityError, match="ex_enrolment_one_full_time"):
        async with database.transaction() as session:
            await add_enrolment(session, at=NOW, person_id=person_id, start_on=date(2027, 1, 1), **values)


async def test_status_periods_of_one_enrolment_never_overlap(database: Database, school: UUID) -> None:
    """A second status for days that have one is refused by the database."""
    async with database.transaction() as session:
        person_id = await entry_of(session, People(3).person())
        enrolment_id = await add_enrolment(
            session,
            at=NOW,
            person_id=person_id,
            organisation_id=school,
            level="GENERAL",
            form="FULL_TIME",
            start_on=date(2026, 9, 1),
        )
    with pytest.raises(IntegrityError, match="overlap"):
        async with database.transaction() as session:
            await session.execute(
                text(
                    "insert into enrolment_status_period (id, enrolment_id, status, from_on)"
                    " values (:id, :enrolment, 'ACADEMIC_LEAVE', '2026-10-01')"
                ),
                {"id": uuid4(), "enrolment": enrolment_id},
            )


async def test_a_verified_pin_stands_with_one_entry(database: Database) -> None:
    """A second verified holder of a PIN is refused by the database and disputed by the program."""
    people = People(4)
    someone = people.person()
    async with database.transaction() as session:
        first = await entry_of(session, someone)
        await claim_identifier(
            session, first, Scheme.PIN, someone.pin, status=IdentifierStatus.VERIFIED, at=NOW
        )
        second = await create_person(session, at=NOW)
        stands = await claim_identifier(
            session, second, Scheme.PIN, someone.pin, status=IdentifierStatus.VERIFIED, at=NOW
        )
    assert stands is IdentifierStatus.DISPUTED
    with pytest.raises(IntegrityError, match="uq_person_identifier_verified"):
        async with database.transaction() as session:
            await session.execute(text("update person_identifier set status = 'VERIFIED'"))


async def test_a_claimed_pin_leads_to_its_entry_until_it_is_disputed(database: Database) -> None:
    """A PIN claimed by one entry is answered, by two is not, and a verified one is again."""
    someone = People(5).person()
    async with database.transaction() as session:
        first = await entry_of(session, someone)
        assert (await person_by_pin(session, someone.pin)).person_id == first
        await entry_of(session, someone)
        assert await person_by_pin(session, someone.pin) is None
        await claim_identifier(
            session, first, Scheme.PIN, someone.pin, status=IdentifierStatus.VERIFIED, at=NOW
        )
        assert (await person_by_pin(session, someone.pin)).person_id == first


async def test_a_master_is_never_itself_merged(database: Database) -> None:
    """Chains of masters cannot be made, by the program or past it."""
    people = People(6)
    decided = Decided(by="district.one", at=NOW)
    async with database.transaction() as session:
        one, two, three = [await entry_of(session, people.person()) for _ in range(3)]
        await merge(session, one, two, decided=decided, policies=POLICIES)
        with pytest.raises(RegistryError):
            await merge(session, three, one, decided=decided, policies=POLICIES)
        assert await merge(session, two, three, decided=decided, policies=POLICIES) == one
        other = await entry_of(session, people.person())
    with pytest.raises(IntegrityError, match="never itself merged"):
        async with database.transaction() as session:
            await session.execute(
                update(Person).where(Person.id == one).values(status="MERGED_INTO", master_id=other)
            )


async def test_a_merged_number_and_pin_read_the_master(database: Database, school: UUID) -> None:
    """After a merge both numbers, both PINs and all enrolments lead to the master."""
    people = People(7)
    kept, gone = people.person(), people.person()
    async with database.transaction() as session:
        survivor, absorbed = await entry_of(session, kept), await entry_of(session, gone)
        await add_enrolment(
            session,
            at=NOW,
            person_id=absorbed,
            organisation_id=school,
            level="GENERAL",
            form="FULL_TIME",
            start_on=date(2026, 9, 1),
        )
        number = (await person_by_id(session, absorbed)).isuo_no
        await merge(session, survivor, absorbed, decided=Decided(by="x", at=NOW), policies=POLICIES)
        assert (await person_by_number(session, number)).person_id == survivor
        assert (await person_by_pin(session, gone.pin)).person_id == survivor
        assert len(await enrolments(session, survivor)) == 1
        card = await person_card(session, number, at=NOW)
    assert card.also_known_as == (number,)
    assert is_isuo_number(number)


async def test_every_change_moves_the_registry_forward(database: Database) -> None:
    """The registry's number grows with each change and stays where nothing changed; so does the version."""
    async with database.transaction() as session:
        before = await registry_seq(session)
        person_id = await entry_of(session, People(8).person())
        created = await registry_seq(session)
        await project_person(session, person_id, POLICIES, at=NOW)
        assert await registry_seq(session) == created > before
        assert (await person_by_id(session, person_id)).version == 1
        await add_assertions(session, person_id, {"surname": "БАШКА"}, provenance=SCHOOL)
        await project_person(session, person_id, POLICIES, at=NOW)
        assert (await person_by_id(session, person_id)).version == 2
        assert await registry_seq(session) > created


async def test_an_education_document_is_found_with_its_holder(database: Database, school: UUID) -> None:
    """A certificate is found by type, series and number, with its holder and organisation."""
    someone = People(9).person()
    async with database.transaction() as session:
        person_id = await entry_of(session, someone)
        await add_education_document(
            session,
            at=NOW,
            type="ATTESTAT",
            series="А",
            number="0001",
            issued_on=date(2026, 6, 20),
            person_id=person_id,
            organisation_id=school,
            honours=True,
        )
        found = await education_document(session, type="ATTESTAT", series="А", number="0001")
        assert await education_document(session, type="ATTESTAT", series="А", number="0002") is None
    assert (found.holder.person_id, found.organisation.code, found.status, found.honours) == (
        person_id,
        "S-1",
        "VALID",
        True,
    )


async def test_a_special_school_is_masked(database: Database) -> None:
    """A special profile alone decides the mask; nobody can forget to set it."""
    async with database.transaction() as session:
        code = "S-2"
        organisation = await save_organisation(
            session, code=code, name_ky="Мектеп", name_ru="Школа", special_profile="SANATORIUM"
        )
        person_id = await entry_of(session, People(10).person())
        await add_enrolment(
            session,
            at=NOW,
            person_id=person_id,
            organisation_id=organisation,
            level="GENERAL",
            form="FULL_TIME",
            start_on=date(2026, 9, 1),
        )
        (place,) = await enrolments(session, person_id)
    assert place.organisation.masked


async def test_what_was_verified_long_ago_is_stale(database: Database) -> None:
    """A value past its term is shown as STALE without anything being written."""
    someone = People(11).person()
    told = Provenance(source="ZAGS", recorded_at=NOW, verified_at=NOW)
    async with database.transaction() as session:
        person_id = await entry_of(session, someone)
        await add_assertions(session, person_id, {"surname": someone.surname}, provenance=told)
        await project_person(session, person_id, POLICIES, at=NOW)
        number = (await person_by_id(session, person_id)).isuo_no
        now = await person_card(session, number, at=NOW)
        later = await person_card(session, number, at=NOW.replace(year=2028))
        assert await count(session, "from field_provenance where status = 'STALE'") == 0
    status = [{each.name: each.status for each in card.fields}["surname"] for card in (now, later)]
    assert status == [VerificationStatus.MATCHED_WITH_SOURCE, VerificationStatus.STALE]
