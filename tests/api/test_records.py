"""Examinations, personal files that leave signed, and what was entered late, over HTTP."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from gateway.foundation.clock import today, utc_now
from gateway.registry.papers.whole_file import open_package
from gateway.registry.repository import add_enrolment
from tests.api.conftest import Desk
from tests.journal_rows import source_answered
from tests.pki import signer

TODAY = today()
EXAM = {
    "exam_code": "STATE_FINAL",
    "taken_on": str(TODAY),
    "points": "4.50",
    "certificate_no": "A-17",
    "part": "MATH",
}


@pytest.mark.requirement("R-028", "R-043")
async def test_an_exam_is_recorded_read_and_corrected_where_the_learner_is(desk: Desk) -> None:
    """The school records, every reader of the card sees it with its source; a correction stands in its place."""
    path = f"learners/{desk.world.numbers['a-pupil']}/exams"
    status, made, _ = await desk.ask("responsible", "POST", path, EXAM)
    assert status == 201, made
    assert (await desk.ask("responsible", "POST", path, EXAM))[0] == 409
    better = EXAM | {"points": "5", "corrects": made["id"]}
    assert (await desk.ask("responsible", "POST", path, better))[0] == 201
    for role in ("head", "district", "learner", "parent", "program"):
        _, (found,), _ = await desk.ask(role, "GET", path)
        assert (found["points"], found["source"], found["part"]) == ("5.00", "SCHOOL", "MATH")
    for wrong, field in (
        ({"exam_code": "NONE"}, "EXAM"),
        ({"points": "-1"}, "points"),
        ({"certificate_no": "B-1", "corrects": found["result_id"]}, "certificate_no"),
    ):
        status, answer, _ = await desk.ask("responsible", "POST", path, EXAM | {"part": "MATH"} | wrong)
        assert (status, answer["errors"][0]["field"]) == (422, field)
    foreign = f"learners/{desk.world.numbers['b-pupil']}/exams"
    assert (await desk.ask("responsible", "POST", foreign, EXAM | {"certificate_no": "C-1"}))[0] == 404
    blocks = (await desk.ask("head", "GET", f"learners/{desk.world.numbers['a-pupil']}/blocks"))[1]
    marks = next(each for each in blocks if each["name"] == "MARKS")["items"]
    assert [each["value"]["points"] for each in marks] == ["5.00"]


async def test_only_who_told_a_result_corrects_it(desk: Desk) -> None:
    """What the testing centre told is not typed over by a school."""
    person_id = desk.world.learners["a-pupil"]
    told = uuid4()
    async with desk.world.database.transaction() as session:
        await session.execute(
            text("insert into exam_result (id, person_id, exam_code, taken_on, points, certificate_no, source_code, "
                 "recorded_at, recorded_by) values (:id, :who, 'ORT_MAIN', (now() at time zone 'Asia/Bishkek')::date, 150, 'N-1', 'TESTING', now(), 'x')"),
            {"id": told, "who": person_id},
        )  # fmt: skip
    path = f"learners/{desk.world.numbers['a-pupil']}/exams"
    wish = EXAM | {"exam_code": "ORT_MAIN", "part": "", "certificate_no": "N-1", "points": "245"}
    assert (await desk.ask("responsible", "POST", path, wish | {"corrects": str(told)}))[0] == 409
    assert [each["points"] for each in (await desk.ask("head", "GET", path))[1]] == ["150.00"]


async def _zip(desk: Desk, role: str, path: str) -> tuple[int, bytes]:
    browser = desk.browser.carry(await desk.world.token(role))
    async with browser.http.get(f"/api/v1/{path}", cookies=browser.cookies) as response:
        return response.status, await response.read()


@pytest.mark.requirement("R-046", "R-069")
async def test_a_personal_file_leaves_signed_for_a_reason_and_is_verified_anew(desk: Desk) -> None:
    """Only who may export signs and takes it; the use stands in the learner's list; a tampered package proves nothing."""
    path = f"learners/{desk.world.numbers['a-pupil']}/file/packages"
    ours = signer("registry-files")
    assert (await desk.ask("responsible", "POST", path, {"reason": "x"}))[0] == 422
    assert (await desk.ask("head", "POST", path, {"reason": "transfer abroad"}))[0] == 403
    status, made, _ = await desk.ask("responsible", "POST", path, {"reason": "transfer abroad"})
    assert (status, made["problem"]) == (201, "")
    for role in ("head", "district", "parent"):
        assert [each["package_id"] for each in (await desk.ask(role, "GET", path))[1]] == [made["package_id"]]
        assert (await _zip(desk, role, f"{path}/{made['package_id']}"))[0] == 403
    status, package = await _zip(desk, "responsible", f"{path}/{made['package_id']}")
    assert status == 200
    content = open_package(package, signer=ours.certificate)
    said = json.loads(content)
    _, items, _ = await desk.ask("head", "GET", path.removesuffix("/packages"))
    assert (said["file_of"], [each["kind"] for each in said["items"]]) == (
        desk.world.numbers["a-pupil"],
        [each["kind"] for each in items],
    )
    assert zipfile.ZipFile(io.BytesIO(package)).namelist() == ["file.json", "file.sig", "signer.crt"]
    async with desk.world.database.transaction() as session:
        used = await session.execute(
            text("select d.service, d.client, e.reason, e.exported_by from disclosure d "
                 "join export_record e on e.export_id = d.entry_id where d.person_id = :id"),
            {"id": desk.world.learners["a-pupil"]},
        )  # fmt: skip
        who = f"isuo.{desk.world.accounts['responsible'].hex}"
        assert [tuple(row) for row in used] == [
            ("export_file", "organisation:A-SCHOOL", "transfer abroad", who)
        ]
    assert (await _zip(desk, "b-responsible", f"{path}/{made['package_id']}"))[0] == 404
    assert (await _zip(desk, "responsible", f"{path}/{uuid4()}"))[0] == 404


@pytest.mark.requirement("R-046")
async def test_the_file_of_an_employee_leaves_signed_too(desk: Desk) -> None:
    """The same package for staff, within the organisation that employs."""
    hiring = {
        "pin": desk.world.pins["teacher"], "position_code": "TEACHER", "start_on": "2020-09-01", "order_no": "1",
    }  # fmt: skip
    key = {"Idempotency_Key": str(uuid4())}
    _, hired, _ = await desk.ask("responsible", "POST", "organisations/A-SCHOOL/staff", hiring, **key)
    path = f"employments/{hired['employment_id']}/file/packages"
    status, made, _ = await desk.ask("responsible", "POST", path, {"reason": "archive of the year"})
    assert status == 201, made
    _, package = await _zip(desk, "responsible", f"{path}/{made['package_id']}")
    content = json.loads(open_package(package, signer=signer("registry-files").certificate))
    assert "UNDERTAKING" in {each["kind"] for each in content["items"]}
    assert (await desk.ask("head", "GET", path))[1][0]["digest"] == made["digest"]
    assert (await desk.ask("b-responsible", "POST", path, {"reason": "archive of the year"}))[0] == 404


@pytest.mark.requirement("R-074", "R-059")
async def test_who_was_late_is_shown_without_the_hours_of_an_outage(desk: Desk) -> None:
    """An order three days old, a day of which the source was down, is two days late; another school's is not shown."""
    midnight = datetime.combine(TODAY, datetime.min.time(), UTC)
    async with desk.world.database.transaction() as session:
        await source_answered(
            session,
            (midnight - timedelta(days=2), "AgencyUnavailable"),
            (midnight - timedelta(days=1), "OK"),
        )
    async with desk.world.database.transaction() as session:
        evening = await add_enrolment(
            session, at=utc_now(), person_id=desk.world.learners["a-pupil"], level="SUPPLEMENTARY", form="EVENING",
            organisation_id=desk.world.organisations["A-SCHOOL"], start_on=TODAY - timedelta(days=30),
        )  # fmt: skip
    left = {"kind": "LEAVE", "enrolment_id": str(evening), "effective_on": str(TODAY - timedelta(days=4))}
    status, told, _ = await desk.order("responsible", "a-pupil", **left)
    assert status == 201, told
    for role in ("head", "responsible", "district", "program"):
        _, found, _ = await desk.ask(role, "GET", "organisations/A-SCHOOL/lateness")
        late = next(each for each in found if each["kind"] == "LEAVE")
        assert late["by"] == (f"isuo.{desk.world.accounts['responsible'].hex}")
        assert late["excused"] == 24.0
        assert 72.0 <= late["hours"] < 96.0
        assert late["answerable"] == late["hours"] - 24.0
    _, places, _ = await desk.ask("district", "GET", "lateness")
    assert (places[0]["code"], places[0]["late"] >= 1) == ("A-SCHOOL", True)
    assert {each["code"] for each in (await desk.ask("head", "GET", "lateness"))[1]} == {"A-SCHOOL"}
    assert (await desk.ask("head", "GET", "organisations/B-SCHOOL/lateness"))[0] == 404
    assert (await desk.ask("head", "GET", "lateness?since=2026-01-02&until=2026-01-01"))[0] == 422


@pytest.mark.requirement("R-002", "R-021", "R-022")
async def test_one_pin_becomes_a_stored_reconciled_and_counted_learner(desk: Desk) -> None:
    """Asked for, stored, told again by another school: one person, one case, one duplicate prevented, one learner more."""
    _, before, _ = await desk.ask("head", "GET", "board")
    person = desk.world.people.person(birth_date=TODAY - timedelta(days=3000))
    typed = {
        "surname": person.surname, "given_name": person.given_name, "birth_date": person.birth_date.isoformat(),
        "pin": person.pin, "level": "GENERAL", "grade": "2", "start_on": str(TODAY),
    }  # fmt: skip
    made = []
    for role, code in (
        ("responsible", "A-SCHOOL"),
        ("b-responsible", "B-SCHOOL"),
        ("b-responsible", "B-SCHOOL"),
    ):
        body = typed | {"organisation_code": code, "source_record_key": f"{code}-1"}
        status, answer, _ = await desk.ask(role, "POST", "learners", body)
        assert status in {200, 201}, answer
        made.append((answer["isuo_no"], answer["result"]))
    assert len({number for number, _ in made}) == 1
    assert [result for _, result in made] == ["CREATED", "MATCHED", "UPDATED"]
    _, after, _ = await desk.ask("head", "GET", "board")
    assert after["learners"] - before["learners"] == 1
    async with desk.world.database.transaction() as session:
        about = await session.scalars(
            text("select c.kind from review_case c join person p on p.id = c.person_id where p.isuo_no = :number order by 1"),
            {"number": made[0][0]},
        )  # fmt: skip
        # the civil registry of this world knows nobody, which is a question of its own
        assert (kinds := list(about)) == ["DUP_ENROLMENT", "PIN_NOT_FOUND"]
    assert after["open_cases"] - before["open_cases"] == len(kinds)
    assert after["duplicates_prevented"] == before["duplicates_prevented"]
    boards = [
        (await desk.ask(role, "GET", "board"))[1]["duplicates_prevented"] for role in ("ministry", "program")
    ]
    assert boards == [before["duplicates_prevented"] + 1] * 2
