"""Cards by blocks, files, boards, registers, corrections and enquiries over HTTP; what no answer may ever hold."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from gateway.access.values import Role
from gateway.api.route_policies import POLICIES, Audience
from gateway.foundation.clock import today, utc_now
from gateway.foundation.data_classes import data_classes
from gateway.registry.registers.entries import define_registers
from gateway.registry.repository import add_enrolment
from tests.access.browser import make_app
from tests.access.world import World, add_account
from tests.api.conftest import Desk

AWARDS = Path(__file__).resolve().parents[2] / "config" / "registers" / "awards.toml"
TODAY = today()
ROLE_MINISTRY, ROLE_DISTRICT = Role.MINISTRY, Role.DISTRICT
BLOCKS = ("IDENTITY", "LEVEL", "ORGANISATION", "SPECIAL_NEEDS", "MARKS", "ATTENDANCE")


async def _set(world: World, statement: str, **values: object) -> None:
    async with world.database.transaction() as session:
        await session.execute(text(statement), values)


@pytest.mark.requirement("R-028")
async def test_the_card_has_six_blocks_with_sources(desk: Desk) -> None:
    """Each block is there, each item says who told it and when; special needs are closed, another's card is not there."""
    world = desk.world
    await _set(world, "update enrolment set grade = '8' where id = :id", id=world.enrolments["a-pupil"])
    own = world.classes["5A"]
    mark = {
        "enrolment_id": str(world.enrolments["a-pupil"]), "subject_code": "MATH", "period_code": "Q1",
        "kind": "QUARTER", "mark": "5",
    }  # fmt: skip
    assert (await desk.ask("teacher", "POST", f"classes/{own}/marks", mark))[0] == 201
    absence = {"enrolment_id": mark["enrolment_id"], "happened_on": str(TODAY), "type": "LATE"}
    assert (await desk.ask("teacher", "POST", f"classes/{own}/attendance", absence))[0] == 201
    for role in ("head", "district", "learner", "parent"):
        status, blocks, _ = await desk.ask(role, "GET", f"learners/{world.numbers['a-pupil']}/blocks")
        assert (status, tuple(each["name"] for each in blocks)) == (200, BLOCKS)
        found = {each["name"]: each for each in blocks}
        assert found["SPECIAL_NEEDS"] == {"name": "SPECIAL_NEEDS", "closed": True, "items": []}
        for name in set(BLOCKS) - {"SPECIAL_NEEDS"}:
            assert found[name]["items"], (role, name)
            assert all(item["source"] and item["known_at"] for item in found[name]["items"])
        assert found["ORGANISATION"]["items"][0]["value"]["class_id"] == str(own)
    other = await desk.ask("head", "GET", f"learners/{world.numbers['b-pupil']}/blocks")
    assert other[0] == 404


@pytest.mark.requirement("R-067")
async def test_what_a_state_source_vouches_for_is_asked_about(desk: Desk) -> None:
    """A verified birth date stays and a case opens, once; a value only the school told is simply changed."""
    path = f"learners/{desk.world.numbers['a-pupil']}"
    wish = {"field": "birth_date", "value": "2015-01-01"}
    status, answer, _ = await desk.ask("responsible", "POST", f"{path}/corrections", wish)
    assert (status, answer["changed"]) == (200, False)
    again = await desk.ask("responsible", "POST", f"{path}/corrections", wish)
    assert again[1]["case_id"] == answer["case_id"]
    _, cases, _ = await desk.ask("head", "GET", "cases")
    assert (answer["case_id"], "birth_date") in {(each["case_id"], each["field"]) for each in cases}
    _, card, _ = await desk.ask("head", "GET", path)
    shown = {each["name"]: each["value"] for each in card["fields"]}
    assert shown["birth_date"] != "2015-01-01"
    free = {"field": "patronymic", "value": "Асанович"}
    assert (await desk.ask("responsible", "POST", f"{path}/corrections", free))[1]["changed"] is True
    assert (await desk.ask("responsible", "POST", f"{path}/corrections", free | {"value": "7"}))[0] == 422
    assert (await desk.ask("head", "POST", f"{path}/corrections", free))[0] == 403


@pytest.mark.requirement("R-040", "R-004")
async def test_a_configured_register_is_read_by_its_readers_only(desk: Desk) -> None:
    """An award is written and read where the file says; a register that names other readers is not there."""
    async with desk.world.database.transaction() as session:
        await define_registers(session, AWARDS.read_text(encoding="utf-8"), by="admin", at=utc_now())
        closed = (
            AWARDS.read_text(encoding="utf-8")
            .replace("AWARD", "SECRET")
            .replace('["DISTRICT", "HEAD", "RESPONSIBLE", "LEARNER", "PARENT"]', '["DISTRICT"]')
        )
        await define_registers(session, closed, by="admin", at=utc_now())
    path = f"learners/{desk.world.numbers['a-pupil']}/registers"
    award = {"happened_on": str(TODAY), "content": {"title": "Олимпиада", "sort": "OLYMPIAD"}}
    assert (await desk.ask("responsible", "POST", f"{path}/AWARD", award))[0] == 201
    for role in ("head", "learner", "parent", "district"):
        _, found, _ = await desk.ask(role, "GET", f"{path}/AWARD")
        assert [each["content"]["title"] for each in found] == ["Олимпиада"]
    missing = await desk.ask("head", "GET", f"{path}/NOWHERE")
    assert (await desk.ask("head", "GET", f"{path}/SECRET"))[:2] == missing[:2]
    assert (await desk.ask("district", "GET", f"{path}/SECRET"))[0] == 200


@pytest.mark.requirement("R-010", "R-059", "R-073", "R-078", "R-084")
async def test_each_level_has_the_board_of_its_reach(desk: Desk) -> None:
    """The numbers are those of the lists below, each level sees its own places, and nobody's name is on a board."""
    world = desk.world
    boards = {
        role: (await desk.ask(role, "GET", "board"))[1]
        for role in ("ministry", "district", "head", "responsible")
    }
    assert [boards[role]["organisations"] for role in boards] == [4, 3, 1, 1]
    _, cases, _ = await desk.ask("head", "GET", "cases")
    assert boards["head"]["open_cases"] == len(cases)
    (card,) = boards["head"]["scores"]
    assert (card["code"], card["learners"], card["unverified"], card["accuracy"]) == ("A-SCHOOL", 1, 0, 100)
    assert (card["completeness"], card["passport_unconfirmed"], card["without_responsible"]) == (
        0,
        True,
        True,
    )
    assert boards["district"]["without_responsible"] == 3
    order = {"kind": "LEAVE", "effective_on": str(TODAY), "order_no": "1", "order_on": str(TODAY)}
    given = await desk.order("responsible", "a-pupil", **order)
    assert given[0] == 201, given[1]
    assert (await desk.ask("head", "GET", "board"))[1]["scores"][0]["days_late"] is not None
    assert set(card) == {
        "code", "learners", "completeness", "accuracy", "days_late", "unverified", "open_cases",
        "passport_unconfirmed", "without_responsible",
    }  # fmt: skip
    assert world.numbers["a-pupil"] not in str(boards)


@pytest.mark.requirement("R-085")
async def test_a_supervisory_body_sees_its_own_levels(desk: Desk) -> None:
    """АНПО has the primary vocational places on its board, УШВО the schools; neither reads another's organisation."""
    world = desk.world
    for code, kind in (("A-COLLEGE", "PROFESSIONAL_LYCEUM"), ("A-SCHOOL", "SCHOOL"), ("B-SCHOOL", "SCHOOL")):
        await _set(
            world, "update organisation set type_code = :kind where code = :code", kind=kind, code=code
        )
    for name, body in (("anpo", "ANPO"), ("ushvo", "USHVO")):
        await add_account(world, name, ROLE_MINISTRY, supervisory_body=body)
    boards = {name: (await desk.ask(name, "GET", "board"))[1] for name in ("anpo", "ushvo")}
    assert {name: [each["code"] for each in board["scores"]] for name, board in boards.items()} == {
        "anpo": ["A-COLLEGE"],
        "ushvo": ["A-SCHOOL", "B-SCHOOL"],
    }
    assert (await desk.ask("anpo", "GET", "organisations/A-COLLEGE"))[0] == 200
    assert (await desk.ask("anpo", "GET", "organisations/A-SCHOOL"))[0] == 404
    assert (await desk.ask("anpo", "GET", f"learners/{world.numbers['a-student']}"))[0] == 403


@pytest.mark.requirement("R-066")
async def test_a_question_is_a_thread_that_hangs_on_its_case(desk: Desk) -> None:
    """The responsible person asks about a case, the administrator answers and closes; another school sees none of it."""
    case_id = str(desk.world.cases["own"])
    ask = {"text": "Кто решает?", "case_id": case_id}
    status, made, _ = await desk.ask("responsible", "POST", "organisations/A-SCHOOL/enquiries", ask)
    assert status == 201, made
    foreign = ask | {"case_id": str(desk.world.cases["b"])}
    assert (await desk.ask("responsible", "POST", "organisations/A-SCHOOL/enquiries", foreign))[0] == 404
    path = f"enquiries/{made['id']}"
    assert (await desk.ask("special", "POST", f"{path}/messages", {"text": "Район"}))[0] == 201
    for role in ("responsible", "head", "district", "special"):
        (thread,) = (await desk.ask(role, "GET", "enquiries"))[1]
        assert (thread["case_id"], [each["text"] for each in thread["messages"]]) == (
            case_id,
            ["Кто решает?", "Район"],
        )
    assert (await desk.ask("b-responsible", "GET", "enquiries"))[1] == []
    assert (await desk.ask("b-responsible", "POST", f"{path}/messages", {"text": "x"}))[0] == 404
    assert (await desk.ask("head", "POST", f"{path}/closing"))[0] == 403
    assert (await desk.ask("special", "POST", f"{path}/closing"))[0] == 204
    assert (await desk.ask("responsible", "POST", f"{path}/messages", {"text": "x"}))[0] == 409


@pytest.mark.requirement("R-053")
async def test_the_undertaking_lies_in_the_personal_file(desk: Desk) -> None:
    """The file of an employee lists the undertaking with the place where its original is kept."""
    hiring = {
        "pin": desk.world.pins["teacher"], "position_code": "TEACHER", "start_on": "2020-09-01", "order_no": "1",
    }  # fmt: skip
    _, hired, _ = await desk.ask(
        "responsible", "POST", "organisations/A-SCHOOL/staff", hiring, Idempotency_Key=str(uuid4())
    )
    _, items, _ = await desk.ask("head", "GET", f"employments/{hired['employment_id']}/file")
    (kept,) = [each for each in items if each["kind"] == "UNDERTAKING"]
    assert kept["place"] == "file 1, sheet 1"
    assert [each["on"] for each in items] == sorted(each["on"] for each in items)
    assert (await desk.ask("b-responsible", "GET", f"employments/{hired['employment_id']}/file"))[0] == 404


@pytest.mark.requirement("R-046")
async def test_access_to_the_file_moves_with_the_child(desk: Desk) -> None:
    """Whoever has left is read by the new school alone, and the file holds what the old school ordered."""
    path = f"learners/{desk.world.numbers['moved']}/file"
    assert (await desk.ask("responsible", "GET", path))[0] == 404
    status, items, _ = await desk.ask("b-responsible", "GET", path)
    assert status == 200
    assert {each["kind"] for each in items} >= {"EXCHANGE"}
    assert (await desk.ask("district", "GET", path))[0] == 404


@pytest.mark.requirement("R-017")
async def test_two_districts_see_the_same_version(desk: Desk) -> None:
    """A child of both districts is one record: each reads it at the same version, and so after a change."""
    world = desk.world
    await add_account(world, "b-district", ROLE_DISTRICT, territory="41706226")
    async with world.database.transaction() as session:
        await add_enrolment(
            session, at=utc_now(), person_id=world.learners["a-pupil"],
            organisation_id=world.organisations["B-SCHOOL"], level="SUPPLEMENTARY", form="EVENING", start_on=TODAY,
        )  # fmt: skip

    async def seen() -> set[tuple[int, str]]:
        path = f"learners/{world.numbers['a-pupil']}"
        cards = [await desk.ask(role, "GET", path) for role in ("district", "b-district")]
        return {(card["version"], headers["Etag"]) for _, card, headers in cards}

    before = await seen()
    assert len(before) == 1
    free = {"field": "patronymic", "value": "Асанович"}
    await desk.ask("responsible", "POST", f"learners/{world.numbers['a-pupil']}/corrections", free)
    after = await seen()
    assert len(after) == 1
    assert after != before


@pytest.mark.requirement("R-004")
async def test_the_ministry_and_nobody_at_all_get_no_personal_field(desk: Desk) -> None:
    """Every address that can be read is asked: no answer has a field named like a protected column, nor a value."""
    world = desk.world
    async with world.database.transaction() as session:
        columns = await data_classes(session)
    protected = {each.column for each in columns if each.data_class and each.data_class.value != "PUBLIC"}
    names = protected & {
        "surname", "given_name", "patronymic", "birth_date", "isuo_no", "pin_digest", "login", "value", "totp_secret",
        "person_id", "contract_no",
    }  # fmt: skip
    assert {"surname", "isuo_no", "birth_date"} <= names
    own = {
        "code": "A-SCHOOL", "isuo_no": world.numbers["a-pupil"], "class_id": world.classes["5A"],
        "account_id": world.accounts["head"], "employment_id": uuid4(), "register_code": "AWARD",
        "book_code": "POSITION",
        **dict.fromkeys(("package_id", "exchange_id", "incident_id", "run_id", "rule_id", "channel_id", "letter_id"), uuid4()),
        "job_id": 1, "position": 1,
    }  # fmt: skip
    secrets = {world.pins["a-pupil"], world.numbers["a-pupil"], world.pins["head"]}
    for method, path in POLICIES:
        if method != "GET":
            continue
        address = path.removeprefix("/api/v1/").format(**own)
        if "infrastructure" in address:
            address += "?academic_year=2026/27"
        for role in ("ministry", None):
            if role is None:
                status, answer, _ = await desk.browser.new().ask("GET", address)
                assert status == 401 or POLICIES[method, path].audience is Audience.ANYBODY, address
            else:
                status, answer, _ = await desk.ask(role, "GET", address)
            if status == 200 and address != "me":
                assert not _keys(answer) & names, (address, _keys(answer) & names)
                assert not [each for each in secrets if each in str(answer)], address


def _keys(answer: Any) -> set[str]:
    if isinstance(answer, dict):
        return set(answer) | {key for value in answer.values() for key in _keys(value)}
    return {key for each in answer for key in _keys(each)} if isinstance(answer, list) else set()


@pytest.mark.requirement("R-014", "R-015", "R-082")
async def test_the_api_has_exactly_the_three_sections(world: World) -> None:
    """Learners, organisations and staff are the sections; the rest is shared, operators', or about the asker."""
    described = make_app(world).openapi()
    used = {
        tag for methods in described["paths"].values() for each in methods.values() for tag in each["tags"]
    }
    assert used - {"accounts", "sign-in", "registry", "operations"} == {"organisations", "learners", "staff"}
    homes = {"learners": "learners", "transfers": "learners", "employments": "staff", "leaves": "staff"}
    for path, methods in described["paths"].items():
        first = path.removeprefix("/api/v1/").split("/")[0]
        for each in methods.values():
            assert first not in homes or each["tags"] == [homes[first]], path
            assert first != "organisations" or each["tags"][0] in {
                "organisations",
                "staff",
                "registry",
                "accounts",
            }


@pytest.mark.requirement("R-087")
async def test_the_forms_of_the_appendices_are_marked_as_drafts(desk: Desk) -> None:
    """Neither appendix has legal wording of ours: both come as a draft with places to fill in, in three languages."""
    browser = desk.browser.new()
    for path in ("undertaking-form", "consent-form"):
        for language, mark in (("ky", "ДОЛБООР"), ("ru", "ПРОЕКТ"), ("en", "DRAFT")):
            status, form, _ = await browser.ask("GET", path, Accept_Language=language)
            assert (status, form["draft"]) == (200, True)
            assert form["text"].startswith(mark)
            assert "{{" in form["text"]
