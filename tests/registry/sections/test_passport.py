"""The passport: how complete it is, and what its confirmation is worth as time and content move on."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.books.files import packaged_books
from gateway.registry.organisations.confirmation import (
    PassportState,
    confirm_passport,
    passport_standing,
)
from gateway.registry.organisations.history import NewName, rename
from gateway.registry.organisations.passport import read_passport
from gateway.registry.organisations.permits import NewLicence, add_licence
from gateway.registry.organisations.premises import (
    NewBuilding,
    NewRoom,
    NewSite,
    add_building,
    add_room,
    add_site,
    record_facilities,
)
from gateway.registry.organisations.supervision import (
    organisations_by_type,
    supervised_types,
    without_responsible,
)
from gateway.registry.staff.appointing import (
    Appointment,
    appoint_head,
    appoint_responsible,
    end_responsible,
)
from tests.registry.sections.support import (
    MINJUST,
    NOW,
    OPENED,
    ORDER,
    SCHOOL,
    TODAY,
    person,
    saved_organisation,
)

ITEMS = {row.code for book in packaged_books() if book.code == "PASSPORT_ITEM" for row in book.rows}


async def whole_organisation(database: Database, code: str = "S-1") -> UUID:
    """Register an organisation with everything a passport holds."""
    organisation_id = await saved_organisation(
        database,
        code,
        inn="01234567890123",
        okpo="12345678",
        soate="41708203000000",
        ownership_code="STATE",
        languages=("KY",),
    )
    licence = NewLicence(
        kind_code="LICENCE",
        number="L-1",
        issuer="MINISTRY",
        issued_on=date(2020, 1, 1),
        valid_from=date(2020, 1, 1),
    )
    site = NewSite(name="Главная", soate="41708203000000", address="ул. Школьная, 1", valid_from=OPENED)
    async with database.transaction() as session:
        await add_licence(session, organisation_id, licence, provenance=MINJUST)
        site_id = await add_site(session, organisation_id, site, at=NOW)
        building = NewBuilding(name="А", condition_code="GOOD", area_m2=Decimal("1200.50"), capacity=600)
        building_id = await add_building(session, site_id, building, at=NOW)
        await add_room(session, building_id, NewRoom(number="101", kind_code="CLASSROOM", seats=30), at=NOW)
        await record_facilities(session, site_id, "2026/27", {"COMPUTERS": Decimal(30)}, provenance=SCHOOL)
        for appoint in (appoint_head, appoint_responsible):
            new = Appointment(
                organisation_id=organisation_id, person_id=await person(session), from_on=OPENED, order=ORDER
            )
            await appoint(session, new, provenance=MINJUST)
    return organisation_id


@pytest.mark.requirement("R-065")
async def test_completeness_counts_what_is_there(database: Database) -> None:
    """A bare organisation lacks what nobody entered; one with everything has 100 %; each item can be missed."""
    bare, whole = await saved_organisation(database, "S-0"), await whole_organisation(database)
    async with database.transaction() as session:
        little = await read_passport(session, bare, on=TODAY)
        all_ = await read_passport(session, whole, on=TODAY)
        next_year = await read_passport(session, whole, on=date(2027, 9, 1))
    assert (all_.missing, all_.completeness) == ((), 100)
    assert set(little.missing) == ITEMS - {"NAME_KY", "NAME_RU", "TYPE", "OPENED_ON"}
    assert little.completeness == 100 * 4 // len(ITEMS)
    assert next_year.missing == ("FACILITY",)


@pytest.mark.requirement("R-027")
async def test_a_confirmation_holds_until_content_or_time_passes(database: Database) -> None:
    """Never confirmed, confirmed, changed after it, confirmed again, and stale when the days are over."""
    organisation_id = await whole_organisation(database)
    async with database.transaction() as session:
        standing = await passport_standing(session, organisation_id, at=NOW)
        assert (standing.state, standing.confirmed_at) == (PassportState.NOT_CONFIRMED, None)
        await confirm_passport(session, organisation_id, confirmed_by="head.one", at=NOW)
        standing = await passport_standing(session, organisation_id, at=NOW + timedelta(days=180))
        assert (standing.state, standing.confirmed_by) == (PassportState.CONFIRMED, "head.one")
        standing = await passport_standing(session, organisation_id, at=NOW + timedelta(days=181))
        assert standing.state is PassportState.STALE
        standing = await passport_standing(
            session, organisation_id, at=NOW + timedelta(days=8), stale_after_days=7
        )
        assert standing.state is PassportState.STALE
        new = NewName(language_code="RU", full_name="Гимназия", valid_from=TODAY, order=ORDER)
        await rename(session, organisation_id, new, provenance=MINJUST)
        later = NOW + timedelta(days=1)
        standing = await passport_standing(session, organisation_id, at=later)
        assert standing.state is PassportState.CHANGED_AFTER_CONFIRMATION
        await confirm_passport(session, organisation_id, confirmed_by="head.one", at=later)
        assert (await passport_standing(session, organisation_id, at=later)).state is PassportState.CONFIRMED
    with pytest.raises(InputRefused):
        async with database.transaction() as session:
            await confirm_passport(session, organisation_id, confirmed_by=" ", at=NOW)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as session:
            await session.execute(text("update organisation_confirmation set completeness = 1"))


_CHANGES = (
    "update organisation set okpo = '87654321'",
    "update organisation set ownership_code = 'PRIVATE'",
    "update organisation set latitude = 42.87",
    "update building set capacity = 601",
    "update building set condition_code = 'DANGEROUS'",
    "update room set seats = 31",
    "update site set address = 'ул. Другая, 2'",
    "update facility_year set amount = 29",
    "update licence set revoked_on = '2026-09-30'",
    "update organisation_language set language_code = 'RU'",
    "update head_appointment set until_on = '2026-09-30'",
    "update responsible_appointment set until_on = '2026-09-30'",
    "update organisation_name set valid_until = '2026-09-30' where language_code = 'RU'",
)


async def test_every_part_of_the_passport_is_bound_by_the_confirmation(database: Database) -> None:
    """Changing any one field of any part shows at once as changed after confirmation; a mere version does not."""
    organisation_id = await whole_organisation(database)
    async with database.transaction() as session:
        await confirm_passport(session, organisation_id, confirmed_by="head.one", at=NOW)
    for change in (*_CHANGES, None):
        async with database.transaction() as session:
            undone = await session.begin_nested()
            await session.execute(text(change or "update organisation set version = version + 1"))
            standing = await passport_standing(session, organisation_id, at=NOW)
            expected = PassportState.CHANGED_AFTER_CONFIRMATION if change else PassportState.CONFIRMED
            assert standing.state is expected, change
            await undone.rollback()


async def test_no_organisation_has_no_passport(database: Database) -> None:
    """An id that is nobody's is refused, not shown as empty."""
    async with database.transaction() as session:
        with pytest.raises(RegistryError):
            await read_passport(session, await person(session), on=TODAY)
    with pytest.raises(RegistryError, match="site"):
        async with database.transaction() as session:
            await add_building(session, await person(session), NewBuilding(name="A"), at=NOW)


async def test_a_supervisory_body_counts_its_own_levels_only(database: Database) -> None:
    """Each body counts the types of its levels; together they answer for every type but the additional professional."""
    for number, type_code in enumerate(("PRESCHOOL", "SCHOOL", "LYCEUM", "PROFESSIONAL_LYCEUM", "COLLEGE")):
        territory = "41708203000000" if number % 2 else "41711000000000"
        await saved_organisation(database, f"S-{number}", type_code=type_code, soate=territory)
    async with database.transaction() as session:
        counts = {
            body: await organisations_by_type(session, on=TODAY, body_code=body)
            for body in ("ODO", "USHVO", "ANPO", "UPO")
        }
        assert counts == {
            "ODO": {"PRESCHOOL": 1},
            "USHVO": {"SCHOOL": 1, "LYCEUM": 1},
            "ANPO": {"PROFESSIONAL_LYCEUM": 1},
            "UPO": {"COLLEGE": 1},
        }
        chui = await organisations_by_type(session, on=TODAY, territory="41708000000000")
        assert chui == {"SCHOOL": 1, "PROFESSIONAL_LYCEUM": 1}
        assert "COLLEGE" not in await supervised_types(session, "ANPO", on=TODAY)
        with pytest.raises(RegistryError):
            await supervised_types(session, "NOBODY", on=TODAY)


@pytest.mark.requirement("R-078")
async def test_an_organisation_nobody_answers_for_is_listed(database: Database) -> None:
    """It is on the list until somebody is appointed, and again when the last appointment ends."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        assert await without_responsible(session, on=TODAY) == (organisation_id,)
        new = Appointment(
            organisation_id=organisation_id, person_id=await person(session), from_on=OPENED, order=ORDER
        )
        appointment_id = await appoint_responsible(session, new, provenance=SCHOOL)
        assert await without_responsible(session, on=TODAY) == ()
        await end_responsible(session, appointment_id, until_on=TODAY, provenance=SCHOOL)
        assert await without_responsible(session, on=TODAY) == (organisation_id,)
        assert await without_responsible(session, on=TODAY, territory="41708000000000") == ()
        with pytest.raises(RegistryError):
            await end_responsible(session, appointment_id, until_on=TODAY, provenance=SCHOOL)
