"""The JSON API over real HTTP: what it gives, what it refuses, what it never repeats."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from gateway.access.token import check_bearer
from gateway.api import ApiDependencies, create_router
from gateway.exchange.errors import JournalUnavailable
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError
from gateway.foundation.settings import Identity, Server, Settings
from tests.intake.support import POLICIES, Sources, add_schools, person_record
from tests.people import People, Person

TOKEN = "a-long-token-of-the-tests"
CANARY = "99123456789012"


class Client:
    """A client of one running server; keeps every address it asked."""

    def __init__(self, http: aiohttp.ClientSession, sources: Sources) -> None:
        self.http = http
        self.sources = sources

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        sent = {"Authorization": f"Bearer {TOKEN}", "Accept-Language": "en"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(method, f"/api/v1/{path}", json=body, headers=sent) as response:
            answer = await response.json(content_type=None)
            return response.status, answer, dict(response.headers)


@asynccontextmanager
async def running(database: Database, *, token: str) -> AsyncIterator[Client]:
    sources = Sources()
    identity = Identity(xroad_instance="X", member_class="GOV", member_code="1", subsystem_code="s")
    settings = Settings(home=Path(), identity=identity, server=Server(api_token=token), fields=POLICIES)
    app = FastAPI()
    app.include_router(
        create_router(ApiDependencies(database=database, agencies=sources.agencies(), settings=settings))
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        yield Client(http, sources)
    server.should_exit = True
    await serving


@pytest_asyncio.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    await add_schools(database)
    async with running(database, token=TOKEN) as made:
        yield made


def body_of(person: Person, **changed: object) -> dict[str, object]:
    made = {
        "surname": person.surname,
        "given_name": person.given_name,
        "patronymic": person.patronymic,
        "birth_date": person.birth_date.isoformat(),
        "pin": person.pin,
        "organisation_code": "SCHOOL-A",
        "start_on": "2026-09-01",
        "source_record_key": f"row-{person.pin[9:]}",
    }
    return {**made, **changed}


async def test_a_pin_becomes_a_filled_form(client: Client) -> None:
    """The form's values come with their source, and the question carries the clerk and a case, not "1"."""
    child = People(1).person()
    client.sources.people[child.pin] = person_record(child)
    status, answer, _ = await client.ask("POST", "autofill", {"pin": child.pin}, X_User_Id="clerk.one")
    values = {each["name"]: each for each in answer["fields"]}
    assert status == 200
    assert values["surname"]["value"] == child.surname.upper()
    assert (values["surname"]["source"], values["surname"]["status"]) == ("ZAGS", "FILLED_BY_SOURCE")
    assert client.sources.context.user_id == "clerk.one"
    assert client.sources.context.issue.startswith("autofill-")
    assert child.pin not in client.sources.context.issue


async def test_a_learner_is_admitted_and_read_by_number(client: Client) -> None:
    """The answer carries the number and the source of each value; the card repeats them."""
    child = People(2).person()
    client.sources.people[child.pin] = person_record(child)
    status, answer, _ = await client.ask("POST", "learners", body_of(child))
    assert (status, answer["result"], answer["verification"]) == (201, "CREATED", "MATCHED_WITH_SOURCE")
    status, card, _ = await client.ask("GET", f"learners/{answer['isuo_no']}")
    assert status == 200
    assert {each["name"]: each["source"] for each in card["fields"]}["birth_date"] == "ZAGS"
    assert card["identifiers"] == [{"scheme": "PIN", "value": child.pin, "status": "VERIFIED"}]
    assert card["enrolments"][0]["organisation_code"] == "SCHOOL-A"


async def test_the_same_request_again_is_not_a_second_child(client: Client) -> None:
    """A repeat after a lost answer gives the same number with 200."""
    child = People(3).person()
    first = await client.ask("POST", "learners", body_of(child))
    again = await client.ask("POST", "learners", body_of(child))
    assert (first[0], again[0]) == (201, 200)
    assert first[1]["isuo_no"] == again[1]["isuo_no"]
    assert again[1]["result"] == "UPDATED"


async def test_a_doubtful_child_gives_a_case_that_can_be_decided_once(client: Client) -> None:
    """A case is listed with its candidates and reasons; a second decision is told that it is too late."""
    child = People(4).person(given_name="Нурислам", sex="M", surname="Токтогулов")
    client.sources.people[child.pin] = person_record(child)
    first = await client.ask("POST", "learners", body_of(child))
    bare = body_of(
        child, pin=None, surname="Токтагулов", organisation_code="SCHOOL-B", source_record_key="b-1"
    )
    status, second, _ = await client.ask("POST", "learners", bare)
    assert (status, second["result"]) == (201, "CASE")
    _, cases, _ = await client.ask("GET", "cases", Accept_Language="ru")
    assert [case["case_id"] for case in cases] == [second["case_id"]]
    assert cases[0]["candidates"][0]["isuo_no"] == first[1]["isuo_no"]
    assert {item["field"] for item in cases[0]["candidates"][0]["evidence"]} >= {"surname", "birth_date"}
    decision = {"decision": "confirm", "by": "district.one"}
    path = f"cases/{second['case_id']}/decision"
    assert (await client.ask("POST", path, decision))[0] == 200
    assert (await client.ask("POST", path, decision))[0] == 409
    _, card, _ = await client.ask("GET", f"learners/{second['isuo_no']}")
    assert card["isuo_no"] == first[1]["isuo_no"]
    assert card["also_known_as"] == [second["isuo_no"]]


@pytest.mark.parametrize(
    "body",
    [
        {"pin": CANARY},
        {"pin": int(CANARY)},
        {"pin": {"value": CANARY}},
        {CANARY: "x", "pin": "1"},
        {"pin": f"{CANARY}1"},
        [CANARY],
        {"pin": "1", "names": {"surname": CANARY, "birth_date": CANARY}},
    ],
)
@pytest.mark.parametrize("path", ["autofill", "learners"])
async def test_no_error_repeats_what_was_sent(
    client: Client, path: str, body: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong, neither the answer nor a log line carries the values or invented keys."""
    caplog.set_level(logging.DEBUG)
    status, answer, headers = await client.ask("POST", path, body)
    assert status == 422
    assert headers["Content-Type"] == "application/problem+json"
    assert CANARY not in str(answer)
    assert CANARY not in caplog.text
    assert set(answer) == {"type", "title", "status", "detail", "errors"}


async def test_broken_json_is_named_without_being_repeated(client: Client) -> None:
    """A body that is no JSON is a problem of the body."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    async with client.http.post("/api/v1/autofill", data=f'{{"pin": "{CANARY}', headers=headers) as response:
        text = await response.text()
    assert response.status == 422
    assert '"code":"JSON"' in text
    assert CANARY not in text


async def test_all_problems_come_at_once_in_the_readers_language(client: Client) -> None:
    """Thirteen digits and an impossible date are both named, in Kyrgyz to whoever wishes it."""
    child = People(5).person()
    body = body_of(child, pin=child.pin[:13], birth_date="31.02.2018")
    status, answer, headers = await client.ask("POST", "learners", body, Accept_Language="ky,ru;q=0.5")
    assert status == 422
    assert {(error["field"], error["code"]) for error in answer["errors"]} == {
        ("pin", "PIN_LENGTH"),
        ("birth_date", "DATE"),
    }
    assert "ПИНде 14 цифра болушу керек" in answer["detail"]
    assert headers["Content-Language"] == "ky"


async def test_a_pin_that_contradicts_the_birth_date_is_refused_by_its_part(client: Client) -> None:
    """The answer says that the date inside the PIN is another one."""
    child = People(6).person()
    status, answer, _ = await client.ask("POST", "learners", body_of(child, birth_date="2011-01-01"))
    assert status == 422
    assert [error["code"] for error in answer["errors"]] == ["PIN_BIRTH_DATE_MISMATCH"]


async def test_a_strangers_values_never_leave(client: Client) -> None:
    """S-7 over HTTP: the answer to a wrong PIN holds no value of its owner."""
    people = People(7)
    stranger = people.person(sex="M", given_name="Темирлан", surname="Чокморов")
    client.sources.people[stranger.pin] = person_record(stranger)
    names = {"given_name": "Нурлан", "birth_date": stranger.birth_date.isoformat()}
    status, answer, _ = await client.ask("POST", "autofill", {"pin": stranger.pin, "names": names})
    assert status == 200
    assert answer["warnings"][0]["code"] == "PIN_NOT_THIS_PERSON"
    assert "чокморов" not in str(answer).lower()
    wrong = body_of(replace(stranger, given_name="Нурлан", surname="Асанов"))
    _, admitted, _ = await client.ask("POST", "learners", wrong)
    assert admitted["result"] == "CASE"
    assert "чокморов" not in str(admitted).lower()


async def test_without_the_right_token_nothing_is_answered(client: Client) -> None:
    """No token, a wrong one and another scheme are all 401 with a problem."""
    for value in ("", "Bearer wrong", f"Basic {TOKEN}"):
        status, answer, headers = await client.ask("GET", "cases", Authorization=value)
        assert (status, answer["type"]) == (401, "urn:kopuro:problem:token")
        assert headers["WWW-Authenticate"] == "Bearer"


async def test_an_api_without_a_token_is_closed(database: Database) -> None:
    """With no token configured every request is refused with what to set."""
    async with running(database, token="") as client:
        for value in ("", "Bearer ", "Bearer x"):
            status, answer, _ = await client.ask("GET", "cases", Authorization=value)
            assert status == 503
            assert "KOPURO_SERVER__API_TOKEN" in answer["detail"]


async def test_unknown_numbers_and_cases_are_not_found(client: Client) -> None:
    """A number or a case nobody has is a 404 problem, a malformed one is not an error of the server."""
    unknown = "00000000-0000-0000-0000-000000000000"
    decision = {"decision": "reject", "by": "district.one"}
    assert (await client.ask("GET", "learners/12345678901X"))[0] == 404
    assert (await client.ask("POST", f"cases/{unknown}/decision", decision))[0] == 404
    assert (await client.ask("POST", "cases/x/decision", decision))[0] == 422
    assert (await client.ask("GET", "cases", X_User_Id="12345678901234"))[0] == 200
    status, answer, _ = await client.ask("POST", "autofill", {"pin": "1"}, X_User_Id="12345678901234")
    assert (status, answer["errors"][0]["field"]) == (422, "x-user-id")


async def test_an_unknown_school_is_a_problem_of_its_field(client: Client) -> None:
    """An organisation nobody knows is refused under its field's name."""
    status, answer, _ = await client.ask(
        "POST", "learners", body_of(People(8).person(), organisation_code="NOWHERE")
    )
    assert status == 422
    assert answer["errors"][0]["field"] == "organisation_code"


def test_the_token_is_compared_whole() -> None:
    """A prefix of the token, and a token with letters of another alphabet, do not pass."""
    check_bearer(f"bearer {TOKEN}", token=TOKEN)
    for wrong in (TOKEN[:-1], f"{TOKEN}х", ""):
        with pytest.raises(AccessError):
            check_bearer(f"Bearer {wrong}", token=TOKEN)


async def test_what_cannot_be_recorded_now_is_asked_for_again_later(client: Client) -> None:
    """When the journal is away nothing is asked and nothing admitted: 503 with a sentence, and no half entry."""
    child = People(9).person()
    client.sources.failure = JournalUnavailable("the journal's database does not answer")
    for path, body in (("autofill", {"pin": child.pin}), ("learners", body_of(child))):
        status, answer, _ = await client.ask("POST", path, body)
        assert (status, answer["type"]) == (503, "urn:kopuro:problem:later")
    client.sources.failure = None
    status, answer, _ = await client.ask("POST", "learners", body_of(child))
    assert (status, answer["result"]) == (201, "CREATED")
