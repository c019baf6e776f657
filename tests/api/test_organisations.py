"""Organisations, staff, books and the feed over real HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from gateway.foundation.clock import today
from tests.access.world import add_account
from tests.api.conftest import Desk

TODAY = today()
SITE = text("""
    insert into site (id, organisation_id, name, soate, address, valid_from)
    values (gen_random_uuid(), :organisation, 'x', '41702000000000', 'x', '2020-01-01')
""")


async def test_an_organisation_is_read_with_its_tag(desk: Desk) -> None:
    """The card has a tag; who has this state already gets 304; another's is answered like a missing one."""
    status, card, headers = await desk.ask("responsible", "GET", "organisations/A-SCHOOL")
    assert (status, card["code"], card["soate"]) == (200, "A-SCHOOL", "41702205000000")
    again = await desk.ask("responsible", "GET", "organisations/A-SCHOOL", If_None_Match=headers["Etag"])
    assert again[0] == 304
    for path in ("", "/passport", "/classes", "/staff"):
        other = await desk.ask("responsible", "GET", f"organisations/B-SCHOOL{path}")
        missing = await desk.ask("responsible", "GET", f"organisations/NOWHERE{path}")
        assert (other[0], other[1]) == (404, missing[1])
    assert (await desk.ask("ministry", "GET", "organisations/B-SCHOOL"))[0] == 200


async def test_the_head_confirms_what_was_read(desk: Desk) -> None:
    """Only the head signs, only upon the tag of what was read; a later change shows, an old tag is refused."""
    path = "organisations/A-SCHOOL/passport"
    _, passport, headers = await desk.ask("head", "GET", path)
    assert (passport["state"], headers["Etag"]) == ("NOT_CONFIRMED", f'"{passport["digest"]}"')
    assert passport["missing"]
    confirm = f"{path}/confirmation"
    assert (await desk.ask("responsible", "POST", confirm, If_Match=headers["Etag"]))[0] == 403
    assert (await desk.ask("head", "POST", confirm))[0] == 428
    status, made, _ = await desk.ask("head", "POST", confirm, If_Match=headers["Etag"])
    assert (status, made["digest"]) == (201, passport["digest"])
    for role in ("head", "ministry", "district"):
        assert (await desk.ask(role, "GET", path))[1]["state"] == "CONFIRMED", role
    async with desk.world.database.transaction() as session:
        await session.execute(SITE, {"organisation": desk.world.organisations["A-SCHOOL"]})
    assert (await desk.ask("head", "GET", path))[1]["state"] == "CHANGED_AFTER_CONFIRMATION"
    assert (await desk.ask("head", "POST", confirm, If_Match=headers["Etag"]))[0] == 412


async def test_staff_is_hired_given_a_position_and_released(desk: Desk) -> None:
    """The PIN of the contract hires, once; positions stand beside; the end needs the version and shows."""
    hire = {
        "pin": desk.world.pins["teacher"],
        "position_code": "TEACHER",
        "start_on": "2026-09-01",
        "order_no": "3-к",
    }
    key = str(uuid4())
    answers = [
        await desk.ask("responsible", "POST", "organisations/A-SCHOOL/staff", hire, Idempotency_Key=key)
        for _ in range(2)
    ]
    assert [each[0] for each in answers] == [201, 201]
    assert answers[0][1] == answers[1][1]
    work = answers[0][1]["employment_id"]
    position = {"position_code": "TEACHER", "fte": "1.25", "from_on": "2026-09-01"}
    given = await desk.ask(
        "responsible", "POST", f"employments/{work}/assignments", position, Idempotency_Key=str(uuid4())
    )
    assert given[0] == 201, given[1]
    _, page, _ = await desk.ask("head", "GET", "organisations/A-SCHOOL/staff")
    (row,) = page["staff"]
    assert (row["isuo_no"], row["category_code"]) == (desk.world.numbers["teacher"], "TEACHING")
    assert row["surname"]
    assert [each["fte"] for each in row["assignments"]] == ["1.25"]
    end = {"end_on": str(TODAY), "reason_code": "OWN_WISH"}
    stale = await desk.ask(
        "responsible", "POST", f"employments/{work}/end", end, Idempotency_Key=str(uuid4()), If_Match='"9"'
    )
    assert stale[0] == 412
    ended = await desk.ask(
        "responsible", "POST", f"employments/{work}/end", end, Idempotency_Key=str(uuid4()),
        If_Match=f'"{row["version"]}"',
    )  # fmt: skip
    assert ended[0] == 201
    (row,) = (await desk.ask("head", "GET", "organisations/A-SCHOOL/staff"))[1]["staff"]
    assert (row["end_on"], row["surname"]) == (str(TODAY), None)


async def test_staff_of_others_is_like_missing_staff(desk: Desk) -> None:
    """Another school's employment is answered like none; an unknown PIN and a value outside its book are refused."""
    hire = {
        "pin": desk.world.pins["teacher"],
        "position_code": "TEACHER",
        "start_on": "2026-09-01",
        "order_no": "1",
    }
    made = await desk.ask(
        "program", "POST", "organisations/B-SCHOOL/staff", hire, Idempotency_Key=str(uuid4())
    )
    work = made[1]["employment_id"]
    end = {"end_on": str(TODAY), "reason_code": "OWN_WISH"}
    for role in ("responsible", "district"):
        answers = [
            await desk.ask(
                role, "POST", f"employments/{each}/end", end, Idempotency_Key=str(uuid4()), If_Match="*"
            )
            for each in (work, uuid4())
        ]
        assert answers[0][:2] == answers[1][:2]
        assert answers[0][0] == 404
    for changed, code in (
        ({"pin": "20101200012345"}, "PERSON_UNKNOWN"),
        ({"position_code": "WIZARD"}, "NOT_IN_BOOK"),
    ):
        status, answer, _ = await desk.ask(
            "responsible",
            "POST",
            "organisations/A-SCHOOL/staff",
            hire | changed,
            Idempotency_Key=str(uuid4()),
        )
        assert (status, answer["errors"][0]["code"]) == (422, code)
        assert "20101200012345" not in str(answer)


async def test_an_employee_of_ours_is_no_learner_of_ours(desk: Desk) -> None:
    """Whoever works at a school is listed there by name; the learner's card and the search stay closed."""
    hire = {
        "pin": desk.world.pins["b-pupil"],
        "position_code": "TEACHER",
        "start_on": "2026-09-01",
        "order_no": "1",
    }
    await desk.ask("program", "POST", "organisations/A-SCHOOL/staff", hire, Idempotency_Key=str(uuid4()))
    _, page, _ = await desk.ask("responsible", "GET", "organisations/A-SCHOOL/staff")
    number = desk.world.numbers["b-pupil"]
    assert [each["isuo_no"] for each in page["staff"]] == [number]
    assert (await desk.ask("responsible", "GET", f"learners/{number}"))[0] == 404
    found = await desk.ask("responsible", "POST", "learners/search", {"pin": desk.world.pins["b-pupil"]})
    assert found[1]["learners"] == []


async def test_books_speak_the_readers_language(desk: Desk) -> None:
    """Values of a day in ky, ru or en, with a tag of version, day and language; an unknown book is not there."""
    names = {}
    for language in ("ky", "ru", "en"):
        status, page, headers = await desk.ask("teacher", "GET", "books/POSITION", Accept_Language=language)
        assert (status, page["language"], headers["Content-Language"]) == (200, language, language)
        names[headers["Etag"]] = page["values"][6]["name"]
        known = await desk.ask(
            "teacher", "GET", "books/POSITION", Accept_Language=language, If_None_Match=headers["Etag"]
        )
        assert known[0] == 304
    assert len(names) == len(set(names.values())) == 3
    assert (await desk.ask("teacher", "GET", "books/POSITION?on=2001-01-01"))[0] == 200
    assert (await desk.ask("teacher", "GET", "books/NO_SUCH"))[0] == 404
    assert "POSITION" in {each["code"] for each in (await desk.ask("program", "GET", "books"))[1]}


@pytest.mark.requirement("R-083")
async def test_the_feed_is_followed_by_its_cursor(desk: Desk) -> None:
    """Pages put together hold every event once and no value; an order appears behind the last cursor."""
    seen, cursor, more = [], "0.0", True
    while more:
        _, page, _ = await desk.ask("program", "GET", f"events?after={cursor}&limit=7")
        seen += [each["seq"] for each in page["events"]]
        cursor, more = page["cursor"], page["has_more"]
    async with desk.world.database.transaction() as session:
        every = (
            (await session.execute(text("select seq from registry_event order by xid, seq"))).scalars().all()
        )
    assert seen == list(every)
    day = str(TODAY + timedelta(days=1))
    await desk.order("responsible", "a-pupil", kind="LEAVE", effective_on=day)
    _, page, _ = await desk.ask("program", "GET", f"events?after={cursor}")
    (event,) = page["events"]
    assert (event["type"], event["effective_on"], event["detail"]["kind"]) == (
        "ENROLMENT_CHANGED",
        day,
        "LEAVE",
    )
    assert (await desk.ask("program", "GET", "events?after=x"))[0] == 422
    assert (await desk.ask("district", "GET", "events"))[0] == 403


async def test_classes_are_listed_by_year(desk: Desk) -> None:
    """The classes of a year, and of no other organisation."""
    async with desk.world.database.transaction() as session:
        for code, name in (("A-SCHOOL", "5А"), ("B-SCHOOL", "5Б")):
            await session.execute(
                text("""
                    insert into class_group (id, organisation_id, academic_year, grade_code, name, language_code,
                        kind_code, opened_on, recorded_at)
                    values (gen_random_uuid(), :organisation, '2025/26', '5', :name, 'KY', 'REGULAR', '2025-09-01',
                        now())
                """),
                {"organisation": desk.world.organisations[code], "name": name},
            )
    _, classes, _ = await desk.ask(
        "responsible", "GET", "organisations/A-SCHOOL/classes?academic_year=2025/26"
    )
    assert [each["name"] for each in classes] == ["5А"]
    assert (await desk.ask("responsible", "GET", "organisations/A-SCHOOL/classes?academic_year=1999/2000"))[
        1
    ] == []


async def test_a_head_of_one_school_does_not_sign_for_another(desk: Desk) -> None:
    """The confirmation of another school is answered like one of a school that is not there."""
    from gateway.access.values import Role

    await add_account(desk.world, "b-head", Role.HEAD, organisation_id=desk.world.organisations["B-SCHOOL"])
    answers = [
        await desk.ask("b-head", "POST", f"organisations/{code}/passport/confirmation", If_Match="*")
        for code in ("A-SCHOOL", "NOWHERE")
    ]
    assert answers[0][:2] == answers[1][:2]
    assert answers[0][0] == 404
