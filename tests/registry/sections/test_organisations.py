"""Section I: registration, names, ties, life and death of organisations."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.errors import ConcurrentChange, InputRefused, RegistryError
from gateway.registry.organisations.classes import (
    NewClassGroup,
    NewProgramme,
    add_shift,
    appoint_class_teacher,
    close_class_group,
    offer_programme,
    open_class_group,
)
from gateway.registry.organisations.history import NewName, change_type, name_on, rename
from gateway.registry.organisations.lifecycle import (
    Reorganisation,
    change_status,
    close_organisation,
    reorganise,
)
from gateway.registry.organisations.permits import (
    NewLicence,
    add_licence,
    licences_in_force,
    revoke_licence,
)
from gateway.registry.organisations.relations import NewTie, end_tie, relate, ties_of
from gateway.registry.repository import add_enrolment, save_organisation
from gateway.registry.sources import sources_of
from gateway.registry.staff.appointing import Appointment, appoint_head, head_on
from gateway.registry.writing import Order
from tests.registry.sections.support import (
    MINJUST,
    NOW,
    OPENED,
    ORDER,
    TODAY,
    employee,
    events_of,
    organisation,
    person,
    saved_organisation,
    told_of,
)

NO_NUMBER = Order(number=" ", on=TODAY)
FULL_TIME = {"level": "GENERAL", "form": "FULL_TIME"}


async def columns(session: AsyncSession, organisation_id: UUID) -> dict:
    found = await session.execute(text("select * from organisation where id = :id"), {"id": organisation_id})
    return dict(found.one()._mapping)


async def test_a_registered_organisation_has_names_type_event_and_source(database: Database) -> None:
    """Registration leaves the entry, its history, one event and an assertion for each told field."""
    organisation_id = await saved_organisation(
        database, inn="01234567890123", okpo="12345678", soate="41711000000000", languages=("KY", "RU")
    )
    async with database.transaction() as session:
        saved, told = await columns(session, organisation_id), await told_of(session, organisation_id)
        assert (saved["status"], saved["type_code"], saved["version"]) == ("ACTIVE", "SCHOOL", 1)
        assert saved["book_versions"] == {"type_code": 1, "soate": 1}
        assert await events_of(session, organisation_id) == ["ORGANISATION_REGISTERED"]
        assert told["name_ru"] == "Школа S-1"
        assert told["opened_on"] == "1970-09-01"
        word = (await sources_of(session, organisation_id))["inn"]
        assert (word.value, word.source, word.recorded_at) == ("01234567890123", "MINJUST", NOW)
        assert await name_on(session, organisation_id, "KY", on=TODAY) == "S-1 мектеби"
        assert await name_on(session, organisation_id, "KY", on=OPENED - timedelta(days=1)) is None


@pytest.mark.requirement("R-005")
async def test_what_cannot_be_is_refused_by_name(database: Database) -> None:
    """A bad number, a value outside its book and a second organisation of one INN are each refused plainly."""
    await saved_organisation(database, inn="01234567890123")
    cases = [
        ({"inn": "0123"}, InputRefused, "inn: DIGITS"),
        ({"inn": "11234567890123"}, InputRefused, "inn: NOT_OF_AN_ORGANISATION"),
        ({"name_ky": " "}, InputRefused, "name_ky: MISSING"),
        ({"type_code": "MADRASA"}, InputRefused, "ORG_TYPE: NOT_IN_BOOK"),
        ({"type_code": "VPO"}, InputRefused, "ORG_TYPE: NOT_IN_BOOK"),
        ({"soate": "41799000000000"}, InputRefused, "SOATE: NOT_IN_BOOK"),
        ({"languages": ("XX",)}, InputRefused, "LANGUAGE_OF_INSTRUCTION: NOT_IN_BOOK"),
        ({"inn": "01234567890123"}, RegistryError, "this INN"),
        ({"code": "S-1"}, RegistryError, "this code"),
    ]
    for changed, error, message in cases:
        with pytest.raises(error, match=message):
            await saved_organisation(database, **{"code": "S-9", **changed})


async def test_a_special_type_masks_the_organisation(database: Database) -> None:
    """A school of a special type is masked in what leaves the registry, and no longer once it is an ordinary one."""
    organisation_id = await saved_organisation(database, type_code="AUXILIARY_SCHOOL")
    async with database.transaction() as session:
        assert (await columns(session, organisation_id))["mask_in_disclosure"]
        await change_type(
            session, organisation_id, "GYMNASIUM", valid_from=TODAY, order=ORDER, provenance=MINJUST
        )
        after = await columns(session, organisation_id)
        assert (after["mask_in_disclosure"], after["type_code"]) == (False, "GYMNASIUM")
        assert await events_of(session, organisation_id) == [
            "ORGANISATION_REGISTERED", "ORGANISATION_TYPE_CHANGED",
        ]  # fmt: skip


async def test_a_renaming_keeps_the_old_name_for_its_days(database: Database) -> None:
    """Before the day the old name stands, from it the new one; the visible name follows, and so does the source."""
    organisation_id = await saved_organisation(database)
    new = NewName(language_code="RU", full_name="Гимназия № 1", valid_from=date(2026, 9, 1), order=ORDER)
    async with database.transaction() as session:
        await rename(session, organisation_id, new, provenance=MINJUST)
        assert await name_on(session, organisation_id, "RU", on=date(2026, 8, 31)) == "Школа S-1"
        assert await name_on(session, organisation_id, "RU", on=date(2026, 9, 1)) == "Гимназия № 1"
        assert (await columns(session, organisation_id))["name_ru"] == "Гимназия № 1"
        assert (await told_of(session, organisation_id))["name_ru"] == "Гимназия № 1"
        later = NewName(language_code="RU", full_name="Завтра", valid_from=date(2027, 1, 1), order=ORDER)
        await rename(session, organisation_id, later, provenance=MINJUST)
        assert (await columns(session, organisation_id))["name_ru"] == "Гимназия № 1"
    with pytest.raises(InputRefused):
        async with database.transaction() as session:
            await rename(
                session,
                organisation_id,
                NewName(language_code="RU", full_name="Без приказа", valid_from=TODAY, order=NO_NUMBER),
                provenance=MINJUST,
            )


_RENAMINGS = st.lists(st.tuples(st.sampled_from(("KY", "RU")), st.integers(-20, 20)), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(renamings=_RENAMINGS)
async def test_names_never_overlap(database: Database, renamings: list[tuple[str, int]]) -> None:
    """Whatever is renamed in whatever order, a language has at most one name on any day, refused ones aside."""
    async with database.transaction() as session:
        undone = await session.begin_nested()
        organisation_id = await organisation(session)
        for number, (language, shift) in enumerate(renamings):
            new = NewName(
                language_code=language,
                full_name=f"Н {number}",
                valid_from=OPENED + timedelta(days=shift),
                order=ORDER,
            )
            try:
                async with session.begin_nested():
                    await rename(session, organisation_id, new, provenance=MINJUST)
            except RegistryError:
                pass
        crowded = await session.scalar(
            text("""
                select count(*) from organisation_name one join organisation_name other
                on one.id < other.id and one.organisation_id = other.organisation_id
                and one.language_code = other.language_code
                and daterange(one.valid_from, one.valid_until) && daterange(other.valid_from, other.valid_until)
            """)
        )
        running = await session.scalar(
            text("select count(*) from organisation_name where valid_until is null")
        )
        await undone.rollback()
    assert crowded == 0
    assert running == 2


async def test_an_organisation_saved_without_a_history_keeps_its_mask(database: Database) -> None:
    """Renaming an organisation whose type was never recorded changes its name and nothing else."""
    async with database.transaction() as session:
        organisation_id = await save_organisation(
            session, code="OLD", name_ky="Мектеп", name_ru="Школа", special_profile="AUXILIARY"
        )
        new = NewName(language_code="RU", full_name="Школа № 5", valid_from=TODAY, order=ORDER)
        await rename(session, organisation_id, new, provenance=MINJUST)
        saved = await columns(session, organisation_id)
    assert (saved["name_ky"], saved["name_ru"]) == ("Мектеп", "Школа № 5")
    assert (saved["special_profile"], saved["mask_in_disclosure"]) == ("AUXILIARY", True)


async def test_history_only_ends(database: Database) -> None:
    """The database refuses to rewrite or delete a name, a type, a tie: a row may only end."""
    one = await saved_organisation(database)
    two = await saved_organisation(database, "S-2")
    async with database.transaction() as session:
        tie = NewTie(from_id=two, to_id=one, kind_code="BRANCH_OF", valid_from=TODAY, order=ORDER)
        await relate(session, tie, at=NOW)
    for change in (
        "update organisation_name set full_name = 'x'",
        "update organisation_name set valid_from = '1960-01-01'",
        "delete from organisation_name",
        "update organisation_type set type_code = 'LYCEUM'",
        "delete from organisation_type",
        "update organisation_relation set order_no = 'x'",
        "delete from organisation_relation",
        "truncate organisation_relation",
    ):
        with pytest.raises(DBAPIError, match=r"history|append-only"):
            async with database.transaction() as session:
                await session.execute(text(change))


_SHAPES = st.sampled_from(
    [
        ("MERGER", 2, 1),
        ("MERGER", 3, 1),
        ("ACCESSION", 1, 1),
        ("DIVISION", 1, 3),
        ("SEPARATION", 1, 2),
        ("TRANSFORMATION", 1, 1),
    ]
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=_SHAPES)
@pytest.mark.requirement("R-024")
async def test_a_reorganisation_keeps_both_sides_linked(
    database: Database, shape: tuple[str, int, int]
) -> None:
    """After any reorganisation every predecessor shows every successor and the other way round, by the order."""
    kind, before, after = shape
    async with database.transaction() as session:
        undone = await session.begin_nested()
        old = tuple([await organisation(session, f"OLD-{n}") for n in range(before)])
        new = tuple([await organisation(session, f"NEW-{n}") for n in range(after)])
        change = Reorganisation(
            kind_code=kind, predecessors=old, successors=new, effective_on=TODAY, order=ORDER
        )
        await reorganise(session, change, provenance=MINJUST)
        await session.execute(text("set constraints all immediate"))
        for predecessor in old:
            ties = await ties_of(session, predecessor)
            assert {(tie.other_id, tie.outward) for tie in ties} == {(one, True) for one in new}
            assert {tie.order for tie in ties} == {ORDER}
            saved = await columns(session, predecessor)
            expected = ("ACTIVE", None) if kind == "SEPARATION" else ("REORGANISED", TODAY)
            assert (saved["status"], saved["closed_on"]) == expected
        for successor in new:
            ties = await ties_of(session, successor)
            assert {(tie.other_id, tie.outward) for tie in ties} == {(one, False) for one in old}
        await undone.rollback()


async def test_a_reorganisation_must_fit_its_kind(database: Database) -> None:
    """A merger of one, a division into one and an unknown kind are refused; a closed one is not reorganised again."""
    one, two, three = [await saved_organisation(database, f"S-{n}") for n in range(3)]
    for kind, old, new in (
        ("MERGER", (one,), (two,)),
        ("MERGER", (one, one), (two,)),
        ("DIVISION", (one,), (two,)),
        ("CONQUEST", (one,), (two,)),
    ):
        with pytest.raises(InputRefused):
            async with database.transaction() as session:
                change = Reorganisation(
                    kind_code=kind, predecessors=old, successors=new, effective_on=TODAY, order=ORDER
                )
                await reorganise(session, change, provenance=MINJUST)
    change = Reorganisation(
        kind_code="ACCESSION", predecessors=(one,), successors=(two,), effective_on=TODAY, order=ORDER
    )
    async with database.transaction() as session:
        await reorganise(session, change, provenance=MINJUST)
    with pytest.raises(RegistryError):
        async with database.transaction() as session:
            again = Reorganisation(
                kind_code="ACCESSION",
                predecessors=(one,),
                successors=(three,),
                effective_on=TODAY,
                order=ORDER,
            )
            await reorganise(session, again, provenance=MINJUST)
    with pytest.raises(RegistryError, match="itself closed"):
        async with database.transaction() as session:
            into_closed = Reorganisation(
                kind_code="ACCESSION",
                predecessors=(three,),
                successors=(one,),
                effective_on=TODAY,
                order=ORDER,
            )
            await reorganise(session, into_closed, provenance=MINJUST)
    # nor can the database be told so without a successor
    with pytest.raises(IntegrityError, match="successor"):
        async with database.transaction() as session:
            await session.execute(
                text("update organisation set status = 'REORGANISED', closed_on = now() where id = :id"),
                {"id": three},
            )


async def test_life_goes_one_way(database: Database) -> None:
    """Planned opens, open may be suspended and resumed, closed stays closed: the database refuses other ways."""
    organisation_id = await saved_organisation(database, planned=True)
    async with database.transaction() as session:
        for status in ("ACTIVE", "SUSPENDED", "ACTIVE"):
            await change_status(session, organisation_id, status, order=ORDER, provenance=MINJUST)
        assert (await told_of(session, organisation_id))["status_order"] == {
            "number": "12-к", "on": "2026-08-20",
        }  # fmt: skip
        await close_organisation(session, organisation_id, closed_on=TODAY, order=ORDER, provenance=MINJUST)
        assert await events_of(session, organisation_id) == [
            "ORGANISATION_REGISTERED", "ORGANISATION_ACTIVE", "ORGANISATION_SUSPENDED", "ORGANISATION_ACTIVE",
            "ORGANISATION_CLOSED",
        ]  # fmt: skip
    with pytest.raises(RegistryError, match="state"):
        async with database.transaction() as session:
            await change_status(session, organisation_id, "ACTIVE", order=ORDER, provenance=MINJUST)
    with pytest.raises(InputRefused):
        async with database.transaction() as session:
            await change_status(session, organisation_id, "CLOSED", order=ORDER, provenance=MINJUST)
    for change in (
        "update organisation set status = 'ACTIVE', closed_on = null",
        "update organisation set status = 'PLANNED', closed_on = null",
        "update organisation set closed_on = null",
        "update organisation set closed_on = '1900-01-01'",
    ):
        with pytest.raises(IntegrityError):
            async with database.transaction() as session:
                await session.execute(text(change))


async def test_a_closed_organisation_takes_nobody_from_its_closing_day(database: Database) -> None:
    """The database refuses enrolments, work, classes and heads that begin on the closing day or later, none before."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        await close_organisation(
            session, organisation_id, closed_on=date(2026, 7, 1), order=ORDER, provenance=MINJUST
        )
    before, from_then = date(2026, 6, 30), date(2026, 7, 1)
    async with database.transaction() as session:
        late = await add_enrolment(
            session,
            at=NOW,
            person_id=await person(session),
            organisation_id=organisation_id,
            start_on=before,
            end_on=from_then,
            **FULL_TIME,
        )
    with pytest.raises(IntegrityError, match="closed from this date"):
        async with database.transaction() as session:
            await add_enrolment(
                session,
                at=NOW,
                person_id=await person(session),
                organisation_id=organisation_id,
                start_on=from_then,
                **FULL_TIME,
            )
    with pytest.raises(IntegrityError, match="closed from this date"):
        async with database.transaction() as session:
            await session.execute(
                text("update enrolment set start_on = '2026-07-02', end_on = null where id = :id"),
                {"id": late},
            )
    group = NewClassGroup(academic_year="2026/27", name="1-А", opened_on=from_then, language_code="KY")
    async with database.transaction() as session:
        someone = await person(session)
    for refused in (
        lambda session: employee(session, organisation_id, start_on=from_then),
        lambda session: open_class_group(session, organisation_id, group, at=NOW),
        lambda session: appoint_head(
            session,
            Appointment(organisation_id=organisation_id, person_id=someone, from_on=from_then, order=ORDER),
            provenance=MINJUST,
        ),
    ):
        with pytest.raises(RegistryError, match="closed from this date"):
            async with database.transaction() as session:
                await refused(session)


async def test_nobody_is_left_behind_in_a_closed_school(database: Database) -> None:
    """While a learner or an employee is still there on the closing day the closing is refused, with both numbers."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        await add_enrolment(
            session,
            at=NOW,
            person_id=await person(session),
            organisation_id=organisation_id,
            start_on=date(2025, 9, 1),
            **FULL_TIME,
        )
        await employee(session, organisation_id)
    with pytest.raises(RegistryError, match="1 learners and 1 employees"):
        async with database.transaction() as session:
            await close_organisation(
                session, organisation_id, closed_on=TODAY, order=ORDER, provenance=MINJUST
            )
    async with database.transaction() as session:
        assert (await columns(session, organisation_id))["status"] == "ACTIVE"


async def test_classes_and_heads_end_with_the_school(database: Database) -> None:
    """On the closing day the head's appointment and the classes end."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        head = Appointment(
            organisation_id=organisation_id, person_id=await person(session), from_on=OPENED, order=ORDER
        )
        await appoint_head(session, head, provenance=MINJUST)
        group = NewClassGroup(
            academic_year="2026/27", name="1-А", opened_on=date(2026, 9, 1), language_code="KY"
        )
        await open_class_group(session, organisation_id, group, at=NOW)
        await close_organisation(session, organisation_id, closed_on=TODAY, order=ORDER, provenance=MINJUST)
        assert await head_on(session, organisation_id, on=TODAY) is None
        assert await head_on(session, organisation_id, on=TODAY - timedelta(days=1)) is not None
        assert await session.scalar(text("select closed_on from class_group")) == TODAY


async def test_ties_have_no_circle_and_one_parent(database: Database) -> None:
    """A branch has one parent at a time and never, through others, itself; ended ties free the place."""
    one, two, three = [await saved_organisation(database, f"S-{n}") for n in range(3)]

    def branch(of: UUID, parent: UUID) -> NewTie:
        return NewTie(from_id=of, to_id=parent, kind_code="BRANCH_OF", valid_from=OPENED, order=ORDER)

    async with database.transaction() as session:
        first = await relate(session, branch(two, one), at=NOW)
        await relate(session, branch(three, two), at=NOW)
    for impossible, reason in (
        (branch(one, three), "above itself"),
        (branch(one, one), "above itself"),
        (branch(two, three), "above itself"),
    ):
        with pytest.raises(RegistryError, match=reason):
            async with database.transaction() as session:
                await relate(session, impossible, at=NOW)
    with pytest.raises(RegistryError, match="branch of another"):
        async with database.transaction() as session:
            await relate(session, branch(three, one), at=NOW)
    async with database.transaction() as session:
        await end_tie(session, first, valid_until=TODAY, at=NOW)
        again = NewTie(from_id=two, to_id=one, kind_code="BRANCH_OF", valid_from=TODAY, order=ORDER)
        await relate(session, again, at=NOW)
        assert [tie.valid_until for tie in await ties_of(session, one)] == [TODAY, None]
    with pytest.raises(RegistryError):
        async with database.transaction() as session:
            await end_tie(session, first, valid_until=TODAY, at=NOW)


async def test_a_licence_counts_on_its_days_until_taken_back(database: Database) -> None:
    """A licence is in force from its first day until its term or its revocation, and its number is given once."""
    organisation_id = await saved_organisation(database)
    new = NewLicence(
        kind_code="LICENCE",
        number="L-1",
        issuer="MINISTRY",
        issued_on=date(2026, 1, 10),
        valid_from=date(2026, 2, 1),
        valid_until=date(2027, 2, 1),
    )
    async with database.transaction() as session:
        licence_id = await add_licence(session, organisation_id, new, provenance=MINJUST)
        for day, expected in (
            (date(2026, 1, 31), ()),
            (date(2026, 2, 1), (licence_id,)),
            (date(2027, 2, 1), ()),
        ):
            assert await licences_in_force(session, organisation_id, on=day) == expected
        await revoke_licence(session, licence_id, revoked_on=date(2026, 3, 1), at=NOW)
        assert await licences_in_force(session, organisation_id, on=date(2026, 3, 1)) == ()
        assert "LICENCE_REVOKED" in await events_of(session, organisation_id)
    with pytest.raises(RegistryError, match="licence of this number"):
        async with database.transaction() as session:
            await add_licence(session, organisation_id, new, provenance=MINJUST)
    with pytest.raises(RegistryError, match="no such licence"):
        async with database.transaction() as session:
            await revoke_licence(session, licence_id, revoked_on=TODAY, at=NOW)


async def test_a_class_has_its_name_once_a_year_and_a_grade_of_its_year(database: Database) -> None:
    """One name, year and shift is one class; grade 12 does not exist before the 12-year school."""
    organisation_id = await saved_organisation(database)
    values = {"academic_year": "2026/27", "opened_on": date(2026, 9, 1), "language_code": "KY"}
    async with database.transaction() as session:
        hours = (NOW.time(), NOW.replace(hour=9).time())
        second = await add_shift(session, organisation_id, "2026/27", 2, hours=hours, at=NOW)
        first = NewClassGroup(name="5-А", grade_code="5", **values)
        class_id = await open_class_group(session, organisation_id, first, at=NOW)
        await open_class_group(
            session, organisation_id, NewClassGroup(name="5-А", shift_id=second, **values), at=NOW
        )
        teacher = await employee(session, organisation_id)
        await appoint_class_teacher(session, class_id, teacher, version=1, at=NOW)
        await offer_programme(
            session,
            organisation_id,
            NewProgramme(
                code="P-1",
                name_ky="Программа",
                name_ru="Программа",
                level_code="GENERAL",
                form_code="FULL_TIME",
                language_code="KY",
                valid_from=TODAY,
            ),
            at=NOW,
        )
    with pytest.raises(ConcurrentChange):
        async with database.transaction() as session:
            await appoint_class_teacher(session, class_id, teacher, version=1, at=NOW)
    async with database.transaction() as session:
        other = await organisation(session, "S-2")
        stranger = await employee(session, other)
    with pytest.raises(RegistryError, match="does not work at"):
        async with database.transaction() as session:
            await appoint_class_teacher(session, class_id, stranger, version=2, at=NOW)
    with pytest.raises(RegistryError, match="shift is not one of"):
        async with database.transaction() as session:
            await open_class_group(
                session, other, NewClassGroup(name="5-А", shift_id=second, **values), at=NOW
            )
    with pytest.raises(RegistryError, match="class of this name"):
        async with database.transaction() as session:
            await open_class_group(session, organisation_id, first, at=NOW)
    early = NewClassGroup(
        name="12-А",
        grade_code="12",
        academic_year="2024/25",
        opened_on=date(2024, 9, 1),
        language_code="KY",
    )
    with pytest.raises(InputRefused, match="GRADE"):
        async with database.transaction() as session:
            await open_class_group(session, organisation_id, early, at=NOW)
    async with database.transaction() as session:
        await close_class_group(session, class_id, closed_on=TODAY, at=NOW)
        assert await events_of(session, class_id) == [
            "CLASS_GROUP_OPENED", "CLASS_TEACHER_APPOINTED", "CLASS_GROUP_CLOSED",
        ]  # fmt: skip
    with pytest.raises(RegistryError, match="no such class"):
        async with database.transaction() as session:
            await close_class_group(session, class_id, closed_on=TODAY, at=NOW)
