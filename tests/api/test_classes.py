"""Classes over HTTP: opened, taught, filled; and how far a teacher sees, by the API and past it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.access.wall import walled
from gateway.foundation.clock import today
from tests.access.world import LANGUAGE, ROLES, World
from tests.api.conftest import Desk

TODAY = today()
SEEING = {"district": {"a-pupil"}, "head": {"a-pupil"}, "responsible": {"a-pupil"}, "teacher": {"a-pupil"}}


async def _year(desk: Desk) -> str:
    _, classes, _ = await desk.ask("responsible", "GET", "organisations/A-SCHOOL/classes")
    return str(classes[0]["academic_year"])


async def _set(world: World, statement: str, **values: object) -> None:
    async with world.database.transaction() as session:
        await session.execute(text(statement), values)


@pytest.mark.requirement("R-075", "R-050")
async def test_a_teacher_opens_the_own_class_and_no_other(desk: Desk) -> None:
    """The teacher of 5A lists its learners by name, and 5Б is answered like a class that is not there."""
    own, other = desk.world.classes["5A"], desk.world.classes["5B"]
    status, found, _ = await desk.ask("teacher", "GET", f"classes/{own}/learners")
    assert (status, [each["isuo_no"] for each in found]) == (200, [desk.world.numbers["a-pupil"]])
    assert set(found[0]) == {
        "enrolment_id", "isuo_no", "surname", "given_name", "patronymic", "from_on", "until_on",
    }  # fmt: skip
    for part in ("learners", "marks", f"attendance?since={TODAY}&until={TODAY}"):
        closed = await desk.ask("teacher", "GET", f"classes/{other}/{part}")
        absent = await desk.ask("teacher", "GET", f"classes/{uuid4()}/{part}")
        assert closed[:2] == absent[:2]
        assert closed[0] == 404
    assert (await desk.ask("teacher", "GET", f"learners/{desk.world.numbers['a-pupil']}"))[0] == 403
    _, classes, _ = await desk.ask("teacher", "GET", "classes")
    assert [each["class_id"] for each in classes] == [str(own)]


@pytest.mark.requirement("R-075")
async def test_marks_and_absences_are_the_teachers_of_the_class(desk: Desk) -> None:
    """The teacher records and corrects in the own class; the head only reads, and no other class's learner is taken."""
    world, own = desk.world, desk.world.classes["5A"]
    await _set(world, "update enrolment set grade = '8' where id = :id", id=world.enrolments["a-pupil"])
    mark: dict[str, Any] = {
        "enrolment_id": str(world.enrolments["a-pupil"]), "subject_code": "MATH", "period_code": "Q1",
        "kind": "QUARTER", "mark": "4",
    }  # fmt: skip
    status, made, _ = await desk.ask("teacher", "POST", f"classes/{own}/marks", mark)
    assert status == 201, made
    corrected = await desk.ask(
        "teacher", "POST", f"classes/{own}/marks", mark | {"mark": "5", "corrects": made["id"]}
    )
    assert corrected[0] == 201
    _, standing, _ = await desk.ask("head", "GET", f"classes/{own}/marks")
    assert [each["mark"] for each in standing] == ["5"]
    assert (await desk.ask("head", "POST", f"classes/{own}/marks", mark))[0] == 403
    strange = mark | {"enrolment_id": str(world.enrolments["b-pupil"])}
    assert (await desk.ask("teacher", "POST", f"classes/{own}/marks", strange))[0] == 404
    absence = {"enrolment_id": mark["enrolment_id"], "happened_on": str(TODAY), "type": "ABSENT"}
    status, made, _ = await desk.ask("teacher", "POST", f"classes/{own}/attendance", absence)
    assert status == 201, made
    until = TODAY + timedelta(days=1)
    _, facts, _ = await desk.ask("head", "GET", f"classes/{own}/attendance?since={TODAY}&until={until}")
    assert [(each["type"], each["corrections"]) for each in facts] == [("ABSENT", 0)]


@pytest.mark.requirement("R-050", "R-075")
async def test_classes_hold_the_roles_own_learners_past_the_program_too(world: World) -> None:
    """Asked without a filter, every table of classwork holds the rows of the role's place, class or family alone."""
    await _set(
        world,
        "insert into attendance_fact (id, enrolment_id, happened_on, type, recorded_at, recorded_by) "
        "select gen_random_uuid(), id, (now() at time zone 'Asia/Bishkek')::date, 'ABSENT', now(), 'clerk' from enrolment where not held",
    )
    for role in ROLES:
        expected = {world.learners[name] for name in SEEING.get(role, set())}
        assert await _people(world, role, "select person_id from class_learner") == expected, role
        family = {world.learners["a-pupil"]} if role in {"learner", "parent"} else set()
        places = await _people(world, role, "select enrolment_id from class_membership")
        assert places == ({world.enrolments["a-pupil"]} if expected | family else set()), role
        absences = await _people(world, role, "select enrolment_id from attendance_fact")
        if role in {"teacher", "learner", "parent"}:
            assert absences == {world.enrolments["a-pupil"]}
        assert world.enrolments["b-pupil"] not in absences
        seen = {world.classes["5A"]} if role == "teacher" else None
        groups = await _people(world, role, "select id from class_group")
        assert seen is None or groups == seen
        assert not groups or role in {*SEEING, "ministry", "special"}
    assert await _people(world, "teacher", "select id from person") == set()
    assert await _people(world, "teacher", "select id from enrolment") == set()


async def _people(world: World, role: str, question: str) -> set[UUID]:
    async with walled(world.database, world.accounts[role]) as session:
        return set((await session.execute(text(question))).scalars())


async def test_the_teachers_reach_follows_the_table_of_classes(desk: Desk) -> None:
    """Whoever is made teacher of a class reads it at once, and no longer once the class or the work has ended."""
    world, other = desk.world, desk.world.classes["5B"]
    path = f"classes/{other}/learners"
    assert (await desk.ask("teacher", "GET", path))[0] == 404
    hiring = {
        "pin": world.pins["teacher"], "position_code": "TEACHER", "start_on": "2020-09-01", "order_no": "1",
    }  # fmt: skip
    status, hired, _ = await desk.ask(
        "responsible", "POST", "organisations/A-SCHOOL/staff", hiring, Idempotency_Key=str(uuid4())
    )
    assert status == 201, hired
    wish = {"employment_id": hired["employment_id"]}
    assert (await desk.ask("responsible", "POST", f"classes/{other}/teacher", wish))[0] == 428
    given = await desk.ask("responsible", "POST", f"classes/{other}/teacher", wish, If_Match='"1"')
    assert given[0] == 204
    assert (await desk.ask("teacher", "GET", path))[0] == 200
    assert await _people(world, "teacher", "select id from class_group") == {other, world.classes["5A"]}
    await _set(
        world,
        "update employment set end_on = (now() at time zone 'Asia/Bishkek')::date, end_reason_code = 'OWN_WISH' where id = :id",
        id=UUID(hired["employment_id"]),
    )
    assert (await desk.ask("teacher", "GET", path))[0] == 404
    closing = {"closed_on": str(TODAY)}
    closed = await desk.ask("responsible", "POST", f"classes/{world.classes['5A']}/closing", closing)
    assert closed[0] == 204
    assert (await desk.ask("teacher", "GET", f"classes/{world.classes['5A']}/learners"))[0] == 404
    assert await _people(world, "teacher", "select id from class_group") == set()


@pytest.mark.requirement("R-071")
async def test_shifts_programmes_and_classes_are_opened_and_filled(desk: Desk) -> None:
    """The responsible person opens them; the head does not, another school's are not there, doubles are refused."""
    year = await _year(desk)
    shift = {"academic_year": year, "number": 2, "starts_at": "13:00", "ends_at": "18:00"}
    status, made, _ = await desk.ask("responsible", "POST", "organisations/A-SCHOOL/shifts", shift)
    assert status == 201, made
    group = {
        "academic_year": year, "name": "9Б", "opened_on": str(TODAY), "language_code": LANGUAGE,
        "grade_code": "9", "shift_id": made["id"], "capacity": 1,
    }  # fmt: skip
    status, made, _ = await desk.ask("responsible", "POST", "organisations/A-SCHOOL/classes", group)
    assert status == 201, made
    assert (await desk.ask("responsible", "POST", "organisations/A-SCHOOL/classes", group))[0] == 409
    assert (await desk.ask("head", "POST", "organisations/A-SCHOOL/classes", group))[0] == 403
    assert (await desk.ask("responsible", "POST", "organisations/B-SCHOOL/classes", group))[0] == 404
    programme = {
        "code": "GENERAL", "name_ky": "Жалпы", "name_ru": "Общее", "level_code": "GENERAL",
        "form_code": "FULL_TIME", "language_code": LANGUAGE, "valid_from": "2026-09-01",
    }  # fmt: skip
    status, answer, _ = await desk.ask("responsible", "POST", "organisations/A-SCHOOL/programmes", programme)
    assert status == 201, answer
    _, offered, _ = await desk.ask("ministry", "GET", "organisations/A-SCHOOL/programmes")
    assert [each["code"] for each in offered] == ["GENERAL"]
    place = {"enrolment_id": str(desk.world.enrolments["a-pupil"]), "from_on": str(TODAY + timedelta(days=1))}
    assert (await desk.ask("responsible", "POST", f"classes/{made['id']}/learners", place))[0] == 201
    async with desk.world.database.transaction() as session:
        rows = await session.execute(
            text("select from_on, until_on from class_membership where enrolment_id = :id order by from_on"),
            {"id": desk.world.enrolments["a-pupil"]},
        )
        assert [tuple(row) for row in rows] == [
            (TODAY, TODAY + timedelta(days=1)), (TODAY + timedelta(days=1), None),
        ]  # fmt: skip
    strange = {"enrolment_id": str(desk.world.enrolments["b-pupil"]), "from_on": str(TODAY)}
    assert (await desk.ask("responsible", "POST", f"classes/{made['id']}/learners", strange))[0] == 404


async def test_a_leave_is_given_by_order_and_ends(desk: Desk) -> None:
    """A leave stands within the employment and beside no other, is listed, and ends with the return to work."""
    hiring = {
        "pin": desk.world.pins["teacher"], "position_code": "TEACHER", "start_on": "2020-09-01", "order_no": "1",
    }  # fmt: skip
    _, hired, _ = await desk.ask(
        "responsible", "POST", "organisations/A-SCHOOL/staff", hiring, Idempotency_Key=str(uuid4())
    )
    path = f"employments/{hired['employment_id']}/leaves"
    leave = {"kind_code": "PARENTAL", "order_no": "7-к", "order_on": "2026-01-09", "from_on": "2026-01-10"}
    status, made, _ = await desk.ask("responsible", "POST", path, leave)
    assert status == 201, made
    assert (await desk.ask("responsible", "POST", path, leave | {"kind_code": "STUDY"}))[0] == 409
    assert (await desk.ask("responsible", "POST", path, leave | {"kind_code": "HOLIDAY"}))[0] == 422
    early = leave | {"from_on": "2019-01-01", "until_on": "2019-02-01"}
    assert (await desk.ask("responsible", "POST", path, early))[0] == 409
    _, found, _ = await desk.ask("head", "GET", "organisations/A-SCHOOL/leaves?on=2026-05-01")
    assert [each["kind_code"] for each in found] == ["PARENTAL"]
    ended = await desk.ask("responsible", "POST", f"leaves/{made['id']}/end", {"until_on": "2026-04-01"})
    assert ended[0] == 204
    _, found, _ = await desk.ask("head", "GET", "organisations/A-SCHOOL/leaves?on=2026-05-01")
    assert found == []
    assert date(2026, 4, 1) < TODAY
