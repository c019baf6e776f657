"""Section III: employment, positions and load, heads by order, qualifications."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.books.files import packaged_books
from gateway.registry.education_documents import add_education_document
from gateway.registry.merges import Decided, merge
from gateway.registry.organisations.classes import NewClassGroup, open_class_group
from gateway.registry.projection import project_person
from gateway.registry.repository import add_assertions
from gateway.registry.sources import sources_of
from gateway.registry.staff.appointing import (
    Appointment,
    appoint_head,
    appoint_responsible,
    end_head,
    head_on,
)
from gateway.registry.staff.assigning import (
    NewAssignment,
    Teaching,
    assign,
    end_assignment,
    fte_of,
    teach,
)
from gateway.registry.staff.counting import employments_by_category
from gateway.registry.staff.employing import (
    NewEmployment,
    employments_overdue,
    end_employment,
    hire,
    note_social_fund,
)
from gateway.registry.staff.file import staff_file
from gateway.registry.staff.head_check import HeadFinding, compare_head
from gateway.registry.staff.qualifying import NewQualification, add_qualification, attest
from gateway.registry.values import VerificationStatus
from gateway.registry.writing import Order
from tests.intake.support import POLICIES, count
from tests.registry.sections.support import (
    MINJUST,
    NOW,
    ORDER,
    SCHOOL,
    TODAY,
    employee,
    events_of,
    organisation,
    person,
    saved_organisation,
    told_of,
)

POSITIONS = {
    row.code: row.attributes["category"]
    for book in packaged_books()
    if book.code == "POSITION"
    for row in book.rows
}
STARTED = date(2025, 9, 1)


@pytest.mark.requirement("R-007")
async def test_the_four_groups_add_up_to_all_employments(database: Database) -> None:
    """Every position brings its group, whatever the program says, and the groups' sum is the number of employments."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        for position in POSITIONS:
            await employee(session, organisation_id, position_code=position)
        found = await session.execute(text("select position_code, category_code from employment"))
        assert dict(found.all()) == POSITIONS
        groups = await employments_by_category(session, on=TODAY, organisation_id=organisation_id)
        assert sum(groups.values()) == len(POSITIONS) == await count(session, "from employment")
        assert set(groups) == {"ADMINISTRATIVE", "TEACHING", "SUPPORT", "SERVICE"}
        assert await employments_by_category(session, on=STARTED - timedelta(days=1)) == {}


async def test_an_employment_leaves_event_and_source_and_ends_with_its_assignments(
    database: Database,
) -> None:
    """Hiring and ending each leave an event and what was told; on the last day positions and classes are free."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        employment_id = await employee(session, organisation_id, contract_no="7")
        assignment = await assign(
            session,
            NewAssignment(
                employment_id=employment_id, position_code="TEACHER", fte=Decimal(1), from_on=STARTED
            ),
            at=NOW,
        )
        group = NewClassGroup(
            academic_year="2026/27", name="1-А", opened_on=date(2026, 9, 1), language_code="KY"
        )
        class_id = await open_class_group(session, organisation_id, group, at=NOW)
        await session.execute(
            text("update class_group set teacher_employment_id = :id"), {"id": employment_id}
        )
        await end_employment(session, employment_id, end_on=TODAY, reason_code="OWN_WISH", provenance=SCHOOL)
        assert await events_of(session, employment_id) == ["EMPLOYMENT_STARTED", "EMPLOYMENT_ENDED"]
        told = await told_of(session, employment_id)
        assert (told["position_code"], told["end_reason_code"], told["end_on"]) == (
            "TEACHER", "OWN_WISH", "2026-10-01",
        )  # fmt: skip
        ended = await session.scalar(
            text("select until_on from assignment where id = :id"), {"id": assignment}
        )
        assert ended == TODAY
        assert await count(session, "from class_group where teacher_employment_id is null") == 1
        assert class_id
    with pytest.raises(RegistryError, match="no such employment"):
        async with database.transaction() as session:
            await end_employment(
                session, employment_id, end_on=TODAY, reason_code="OWN_WISH", provenance=SCHOOL
            )


async def test_the_same_work_is_not_recorded_twice(database: Database) -> None:
    """One person, one organisation, one kind: once at a time. Another school or another kind is ordinary part-time."""
    async with database.transaction() as session:
        one, two = await organisation(session, "S-1"), await organisation(session, "S-2")
        person_id = await person(session)
        await employee(session, one, person_id=person_id)
        await employee(session, one, person_id=person_id, kind_code="PART_TIME", position_code="LIBRARIAN")
        await employee(session, two, person_id=person_id, kind_code="PART_TIME")
    for changed, reason in (
        ({}, "already works there"),
        ({"position_code": "WIZARD", "kind_code": "SECONDED"}, "POSITION: NOT_IN_BOOK"),
        ({"kind_code": "SLAVE"}, "EMPLOYMENT_KIND: NOT_IN_BOOK"),
    ):
        with pytest.raises(RegistryError, match=reason):
            async with database.transaction() as session:
                await employee(session, one, person_id=person_id, start_on=TODAY, **changed)


async def test_nobody_who_is_not_there_is_hired_or_appointed(database: Database) -> None:
    """A dead person, an annulled entry and nobody at all cannot begin work, nor head or answer for an organisation."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        people = [await person(session) for _ in range(2)]
        for person_id, status in zip(people, ("DECEASED", "ANNULLED"), strict=True):
            await session.execute(
                text("update person set status = :status where id = :id"), {"status": status, "id": person_id}
            )
    for person_id in (*people, organisation_id):
        new = Appointment(organisation_id=organisation_id, person_id=person_id, from_on=TODAY, order=ORDER)
        async with database.transaction() as session:
            for refused in (
                lambda s, p=person_id: employee(s, organisation_id, person_id=p),
                lambda s, n=new: appoint_head(s, n, provenance=SCHOOL),
                lambda s, n=new: appoint_responsible(s, n, provenance=SCHOOL),
            ):
                with pytest.raises(RegistryError, match="dead or annulled"):
                    await refused(session)


async def test_an_assignment_lies_within_its_employment(database: Database) -> None:
    """The database refuses positions before, after or twice within an employment, and an end that would cut one off."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        employment_id = await employee(session, organisation_id)
        first = NewAssignment(
            employment_id=employment_id, position_code="TEACHER", fte=Decimal("0.5"), from_on=STARTED
        )
        assignment_id = await assign(session, first, at=NOW)
    early = NewAssignment(
        employment_id=employment_id, position_code="COOK", fte=Decimal(1), from_on=STARTED - timedelta(days=1)
    )
    for refused, reason in ((early, "within its employment"), (first, "already held")):
        with pytest.raises(RegistryError, match=reason):
            async with database.transaction() as session:
                await assign(session, refused, at=NOW)
    with pytest.raises(IntegrityError, match="end the assignments"):
        async with database.transaction() as session:
            await session.execute(
                text("update employment set end_on = '2026-01-01', end_reason_code = 'OWN_WISH'")
            )
    for fte in ("0", "2.01"):
        with pytest.raises(RegistryError, match="fte"):
            async with database.transaction() as session:
                wrong = NewAssignment(
                    employment_id=employment_id, position_code="COOK", fte=Decimal(fte), from_on=STARTED
                )
                await assign(session, wrong, at=NOW)
    async with database.transaction() as session:
        await end_assignment(session, assignment_id, until_on=TODAY, at=NOW)
        with pytest.raises(RegistryError):
            await end_assignment(session, assignment_id, until_on=TODAY, at=NOW)


async def test_more_than_two_full_positions_is_a_case_not_a_refusal(database: Database) -> None:
    """The sum over all organisations is what counts, merged entries are one person, and a case is opened once."""
    async with database.transaction() as session:
        one, two = await organisation(session, "S-1"), await organisation(session, "S-2")
        master, twin_entry = await person(session), await person(session)
        employments = [
            await employee(session, one, person_id=master),
            await employee(session, two, person_id=twin_entry, kind_code="PART_TIME"),
        ]
        await merge(session, master, twin_entry, decided=Decided(by="reviewer", at=NOW), policies=POLICIES)
        for number, (employment_id, position) in enumerate(
            [
                (employments[0], "TEACHER"),
                (employments[1], "TEACHER"),
                (employments[1], "LIBRARIAN"),
                (employments[0], "COOK"),
            ]
        ):
            new = NewAssignment(
                employment_id=employment_id, position_code=position, fte=Decimal("0.75"), from_on=STARTED
            )
            await assign(session, new, at=NOW)
            assert await count(session, "from review_case where kind = 'FTE_OVERLOAD'") == (number > 1) + (
                number > 2
            )
        assert await fte_of(session, master, on=TODAY) == await fte_of(session, twin_entry, on=TODAY)
        assert await fte_of(session, master, on=TODAY) == Decimal("3.00")
        assert await fte_of(session, master, on=STARTED - timedelta(days=1)) == 0


async def test_hours_are_taught_in_classes_of_ones_own_school(database: Database) -> None:
    """A subject of the book in a class of the same organisation, once; a class of another school is refused."""
    async with database.transaction() as session:
        one, two = await organisation(session, "S-1"), await organisation(session, "S-2")
        employment_id = await employee(session, one)
        assignment_id = await assign(
            session,
            NewAssignment(
                employment_id=employment_id, position_code="TEACHER", fte=Decimal(1), from_on=STARTED
            ),
            at=NOW,
        )
        group = NewClassGroup(
            academic_year="2026/27", name="1-А", opened_on=date(2026, 9, 1), language_code="KY"
        )
        own, foreign = [await open_class_group(session, each, group, at=NOW) for each in (one, two)]
        hours = Decimal("4.5")
        await teach(
            session,
            assignment_id,
            Teaching(subject_code="PHYSICS", class_group_id=own, hours_per_week=hours),
            at=NOW,
        )
    for subject, class_id, reason in (
        ("PHYSICS", foreign, "not one of the organisation"),
        ("MAGIC", own, "SUBJECT: NOT_IN_BOOK"),
        ("PHYSICS", own, "refuses"),
    ):
        with pytest.raises(RegistryError, match=reason):
            async with database.transaction() as session:
                wrong = Teaching(subject_code=subject, class_group_id=class_id, hours_per_week=hours)
                await teach(session, assignment_id, wrong, at=NOW)


async def test_an_organisation_has_one_head_at_a_time(database: Database) -> None:
    """A new head ends the one before on that day; what the program forgets the database refuses; no order, no head."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        first, second, third = [await person(session) for _ in range(3)]

    def appointment(person_id, from_on, order=ORDER):
        return Appointment(organisation_id=organisation_id, person_id=person_id, from_on=from_on, order=order)

    async with database.transaction() as session:
        await appoint_head(session, appointment(first, STARTED), provenance=SCHOOL)
        await appoint_head(session, appointment(second, TODAY), provenance=SCHOOL, acting=True)
        before = await head_on(session, organisation_id, on=TODAY - timedelta(days=1))
        now = await head_on(session, organisation_id, on=TODAY)
        assert (before.person_id, before.acting, now.person_id, now.acting) == (first, False, second, True)
        assert now.order == ORDER
        assert (await told_of(session, organisation_id))["head"] == str(second)
    with pytest.raises(InputRefused):
        async with database.transaction() as session:
            await appoint_head(
                session, appointment(third, TODAY, Order(number="", on=TODAY)), provenance=SCHOOL
            )
    with pytest.raises(RegistryError, match="another head"):
        async with database.transaction() as session:
            await appoint_head(session, appointment(third, STARTED + timedelta(days=9)), provenance=SCHOOL)
    for change in (
        """
        insert into head_appointment select gen_random_uuid(), organisation_id, person_id, acting, null, 'x',
            order_date, from_on, until_on, recorded_at from head_appointment
        """,
        "update head_appointment set until_on = null",
    ):
        with pytest.raises(IntegrityError, match="one_head"):
            async with database.transaction() as session:
                await session.execute(text(change))
    for change in (
        "update head_appointment set person_id = gen_random_uuid()",
        "delete from head_appointment",
    ):
        with pytest.raises(DBAPIError, match="history"):
            async with database.transaction() as session:
                await session.execute(text(change))
    async with database.transaction() as session:
        await end_head(session, organisation_id, until_on=TODAY + timedelta(days=5), provenance=SCHOOL)
        assert await head_on(session, organisation_id, on=TODAY + timedelta(days=5)) is None
        with pytest.raises(RegistryError):
            await end_head(session, organisation_id, until_on=TODAY, provenance=SCHOOL)


async def test_another_head_in_another_register_is_a_case(database: Database) -> None:
    """The same head in other spelling and order is the same; another name opens one case and appoints nobody."""
    async with database.transaction() as session:
        organisation_id, person_id = await organisation(session), await person(session)
        assert (
            await compare_head(session, organisation_id, "КТО-ТО", provenance=MINJUST)
            is HeadFinding.NO_HEAD_HERE
        )
        values = {"surname": "Өмүрбекова", "given_name": "Жаңыл", "patronymic": "Асановна"}
        await add_assertions(session, person_id, values, provenance=SCHOOL)
        await project_person(session, person_id, POLICIES, at=NOW)
        head = Appointment(organisation_id=organisation_id, person_id=person_id, from_on=STARTED, order=ORDER)
        await appoint_head(session, head, provenance=SCHOOL)
        for told, expected, cases in (
            ("ӨМҮРБЕКОВА ЖАҢЫЛ АСАНОВНА", HeadFinding.SAME, 0),
            ("Жаныл Омурбекова", HeadFinding.SAME, 0),
            ("Сыдыков Азамат Бакытович", HeadFinding.ANOTHER, 1),
            ("Өмүрбекова Гүлзат", HeadFinding.ANOTHER, 1),
        ):
            assert await compare_head(session, organisation_id, told, provenance=MINJUST) is expected
            assert await count(session, "from review_case where kind = 'HEAD_MISMATCH'") == cases
        assert (await head_on(session, organisation_id, on=TODAY)).person_id == person_id
        assert (await sources_of(session, organisation_id))["head_name"].source == "MINJUST"


async def test_our_own_diploma_is_recognised(database: Database) -> None:
    """A diploma the registry issued to this person matches; another person's or an annulled one is a mismatch."""
    async with database.transaction() as session:
        college = await organisation(session, "C-1", type_code="COLLEGE")
        holder, stranger = await person(session), await person(session)
        issued = {
            "series": "КД",
            "issued_on": date(2010, 6, 30),
            "organisation_id": college,
            "person_id": holder,
        }
        for number, status in (("100", "VALID"), ("200", "ANNULLED")):
            await add_education_document(
                session, at=NOW, type="DIPLOMA_SPO", number=number, status=status, **issued
            )

    async def check(person_id, number):
        shown = NewQualification(
            kind_code="DIPLOMA",
            institution="Колледж",
            document_series="КД",
            document_no=number,
            issued_on=date(2010, 6, 30),
        )
        async with database.transaction() as session:
            return (await add_qualification(session, person_id, shown, provenance=SCHOOL)).status

    assert await check(holder, "100") is VerificationStatus.MATCHED_WITH_SOURCE
    assert await check(stranger, "100") is VerificationStatus.MISMATCH
    assert await check(holder, "200") is VerificationStatus.MISMATCH
    assert await check(holder, "300") is VerificationStatus.UNVERIFIED
    with pytest.raises(RegistryError, match="already recorded"):
        await check(holder, "100")


async def test_a_new_category_ends_the_one_before(database: Database) -> None:
    """A person has one attestation category on any day, and only one the book knows."""
    async with database.transaction() as session:
        person_id = await person(session)
        for code, day in (("SECOND", date(2020, 1, 1)), ("FIRST", date(2025, 1, 1))):
            await attest(session, person_id, code, order=ORDER, period=(day, None), provenance=SCHOOL)
        found = await session.execute(
            text("select category_code, valid_until from category_attestation order by valid_from")
        )
        assert found.all() == [("SECOND", date(2025, 1, 1)), ("FIRST", None)]
    for code, day, reason in (
        ("FIRST", date(2022, 1, 1), "another category"),
        ("SUPREME", TODAY, "NOT_IN_BOOK"),
    ):
        with pytest.raises(RegistryError, match=reason):
            async with database.transaction() as session:
                await attest(session, person_id, code, order=ORDER, period=(day, None), provenance=SCHOOL)


async def test_the_social_fund_informs_and_changes_nothing(database: Database) -> None:
    """What the fund says is noted with its time; only employments past the days of grace are overdue."""
    organisation_id = await saved_organisation(database)
    async with database.transaction() as session:
        old = await employee(session, organisation_id)
        recent = await employee(session, organisation_id, start_on=TODAY)
        known = await employee(session, organisation_id)
        for employment_id, status in ((old, "NOT_FOUND"), (recent, "NOT_FOUND"), (known, "CONFIRMED")):
            await note_social_fund(session, employment_id, status, provenance=SCHOOL)
        overdue = await employments_overdue(session, hired_before=TODAY - timedelta(days=60))
        assert overdue == (old,)
        assert (
            await count(
                session, "from employment where end_on is null and social_fund_checked_at is not null"
            )
            == 3
        )
        with pytest.raises(RegistryError):
            await note_social_fund(session, organisation_id, "ENDED", provenance=SCHOOL)


async def test_the_personal_file_opens_in_the_order_of_the_days(database: Database) -> None:
    """Work, positions, orders and papers of all entries of one human are one file, oldest first."""
    async with database.transaction() as session:
        one, person_id, merged = await organisation(session), await person(session), await person(session)
        await merge(session, person_id, merged, decided=Decided(by="reviewer", at=NOW), policies=POLICIES)
        employment_id = await employee(session, one, person_id=merged, order_no="5")
        position = NewAssignment(
            employment_id=employment_id, position_code="TEACHER", fte=Decimal(1), from_on=date(2025, 9, 2)
        )
        await assign(session, position, at=NOW)
        diploma = NewQualification(
            kind_code="DIPLOMA", institution="КНУ", document_no="1", issued_on=date(2005, 6, 30)
        )
        await add_qualification(session, person_id, diploma, provenance=SCHOOL)
        await attest(
            session, person_id, "FIRST", order=ORDER, period=(date(2026, 1, 1), None), provenance=SCHOOL
        )
        head = Appointment(
            organisation_id=one, person_id=person_id, from_on=date(2026, 2, 1), order=ORDER, until_on=TODAY
        )
        await appoint_head(session, head, provenance=SCHOOL)
        await end_employment(session, employment_id, end_on=TODAY, reason_code="RETIRED", provenance=SCHOOL)
        file = await staff_file(session, merged)
        assert file == await staff_file(session, person_id)
        assert await staff_file(session, await person(session)) == ()
    assert [(entry.kind, entry.code, entry.order_no) for entry in file] == [
        ("QUALIFICATION", "DIPLOMA", None),
        ("EMPLOYMENT_STARTED", "TEACHER", "5"),
        ("ASSIGNMENT", "TEACHER", None),
        ("CATEGORY", "FIRST", "12-к"),
        ("HEAD_APPOINTED", None, "12-к"),
        ("EMPLOYMENT_ENDED", "RETIRED", None),
        ("HEAD_RELEASED", None, None),
    ]
    assert [entry.organisation_id for entry in file] == [None, one, one, None, one, one, one]


@pytest.mark.requirement("R-016")
async def test_one_human_is_stored_once_whatever_the_roles(database: Database) -> None:
    """A teacher who heads another school and answers for its data is one entry with one number."""
    async with database.transaction() as session:
        one, two = await organisation(session, "S-1"), await organisation(session, "S-2")
        person_id = await person(session)
        new = NewEmployment(
            person_id=person_id, organisation_id=one, position_code="TEACHER", start_on=STARTED
        )
        await hire(session, new, provenance=SCHOOL)
        head = Appointment(organisation_id=two, person_id=person_id, from_on=STARTED, order=ORDER)
        await appoint_head(session, head, provenance=SCHOOL)
        assert await count(session, "from person") == 1
