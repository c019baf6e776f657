"""Classes, leaves, examinations, configured registers, whole files and infrastructure, past the API."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.crypto.detached import sign_detached
from gateway.disclosure.exports.learners import EXPORT_STAFF, ExportRequest, export_learners
from gateway.foundation.clock import BISHKEK
from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError, SignatureError
from gateway.foundation.tables import FileFormat
from gateway.intake.lateness import lateness
from gateway.intake.ports import AgencyAnswer, Outcome, PassportRecord
from gateway.intake.staff_papers import take_passport, take_social_fund_word
from gateway.registry.learners.classes import class_learners, place_in_class
from gateway.registry.learners.consents import Agreed, Sheet, give_consent
from gateway.registry.learners.exams import Exam, exams_of, record_exam
from gateway.registry.learners.orders import Kind
from gateway.registry.organisations.classes import NewClassGroup, close_class_group, open_class_group
from gateway.registry.organisations.infrastructure import infrastructure_cells
from gateway.registry.papers.whole_file import open_package, sign_file, whole_file
from gateway.registry.registers.definition import read_registers
from gateway.registry.registers.entries import define_registers, entries_of, record_entry, registers
from gateway.registry.repository import Provenance
from tests.intake.support import POLICIES
from tests.journal_rows import source_answered
from tests.people import People
from tests.pki import signer
from tests.registry.learners.support import PAPER, enrol, entry_of, order, schools
from tests.registry.sections.support import employee

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
AUTUMN = date(2026, 9, 1)
TOLD = Provenance(source="SCHOOL", recorded_at=NOW, entered_by="clerk.one")
AWARDS = Path(__file__).resolve().parents[3] / "config" / "registers" / "awards.toml"


async def _class(session: object, school: UUID, name: str, **more: object) -> UUID:
    values = {"academic_year": "2026/27", "opened_on": AUTUMN, "language_code": "KY", **more}
    return await open_class_group(session, school, NewClassGroup(name=name, **values), at=NOW)  # type: ignore[arg-type]


async def _place(session: object, place: UUID, class_id: UUID, on: date = AUTUMN) -> UUID:
    return await place_in_class(session, place, class_id, from_on=on, by="clerk", at=NOW)  # type: ignore[arg-type]


@pytest.mark.requirement("R-035")
async def test_nobody_is_in_two_classes_of_a_kind_at_once(database: Database) -> None:
    """Past the program too: a second teaching class, another school's, a full one, days outside the place are refused."""
    one, other = await schools(database, 2)
    people = People(51)
    async with database.transaction() as session:
        place, second = [
            await enrol(session, await entry_of(session, people.person()), one, AUTUMN, grade="5")
            for _ in "ab"
        ]
        five, full, day, foreign = (
            await _class(session, one, "5А"),
            await _class(session, one, "5Б", capacity=1),
            await _class(session, one, "ГПД", kind_code="EXTENDED_DAY"),
            await _class(session, other, "5А"),
        )
        await _place(session, place, five)
        await _place(session, place, day)
        await _place(session, second, full)
    insert = (
        "insert into class_membership (id, enrolment_id, class_group_id, place, from_on, recorded_at, recorded_by) "
        "values (gen_random_uuid(), '{}', '{}', '{}', '{}', now(), 'x')"
    )
    for refused, why in (
        (insert.format(place, full, "EXTENDED_DAY", AUTUMN), "class is full|ex_class_membership"),
        (insert.format(second, five, "x", AUTUMN), "ex_class_membership"),
        (insert.format(place, foreign, "x", AUTUMN), "own place"),
        (insert.format(place, five, "x", "2026-08-01"), "own place"),
        ("update class_membership set from_on = from_on - 1", "history|own place"),
        ("delete from class_membership", "history"),
    ):
        with pytest.raises(DBAPIError, match=why):
            async with database.transaction() as session:
                await session.execute(text(refused))
    async with database.transaction() as session:
        with pytest.raises(RegistryError, match="the class is full"):
            await _place(session, place, full, date(2026, 10, 1))
    async with database.transaction() as session:
        await close_class_group(session, full, closed_on=date(2026, 10, 1), at=NOW)
        await order(session, place, Kind.EXPEL, date(2026, 10, 15))
        for class_id, on, there in (
            (full, date(2026, 9, 30), 1), (full, date(2026, 10, 1), 0), (five, date(2026, 10, 14), 1),
            (five, date(2026, 10, 15), 0), (day, date(2026, 10, 15), 0),
        ):  # fmt: skip
            assert len(await class_learners(session, class_id, on=on)) == there


@pytest.mark.requirement("R-040")
async def test_a_register_is_added_by_a_file(database: Database) -> None:
    """Awards become a register by configuration: fields, classes, readers; entries keep source, event and correction."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        made = await define_registers(session, AWARDS.read_text(encoding="utf-8"), by="admin", at=NOW)
        assert made == {"AWARD": 1}
        again = await define_registers(session, AWARDS.read_text(encoding="utf-8"), by="admin", at=NOW)
        assert again == {}
        wider = AWARDS.read_text(encoding="utf-8").replace('"PARENT"]', '"PARENT", "SPECIAL_ADMIN"]')
        assert await define_registers(session, wider, by="admin", at=NOW) == {"AWARD": 2}
        assert [(each.code, len(each.readers)) for each in await registers(session)] == [("AWARD", 6)]
        person_id = await entry_of(session, People(52).person())
        await enrol(session, person_id, school, AUTUMN)
        given = {"title": "Математика олимпиадасы", "sort": "OLYMPIAD", "place": 2}
        first = await record_entry(session, "AWARD", person_id, given, on=AUTUMN, provenance=TOLD)
        for wrong, problem in (
            ({"sort": "OLYMPIAD"}, ("title", "REQUIRED")),
            (given | {"sort": "MEDAL"}, ("sort", "NOT_IN_BOOK")),
            (given | {"diagnosis": "x"}, ("content", "UNKNOWN_FIELD")),
            (given | {"place": "two"}, ("place", "RANGE")),
        ):
            with pytest.raises(InputRefused) as refused:
                await record_entry(session, "AWARD", person_id, wrong, on=AUTUMN, provenance=TOLD)
            assert refused.value.problems == (problem,)
        await record_entry(
            session, "AWARD", person_id, given | {"place": 1}, on=AUTUMN, provenance=TOLD, corrects=first
        )
        (standing,) = await entries_of(session, person_id)
        assert (standing.content["place"], standing.source_code) == (1, "SCHOOL")
        events = await session.execute(
            text("select count(*) from registry_event where type = 'REGISTER_ENTRY'")
        )
        assert events.scalar_one() == 2
        (register,) = read_registers(AWARDS.read_text(encoding="utf-8"))
        assert register.shown(given, classes=frozenset({"PUBLIC"})) == {}
    for statement in (
        "update register_entry set happened_on = happened_on",
        "delete from register_definition",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.transaction() as session:
                await session.execute(text(statement))
    special = AWARDS.read_text(encoding="utf-8").replace('class = "PERSONAL"', 'class = "SPECIAL"')
    with pytest.raises(RegistryError, match="its class is one of"):
        read_registers(special)


async def test_an_exam_result_is_corrected_and_never_changed(database: Database) -> None:
    """A certificate's part is recorded once; a correction takes its place; an examination outside the book is refused."""
    async with database.transaction() as session:
        person_id = await entry_of(session, People(53).person())
        exam = Exam(
            exam_code="ORT_MAIN", taken_on=date(2026, 5, 20), points=Decimal("168.00"), certificate_no="A-1"
        )
        first = await record_exam(session, person_id, exam, provenance=TOLD)
        better = Exam(
            exam_code="ORT_MAIN", taken_on=date(2026, 5, 20), points=Decimal("186.00"), certificate_no="A-1"
        )
        await record_exam(session, person_id, better, provenance=TOLD, corrects=first)
        assert [each.exam.points for each in await exams_of(session, person_id)] == [Decimal("186.00")]
    for wrong, error in ((exam, RegistryError), (Exam(
        exam_code="NONE", taken_on=AUTUMN, points=Decimal(1), certificate_no="B"
    ), InputRefused)):  # fmt: skip
        with pytest.raises(error):
            async with database.transaction() as session:
                await record_exam(session, person_id, wrong, provenance=TOLD)


@pytest.mark.requirement("R-046", "R-081")
async def test_a_personal_file_is_one_signed_package_by_day(database: Database) -> None:
    """Orders, the consent with the place of its paper, exchanges and entries stand by day; the package proves itself."""
    (school,) = await schools(database, 1)
    ours = signer("registry-files")
    async with database.transaction() as session:
        person_id = await entry_of(session, People(54).person(birth_date=date(2008, 3, 1)))
        place = await enrol(session, person_id, school, AUTUMN)
        await order(session, place, Kind.LEAVE, date(2026, 10, 1))
        agreed = Agreed(scope_code="PHOTO", purpose_code="SITE")
        sheet = Sheet(agreed=agreed, given_on=date(2026, 9, 5), form="PAPER", paper_location="safe 2, file 7")
        await give_consent(session, person_id, person_id, sheet, by="clerk", at=NOW)
        items = await whole_file(session, person_id)
        assert [each.on for each in items] == sorted(each.on for each in items)
        kinds = [each.kind for each in items]
        assert {"ORDER_ENROL", "ORDER_LEAVE", "CONSENT"} <= set(kinds)
        assert next(each.place for each in items if each.kind == "CONSENT") == "safe 2, file 7"
        package = (await sign_file(session, person_id, ours, at=NOW)).package
    content = open_package(package, signer=ours.certificate)
    assert len(json.loads(content)["items"]) == len(items)
    with pytest.raises(SignatureError):
        open_package(package, signer=signer("somebody-else").certificate)
    assert sign_detached(ours, content).signature != b""
    async with database.transaction() as session:
        kept = await session.execute(text("select kind, content from signed_content"))
        assert [tuple(row) for row in kept] == [("PERSONAL_FILE", content)]


@pytest.mark.requirement("R-033", "R-042")
async def test_the_infrastructure_cells_are_filled_from_the_sites(database: Database) -> None:
    """What either is or is not there counts once, the rest is summed over sites; what nobody recorded stays empty."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        for name in ("main", "branch"):
            site, building = uuid4(), uuid4()
            await session.execute(
                text("insert into site (id, organisation_id, name, soate, address, valid_from) "
                     "values (:id, :org, :name, '41702000000000', 'x', '2020-01-01')"),
                {"id": site, "org": school, "name": name},
            )  # fmt: skip
            await session.execute(
                text("insert into building (id, site_id, name, area_m2) values (:id, :site, 'a', 100.5)"),
                {"id": building, "site": site},
            )
            for code, amount in (("RUNNING_WATER", 1), ("COMPUTERS", 12)):
                await session.execute(
                    text("insert into facility_year (site_id, academic_year, facility_code, amount, recorded_at) "
                         "values (:site, '2026/27', :code, :amount, now())"),
                    {"site": site, "code": code, "amount": amount},
                )  # fmt: skip
        cells = {
            (each.book, each.code): each.amount
            for each in await infrastructure_cells(session, school, academic_year="2026/27", on=AUTUMN)
        }
    assert cells["FACILITY", "RUNNING_WATER"] == 1
    assert cells["FACILITY", "COMPUTERS"] == 24
    assert cells["FACILITY", "HOT_MEALS"] is None
    assert (cells["BUILDING", "BUILDINGS"], cells["BUILDING", "AREA"]) == (2, Decimal("201.00"))


@pytest.mark.requirement("R-074")
async def test_hours_a_source_was_down_are_nobodys_fault(database: Database) -> None:
    """Of two days' delay, by the days of Kyrgyzstan, the day the source did not answer is excused; the order names who entered it."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        place = await enrol(session, await entry_of(session, People(55).person()), school, date(2026, 10, 1))
        down, up = datetime(2026, 10, 3, tzinfo=BISHKEK), datetime(2026, 10, 4, tzinfo=BISHKEK)
        await source_answered(session, (down, "AgencyUnavailable"), (up, "OK"))
        entered = datetime(2026, 10, 5, tzinfo=BISHKEK)
        await order(session, place, Kind.LEAVE, date(2026, 10, 2), at=entered)
        found = await lateness(session, school, since=date(2026, 10, 4), until=date(2026, 10, 6))
    (late,) = [each for each in found if each.hours > 0]
    assert (late.hours, late.excused, late.answerable) == (48.0, 24.0, 24.0)
    assert late.by == PAPER.entered_by


@pytest.mark.requirement("R-031")
async def test_staff_is_exported_with_positions_and_recorded(database: Database) -> None:
    """Employments with their positions and loads leave in one file, and stand in each person's list of uses."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        work = await employee(session, school)
        await employee(session, school, start_on=date(2999, 1, 1))
        await session.execute(
            text("insert into assignment (id, employment_id, position_code, fte, from_on, recorded_at) "
                 "values (gen_random_uuid(), :work, 'TEACHER', 1.25, '2025-09-01', now())"),
            {"work": work},
        )  # fmt: skip
    request = ExportRequest(
        organisation_code="S-1",
        reason="report of staff",
        by="head",
        file_format=FileFormat.CSV,
        what=EXPORT_STAFF,
    )
    made = await export_learners(database, request, permitted=lambda _a, _o: True)
    lines = made.content.decode("utf-8-sig").splitlines()
    assert (made.row_count, len(lines)) == (1, 3)
    assert "TEACHING;TEACHER;MAIN;1.25;;01.09.2025" in lines[2]
    async with database.transaction() as session:
        used = await session.execute(text("select service, client from disclosure"))
        assert [tuple(row) for row in used] == [("export_staff", "organisation:S-1")]


def _passport(number: str, **more: object) -> AgencyAnswer[PassportRecord]:
    record = PassportRecord(series="ID", number=number, **{"valid": True, **more})  # type: ignore[arg-type]
    return AgencyAnswer(
        outcome=Outcome.FOUND,
        source="PASSPORT",
        answered_at=NOW,
        record=record,
        exchange_id=uuid4(),
        message_id="m",
    )


@pytest.mark.requirement("R-026", "R-029")
async def test_three_findings_about_staff_come_to_three_ends(database: Database) -> None:
    """S-8: part-time in two schools is ordinary; one passport with two people is disputed; a void one is asked about."""
    one, other = await schools(database, 2)
    async with database.transaction() as session:
        people = People(56)
        teacher, double, third = [await entry_of(session, people.person()) for _ in "abc"]
        for school, kind in ((one, "MAIN"), (other, "PART_TIME")):
            await employee(session, school, person_id=teacher, kind_code=kind)
        assert await take_passport(session, teacher, _passport("1"), policies=POLICIES, at=NOW) == ()
        cases = [
            *await take_passport(session, double, _passport("1"), policies=POLICIES, at=NOW),
            *await take_passport(session, third, _passport("2", valid=False), policies=POLICIES, at=NOW),
        ]
        kinds = await session.execute(
            text("select kind from review_case where id = any(:ids) order by kind"), {"ids": cases}
        )
        assert list(kinds.scalars()) == ["DUP_STAFF_DOCUMENT", "STALE"]
        held = await session.execute(
            text(
                "select person_id, status from person_identifier where scheme = 'PASSPORT' and value = 'ID1'"
            )
        )
        assert {row[0]: row[1] for row in held} == {teacher: "VERIFIED", double: "DISPUTED"}
        loads = await session.execute(
            text("select count(*) from review_case where person_id = :id"), {"id": teacher}
        )
        assert loads.scalar_one() == 0


@pytest.mark.requirement("R-056")
async def test_work_that_ended_at_the_fund_asks_to_block_the_access(database: Database) -> None:
    """The fund's word opens a task for who has access there, once, and none for who has none."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        people = People(57)
        with_access, without = [await entry_of(session, people.person()) for _ in "ab"]
        works = [await employee(session, school, person_id=each) for each in (with_access, without)]
        account = uuid4()
        await session.execute(
            text("insert into account (id, person_id, login, state, created_at, identified_kind, identified_ref, "
                 "identified_at) values (:id, :who, 'clerk.one', 'ACTIVE', now(), 'IN_PERSON_ACT', '1', now())"),
            {"id": account, "who": with_access},
        )  # fmt: skip
        await session.execute(
            text("insert into role_grant (id, account_id, role, scope_type, organisation_id, order_no, order_on, "
                 "valid_from, granted_at) values (gen_random_uuid(), :id, 'RESPONSIBLE', 'ORGANISATION', :school, '1', "
                 "'2026-01-01', '2026-01-01', now())"),
            {"id": account, "school": school},
        )  # fmt: skip
        fund = Provenance(source="SOCIAL_FUND", recorded_at=NOW)
        said = [await take_social_fund_word(session, work, "ENDED", provenance=fund) for work in works]
        again = await take_social_fund_word(session, works[0], "ENDED", provenance=fund)
        assert said[0] is not None
        assert (said[1], again) == (None, said[0])
        assert await take_social_fund_word(session, works[0], "CONFIRMED", provenance=fund) is None
    assert datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1) < NOW
