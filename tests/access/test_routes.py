"""Role × route over real HTTP: each address answers the roles it is meant for and nobody else."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.routing import BaseRoute

from gateway.access.sessions import Stage
from gateway.api import ApiDependencies
from gateway.api.guard import Guard, GuardedRoute, guarded_router
from gateway.api.route_policies import POLICIES, Audience
from gateway.app import create_app
from tests.access.browser import Browser, make_app, served
from tests.access.test_wall import PEOPLE
from tests.access.world import ROLES, TOKEN, World, settings_of
from tests.intake.support import Sources

PROGRAM = "program"
MANAGERS = {"special", "district", "head", "responsible"}
READERS = {"district", "head", "responsible", "learner", "parent", PROGRAM}
# address → who is answered; written down a second time on purpose, not derived from the matrix
MEANT_FOR: dict[tuple[str, str], set[str]] = {
    ("POST", "autofill"): {"district", "responsible", PROGRAM},
    ("POST", "learners"): {"district", "responsible", PROGRAM},
    ("GET", "learners/{isuo_no}"): READERS,
    ("GET", "learners"): READERS,
    ("POST", "learners/search"): READERS,
    ("GET", "learners/{isuo_no}/orders"): READERS,
    ("POST", "learners/{isuo_no}/orders"): {"district", "responsible", PROGRAM},
    ("GET", "learners/{isuo_no}/blocks"): READERS,
    ("GET", "registers"): {*ROLES, PROGRAM},
    ("GET", "learners/{isuo_no}/registers/{register_code}"): READERS,
    ("POST", "learners/{isuo_no}/registers/{register_code}"): {"district", "responsible", PROGRAM},
    ("POST", "learners/{isuo_no}/corrections"): {"district", "responsible", PROGRAM},
    ("GET", "learners/{isuo_no}/file"): READERS,
    ("GET", "employments/{employment_id}/file"): {"district", "head", "responsible", PROGRAM},
    ("GET", "learners/{isuo_no}/exams"): READERS,
    ("POST", "learners/{isuo_no}/exams"): {"district", "responsible", PROGRAM},
    ("GET", "learners/{isuo_no}/file/packages"): READERS,
    ("POST", "learners/{isuo_no}/file/packages"): {"responsible", PROGRAM},
    ("GET", "learners/{isuo_no}/file/packages/{package_id}"): {"responsible", PROGRAM},
    ("GET", "employments/{employment_id}/file/packages"): {"district", "head", "responsible", PROGRAM},
    ("POST", "employments/{employment_id}/file/packages"): {"responsible", PROGRAM},
    ("GET", "employments/{employment_id}/file/packages/{package_id}"): {"responsible", PROGRAM},
    ("GET", "lateness"): {"district", "head", "responsible", PROGRAM},
    ("GET", "organisations/{code}/lateness"): {"district", "head", "responsible", PROGRAM},
    ("GET", "catalogue"): {*ROLES, PROGRAM},
    ("GET", "organisations/{code}/infrastructure"): {*MANAGERS, "ministry", PROGRAM},
    ("GET", "board"): {*MANAGERS, "ministry", "teacher", PROGRAM},
    ("GET", "enquiries"): MANAGERS,
    ("POST", "organisations/{code}/enquiries"): {"special", "head", "responsible"},
    ("POST", "enquiries/{enquiry_id}/messages"): {"special", "head", "responsible"},
    ("POST", "enquiries/{enquiry_id}/closing"): {"special"},
    ("GET", "transfers"): READERS,
    ("POST", "transfers/{transfer_id}/steps"): {"district", "responsible", PROGRAM},
    ("GET", "organisations/{code}"): {*MANAGERS, "ministry", PROGRAM},
    ("GET", "organisations/{code}/passport"): {*MANAGERS, "ministry", PROGRAM},
    ("GET", "organisations/{code}/passport/statement"): {*MANAGERS, "ministry", PROGRAM},
    ("GET", "organisations/{code}/passport/signature"): {*MANAGERS, "ministry", PROGRAM},
    ("POST", "organisations/{code}/passport/confirmation"): {"head"},
    ("GET", "organisations/{code}/classes"): {*MANAGERS, "ministry", PROGRAM},
    ("POST", "organisations/{code}/classes"): {"responsible", PROGRAM},
    ("POST", "organisations/{code}/shifts"): {"responsible", PROGRAM},
    ("GET", "organisations/{code}/programmes"): {*MANAGERS, "ministry", PROGRAM},
    ("POST", "organisations/{code}/programmes"): {"responsible", PROGRAM},
    ("GET", "classes"): {*READERS, "teacher"},
    ("GET", "classes/{class_id}/learners"): {*READERS, "teacher"},
    ("POST", "classes/{class_id}/learners"): {"district", "responsible", PROGRAM},
    ("POST", "classes/{class_id}/departures"): {"district", "responsible", PROGRAM},
    ("POST", "classes/{class_id}/teacher"): {"responsible", PROGRAM},
    ("POST", "classes/{class_id}/closing"): {"responsible", PROGRAM},
    ("GET", "classes/{class_id}/marks"): {*READERS, "teacher"},
    ("POST", "classes/{class_id}/marks"): {"responsible", "teacher", PROGRAM},
    ("GET", "classes/{class_id}/attendance"): {*READERS, "teacher"},
    ("POST", "classes/{class_id}/attendance"): {"responsible", "teacher", PROGRAM},
    ("GET", "organisations/{code}/leaves"): {"district", "head", "responsible", PROGRAM},
    ("POST", "employments/{employment_id}/leaves"): {"district", "responsible", PROGRAM},
    ("POST", "leaves/{leave_id}/end"): {"district", "responsible", PROGRAM},
    ("GET", "organisations/{code}/staff"): {"district", "head", "responsible", PROGRAM},
    ("POST", "organisations/{code}/staff"): {"district", "responsible", PROGRAM},
    ("POST", "employments/{employment_id}/assignments"): {"district", "responsible", PROGRAM},
    ("POST", "employments/{employment_id}/end"): {"district", "responsible", PROGRAM},
    ("GET", "books"): {*ROLES, PROGRAM},
    ("GET", "books/{book_code}"): {*ROLES, PROGRAM},
    ("GET", "events"): {PROGRAM},
    ("GET", "exchanges"): {"special", "operator", "auditor"},
    ("POST", "exchanges/search"): {"special", "operator", "auditor"},
    ("GET", "exchanges/count"): {"special", "operator", "auditor"},
    ("GET", "exchanges/{exchange_id}"): {"special", "operator", "auditor"},
    ("GET", "cases"): {"district", "head", "responsible", "special", "auditor", PROGRAM},
    ("POST", "cases/{case_id}/decision"): {"district", "head", "responsible", PROGRAM},
    ("GET", "accounts"): MANAGERS,
    ("POST", "accounts"): MANAGERS,
    ("GET", "accounts/{account_id}"): MANAGERS,
    ("POST", "accounts/{account_id}/identification"): MANAGERS,
    ("POST", "accounts/{account_id}/appointments"): MANAGERS,
    ("POST", "accounts/{account_id}/briefings"): MANAGERS,
    ("POST", "accounts/{account_id}/undertakings"): MANAGERS,
    ("POST", "accounts/{account_id}/recovery-code"): MANAGERS,
    ("POST", "accounts/{account_id}/second-factor-reset"): MANAGERS,
    ("POST", "accounts/{account_id}/block"): MANAGERS,
    ("POST", "accounts/{account_id}/unblock"): MANAGERS,
    ("POST", "appointments/{grant_id}/end"): MANAGERS,
    ("PUT", "organisations/{code}/level"): {"special", PROGRAM},
    ("GET", "notices"): {"special", "district"},
    ("POST", "notices/{notice_id}/receipt"): {"district"},
    **{
        (method, path): {"operator", "auditor"}
        for method, path in (
            ("GET", "incidents"),
            ("GET", "incidents/{incident_id}"),
            ("GET", "incidents/{incident_id}/exchanges"),
            ("GET", "replays"),
            ("GET", "replays/{run_id}"),
            ("GET", "replays/{run_id}/items"),
            ("GET", "replays/{run_id}/items/{position}/diff"),
            ("GET", "alerts"),
            ("GET", "alerts/deliveries"),
            ("GET", "alerts/rules"),
            ("GET", "alerts/channels"),
            ("GET", "background"),
            ("GET", "background/jobs"),
        )
    },
    **{
        (method, path): {"operator"}
        for method, path in (
            ("POST", "incidents/{incident_id}/acknowledgement"),
            ("POST", "incidents/{incident_id}/notes"),
            ("POST", "incidents/{incident_id}/closing"),
            ("POST", "replays/preview"),
            ("POST", "replays"),
            ("POST", "replays/{run_id}/steps"),
            ("POST", "alerts/rules"),
            ("PUT", "alerts/rules/{rule_id}"),
            ("POST", "alerts/rules/{rule_id}/trial"),
            ("POST", "alerts/channels"),
            ("PUT", "alerts/channels/{channel_id}"),
            ("POST", "background/jobs/{job_id}/steps"),
            ("POST", "background/letters/{letter_id}/steps"),
            ("POST", "background/holds"),
        )
    },
    ("GET", "me"): set(ROLES),
    ("POST", "me/password"): set(ROLES),
    ("POST", "session/second-factor/secret"): set(ROLES),
    ("POST", "session/second-factor"): set(ROLES),
    ("DELETE", "session"): set(ROLES),
}
BODIES: dict[str, Any] = {
    "autofill": {"pin": "1"},
    "learners": {"surname": "x", "organisation_code": "NOWHERE"},
    "learners/search": {"name": "x"},
    "learners/{isuo_no}/orders": {"kind": "LEAVE"},
    "exchanges/search": {"q": "status:failed"},
    "transfers/{transfer_id}/steps": {"step": "HOLD"},
    "organisations/{code}/staff": {"pin": "1"},
    "employments/{employment_id}/assignments": {"position_code": "TEACHER"},
    "employments/{employment_id}/end": {"reason_code": "DEATH"},
    "learners/{isuo_no}/file/packages": {"reason": "moving abroad"},
    "employments/{employment_id}/file/packages": {"reason": "moving abroad"},
    "cases/{case_id}/decision": {"decision": "reject", "by": "x"},
    "accounts": {"isuo_no": "00000000000X", "login": "nobody"},
    "accounts/{account_id}/identification": {"kind": "IN_PERSON_ACT", "reference": "1", "place": "2"},
    "accounts/{account_id}/appointments": {"role": "HEAD", "valid_from": "2026-01-01"},
    "accounts/{account_id}/briefings": {"held_on": "2026-01-01", "topic": "x"},
    "accounts/{account_id}/undertakings": {"signed_on": "2026-01-01", "paper_location": "x"},
    "accounts/{account_id}/block": {"reason": "x"},
    "appointments/{grant_id}/end": {"reason": "x"},
    "organisations/{code}/level": {"level": "OO"},
    "me/password": {"password": "x"},
    "session/second-factor": {"code": "000000"},
    "incidents/{incident_id}/acknowledgement": {"note": "x"},
    "incidents/{incident_id}/notes": {"note": "x"},
    "incidents/{incident_id}/closing": {"reason": "x"},
    "replays/preview": {"exchange_ids": [str(uuid4())]},
    "replays": {"exchange_ids": [str(uuid4())], "reason": "x"},
    "replays/{run_id}/steps": {"step": "pause"},
    "alerts/rules": {"name": "x", "kind": "CHAIN_BROKEN"},
    "alerts/rules/{rule_id}": {"name": "y", "kind": "CHAIN_BROKEN"},
    "alerts/channels": {"name": "x", "kind": "EMAIL", "address": "a@example.kg"},
    "alerts/channels/{channel_id}": {"name": "y", "kind": "EMAIL", "address": "a@example.kg"},
    "background/jobs/{job_id}/steps": {"step": "hold", "reason": "x"},
    "background/letters/{letter_id}/steps": {"step": "drop", "reason": "x"},
    "background/holds": {"step": "resume", "kind": "TASK", "name": "x"},
}


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    yield from _walk(app.router.routes)


def _walk(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from _walk(included.routes)


def addresses(app: FastAPI) -> set[tuple[str, str]]:
    """Take the addresses from the published description: nothing served can hide there."""
    described = app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in described.items() for method in methods}


async def test_every_route_has_a_policy_and_every_policy_a_route(world: World) -> None:
    """A new route without a policy, and a policy whose route is gone, both fail here."""
    app = make_app(world)
    assert addresses(app) == set(POLICIES)
    described = {(method, f"/api/v1/{path}") for method, path in MEANT_FOR}
    opened = {key for key, policy in POLICIES.items() if policy.audience is Audience.ANYBODY}
    assert described | opened == set(POLICIES)
    assert described & opened == set()
    assert opened == {
        ("POST", "/api/v1/session"), ("GET", "/api/v1/oidc/start"), ("GET", "/api/v1/oidc/callback"),
        ("POST", "/api/v1/recovery"), ("GET", "/api/v1/undertaking-form"), ("GET", "/api/v1/consent-form"),
    }  # fmt: skip


async def test_every_route_stands_behind_the_guard(world: World) -> None:
    """No route of the API is of another class than the guarded one."""
    found = list(routes_of(make_app(world)))
    assert len(found) == len(POLICIES)
    assert {type(route) for route in found} == {GuardedRoute}


async def test_a_route_without_a_policy_answers_nobody(world: World) -> None:
    """Forgetting the policy closes a route to everybody, the bearer token included."""
    app = FastAPI()
    deps = ApiDependencies(database=world.database, agencies=Sources().agencies(), settings=settings_of())
    router = guarded_router(Guard(deps), tags=[])
    router.add_api_route("/forgotten", lambda: {"open": True})
    app.include_router(router)
    transport = {"type": "http", "method": "GET", "path": "/api/v1/forgotten", "query_string": b""}
    headers = [(b"authorization", f"Bearer {TOKEN}".encode()), (b"host", b"x")]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        said.append(message)

    await app({**transport, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
    assert said[0]["status"] == 403


def test_the_whole_application_serves_no_other_json_route() -> None:
    """Outside the API the application has messages, contracts and signs of life, nothing about people."""
    app = create_app(settings_of())
    paths = {getattr(route, "path", "") for route in app.router.routes}
    assert {path for path in paths if path.startswith("/api")} == set()
    assert "/healthz" in paths


def _own(world: World, path: str) -> str:
    return path.format(
        isuo_no=world.numbers["a-pupil"],
        case_id=world.cases["own"],
        account_id=uuid4(),
        grant_id=uuid4(),
        transfer_id=uuid4(),
        employment_id=uuid4(),
        class_id=world.classes["5A"],
        package_id=uuid4(),
        leave_id=uuid4(),
        enquiry_id=uuid4(),
        register_code="NOWHERE",
        book_code="POSITION",
        notice_id=world.notices["responsible"],
        code="NOWHERE",
        incident_id=uuid4(),
        run_id=uuid4(),
        rule_id=uuid4(),
        channel_id=uuid4(),
        letter_id=uuid4(),
        job_id=1,
        position=1,
        exchange_id=uuid4(),
    )


@pytest.mark.requirement("R-050", "R-051")
async def test_every_role_is_answered_where_it_is_meant_to_be_and_nowhere_else(world: World) -> None:
    """Each address is asked as each role: 403 for those it is not meant for, anything else for the others."""
    wrong = []
    async with served(world) as browser:
        for (method, path), meant in MEANT_FOR.items():
            for role in [*ROLES, PROGRAM]:
                status = await _ask_as(world, browser, role, method, path)
                answered = status not in {401, 403}
                if path in {"session/second-factor", "me/password"} and role != PROGRAM:
                    answered = status in {401, 422, 429}  # a wrong code or password, which is an answer
                if answered != (role in meant):
                    wrong.append((role, method, path, status))
    assert wrong == []


async def _ask_as(world: World, browser: Browser, role: str, method: str, path: str) -> int:
    body = BODIES.get(path)
    if role == PROGRAM:
        status, answer, _ = await browser.new().ask(
            method, _own(world, path), body, Authorization=f"Bearer {TOKEN}", X_CSRF_Token=None, Origin=None
        )
        wants_a_person = isinstance(answer, dict) and str(answer.get("type")).endswith("sign_in_required")
        return 403 if wants_a_person else status
    return (await browser.carry(await world.token(role)).ask(method, _own(world, path), body))[0]


async def test_without_a_session_or_token_only_signing_in_is_open(world: World) -> None:
    """Whoever shows nothing gets 401 everywhere but where one signs in."""
    async with served(world) as browser:
        for method, path in MEANT_FOR:
            assert (await browser.new().ask(method, _own(world, path), BODIES.get(path)))[0] == 401, path
        assert (await browser.new().ask("GET", "undertaking-form"))[0] == 200


async def test_a_half_signed_in_session_reaches_nothing(world: World) -> None:
    """Before the second factor only the second factor, the way out and who-am-I answer."""
    async with served(world) as browser:
        half = browser.carry(await world.token("special", Stage.SECOND_FACTOR))
        for method, path in MEANT_FOR:
            status, answer, _ = await half.ask(method, _own(world, path), BODIES.get(path))
            open_to_half = path in {"me", "session", "session/second-factor", "session/second-factor/secret"}
            refused = (status, answer and answer.get("type")) == (
                403,
                "urn:kopuro:problem:second_factor_required",
            )
            assert refused is not open_to_half, path


FOREIGN = [
    ("GET", "learners/{isuo_no}"),
    ("GET", "learners/{isuo_no}/orders"),
    ("GET", "learners/{isuo_no}/blocks"),
    ("GET", "learners/{isuo_no}/file"),
    ("GET", "learners/{isuo_no}/exams"),
    ("GET", "learners/{isuo_no}/file/packages"),
    ("POST", "learners/{isuo_no}/file/packages"),
    ("GET", "organisations/{code}/lateness"),
    ("GET", "organisations/{code}"),
    ("GET", "organisations/{code}/passport"),
    ("GET", "organisations/{code}/passport/statement"),
    ("GET", "organisations/{code}/passport/signature"),
    ("GET", "organisations/{code}/classes"),
    ("GET", "organisations/{code}/staff"),
    ("GET", "organisations/{code}/leaves"),
    ("GET", "classes/{class_id}/learners"),
    ("GET", "classes/{class_id}/marks"),
    ("POST", "organisations/{code}/passport/confirmation"),
    ("POST", "cases/{case_id}/decision"),
    ("GET", "accounts/{account_id}"),
    ("POST", "accounts/{account_id}/recovery-code"),
    ("POST", "accounts/{account_id}/block"),
    ("POST", "appointments/{grant_id}/end"),
    ("POST", "notices/{notice_id}/receipt"),
]


@pytest.mark.parametrize("role", ["district", "head", "responsible", "learner", "parent"])
@pytest.mark.requirement("R-054")
async def test_what_is_anothers_is_answered_like_what_is_not_there(world: World, role: str) -> None:
    """For every address that takes an id, another district's id and an invented one give byte-equal answers."""
    foreign = {
        "isuo_no": world.numbers["b-pupil"],
        "case_id": world.cases["b"],
        "account_id": world.accounts["b-responsible"],
        "grant_id": world.grants["b-responsible"],
        "notice_id": world.notices["b-responsible"],
        "class_id": world.classes["B"],
        "code": "B-SCHOOL",
    }
    nothing = {name: uuid4() for name in foreign} | {"isuo_no": "99999999999X"}
    async with served(world) as browser:
        own = browser.carry(await world.token(role))
        for method, path in FOREIGN:
            if role not in MEANT_FOR[method, path]:
                continue
            other = await own.ask(method, path.format(**foreign), BODIES.get(path))
            absent = await own.ask(method, path.format(**nothing), BODIES.get(path))
            assert other[:2] == absent[:2], path
            assert other[0] == 404, path
    async with world.database.transaction() as session:
        untouched = await session.execute(
            text(
                "select state, (select count(*) from recovery_code) from account where login = 'b-responsible'"
            )
        )
        assert tuple(untouched.one()) == ("ACTIVE", 0)


async def test_each_role_reads_the_cards_of_its_cell(world: World) -> None:
    """Through the API too a card opens to those who see the person, and holds no other school's enrolment."""
    async with served(world) as browser:
        for role in MEANT_FOR["GET", "learners/{isuo_no}"] - {PROGRAM}:
            own = browser.carry(await world.token(role))
            opened = {
                name
                for name in world.learners
                if (await own.ask("GET", f"learners/{world.numbers[name]}"))[0] == 200
            }
            assert opened == PEOPLE[role], role
        program = {"Authorization": f"Bearer {TOKEN}"}
        status, card, _ = await browser.new().ask("GET", f"learners/{world.numbers['b-pupil']}", **program)
        assert (status, len(card["enrolments"])) == (200, 2)


async def test_lists_hold_the_own_rows_only(world: World) -> None:
    """Cases and accounts are listed within reach; where people may not be seen the cases carry none."""
    async with served(world) as browser:
        for role, expected in {
            "district": {"a", "across", "own"},
            "responsible": {"a", "across", "own"},
        }.items():
            _, cases, _ = await browser.carry(await world.token(role)).ask("GET", "cases")
            assert {case["explanation"].split()[1] for case in cases} == expected
        for role in ("special", "auditor"):
            _, cases, _ = await browser.carry(await world.token(role)).ask("GET", "cases")
            assert len(cases) == 4
            assert {(case["isuo_no"], case["explanation"], len(case["candidates"])) for case in cases} == {
                ("", "", 0)
            }
        _, listed, _ = await browser.carry(await world.token("head")).ask("GET", "accounts")
        assert {each["login"] for each in listed} == {"head", "responsible", "teacher"}


async def test_a_case_with_a_candidate_beyond_reach_is_not_decided_here(world: World) -> None:
    """Nobody decides about a child he may not see; the responsible specialist decides nothing, and nobody merges alone."""
    across, inside = (f"cases/{world.cases[name]}/decision" for name in ("across", "a"))
    confirm = {"decision": "confirm", "by": "x"}
    async with served(world) as browser:
        district = browser.carry(await world.token("district"))
        status, answer, _ = await district.ask("POST", across, confirm)
        assert (status, answer["type"]) == (403, "urn:kopuro:problem:case_beyond_reach")
        responsible = browser.carry(await world.token("responsible"))
        assert (await responsible.ask("POST", inside, confirm))[0] == 403
        status, answer, _ = await district.ask("POST", inside, confirm)
        assert (status, answer["type"]) == (409, "urn:kopuro:problem:refused")  # two people merge, not one
        status, answer, _ = await district.ask("POST", inside, confirm | {"decision": "reject"})
        assert (status, answer["state"]) == (200, "CLOSED_NO_ACTION")
    async with world.database.transaction() as session:
        decided = await session.execute(text("select decided_by from review_case where decision is not null"))
        assert list(decided.scalars()) == [f"isuo.{world.accounts['district'].hex}"]


async def test_a_school_admits_to_itself_only(world: World) -> None:
    """An application for another school is as unknown as one for a school that is not there."""
    person = world.people.person()
    body = {
        "surname": person.surname,
        "given_name": person.given_name,
        "birth_date": person.birth_date.isoformat(),
        "pin": person.pin,
        "start_on": "2026-09-01",
        "source_record_key": "row-1",
    }
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        answers = [
            await own.ask("POST", "learners", body | {"organisation_code": code})
            for code in ("B-SCHOOL", "NOWHERE", "A-SCHOOL")
        ]
    assert answers[0][:2] == answers[1][:2]
    assert (answers[0][0], answers[2][0]) == (422, 201)


async def test_a_claim_on_anothers_child_shows_nothing_of_it(world: World) -> None:
    """Typing the PIN of a child of another district gives a held claim and no field of the card."""
    async with world.database.transaction() as session:
        row = (
            await session.execute(
                text("select surname, given_name, birth_date from person where id = :id"),
                {"id": world.learners["moved"]},
            )
        ).one()
    body = {
        "surname": row.surname,
        "given_name": row.given_name,
        "birth_date": row.birth_date.isoformat(),
        "pin": world.pins["moved"],
        "organisation_code": "A-SCHOOL",
        "start_on": "2026-11-01",
        "source_record_key": "row-2",
    }
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        status, answer, _ = await own.ask("POST", "learners", body)
        assert (status, answer["fields"]) == (200, [])
        assert (await own.ask("GET", f"learners/{answer['isuo_no']}"))[0] == 404


@pytest.mark.requirement("R-060")
async def test_every_answer_to_a_known_caller_is_on_record(world: World) -> None:
    """What was seen, what was refused and by whom stands in the trace, with its object and its place."""
    async with served(world) as browser:
        own = browser.carry(await world.token("responsible"))
        await own.ask("GET", f"learners/{world.numbers['a-pupil']}")
        await own.ask("GET", f"learners/{world.numbers['b-pupil']}")
        await own.ask("GET", "notices")
        await browser.new().ask("GET", "cases", Authorization=f"Bearer {TOKEN}")
        await browser.new().ask("GET", "cases")
    async with world.database.transaction() as session:
        found = await session.execute(
            text("""
                select act, object_id, allowed, reason, caller, account_id from access_act
                where act like '%/api/%' order by seq
            """)
        )
        rows = [tuple(row) for row in found]
    who = world.accounts["responsible"]
    card = "GET /api/v1/learners/{isuo_no}"
    assert rows == [
        (card, world.numbers["a-pupil"], True, "200", "ACCOUNT", who),
        (card, world.numbers["b-pupil"], False, "404", "ACCOUNT", who),
        ("GET /api/v1/notices", "", False, "FORBIDDEN", "ACCOUNT", who),
        ("GET /api/v1/cases", "", True, "200", "PROGRAM", None),
    ]
