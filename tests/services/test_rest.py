"""The published services by REST: the same content as by SOAP, the same rules, errors in X-Road's JSON form."""

import asyncio
import base64
import hashlib
import io
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gateway.exchange.search import show
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import KopuroError
from gateway.sandbox.seed import CERTIFICATE
from gateway.services.arrival import Arrival
from gateway.services.codec import write_content
from gateway.services.rest_endpoint import RestEndpoint
from gateway.services.rest_routes import published_services
from gateway.services.trace import Trace
from gateway.wiring.keys import read_keys
from gateway.xroad.contracts import Schema
from gateway.xroad.envelope import CONTENT_TYPE, Message, read_message
from gateway.xroad.faults import fault_code_of
from gateway.xroad.rest.problems import status_of
from gateway.xroad.rest.to_json import to_json
from tests.conftest import ROOT
from tests.running import Running
from tests.services.asking import OURS, PORTAL, SOCIAL_FUND, about, call, context, headers, written
from tests.services.test_endpoint import adult, ask_about, post, rows


async def test_soap_and_rest_give_the_same_content(product: Running, http: aiohttp.ClientSession) -> None:
    """One question by both bindings: the answers differ in the disclosure's id alone."""
    _, soap = await post(
        http, f"{product.gateway}/xroad", ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE")
    )
    message = read_message(soap, CONTENT_TYPE)
    assert isinstance(message, Message)
    service = published_services(product.settings.contracts, product.settings.schemas)[0]
    by_soap = json.loads(to_json(message.content, service.answer))
    status, by_rest, _ = await call(http, product, about(adult()))
    assert status == 200
    assert by_rest.pop("disclosureId") != by_soap.pop("disclosureId")
    assert by_rest == by_soap
    assert by_rest["status"]["studying"] is True
    assert isinstance(by_rest["registrySeq"], int)
    assert [period["from"] for period in by_rest["status"]["period"]] == ["2025-09-01"]


async def test_the_second_service_answers_too(product: Running, http: aiohttp.ClientSession) -> None:
    """An education document is checked by JSON; the bare service code means the first version."""
    kind, series, number = CERTIFICATE
    body = {
        "context": context("DOCUMENT_CHECK"),
        "document": {"type": kind, "series": series, "number": number},
        "holder": {"birthDate": adult().birth_date.isoformat()},
    }
    for service in ("verifyEducationDocument/v1", "verifyEducationDocument"):
        status, answer, said = await call(http, product, body, service=service)
        assert (status, answer["documentStatus"], answer["document"]["honours"]) == (200, "VALID", False)
        assert said["X-Road-Service"] == f"{OURS}/verifyEducationDocument"
    found = await rows(product, "select service from journal_entry")
    assert {row.service for row in found} == {f"{OURS}/verifyEducationDocument/v1"}


async def test_an_answer_repeats_what_the_caller_said_of_itself(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Client, id, request id, party and server come back; hash and error are left to the security server."""
    asked = {
        "X-Road-Id": "an-id",
        "X-Road-Request-Id": "7f0ff2e8-8a32-44fe-9d7b-3f4a0e2d8a01",
        "X-Road-Represented-Party": "GOV/70000099",
        "X-Road-Security-Server": "central-server/GOV/70000016/ss1",
    }
    for body in (about(adult()), {}):
        _, _, said = await call(http, product, body, headers(**asked))
        assert {name: said[name] for name in asked} == asked
        assert said["X-Road-Client"] == PORTAL
        assert said["X-Road-Service"] == f"{OURS}/getLearnerStatus"
        assert not {"X-Road-Request-Hash", "X-Road-Error"} & said.keys()
        asked["X-Road-Id"] = "another-id"


async def test_the_journal_keeps_the_json_of_both_sides(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Request and answer stand in the journal as the very bytes, with the disclosure in the same transaction."""
    body = written(about(adult()))
    url = f"{product.gateway}/r1/{OURS}/getLearnerStatus/v1"
    said = headers(X_Road_Request_Id="req-1")
    async with http.post(url, data=io.BytesIO(body), headers=said) as reply:
        answered = await reply.read()
    (row,) = await rows(
        product,
        "select entry_id, x_request_id, protocol_version, client, service, user_id, issue, agreement, purpose,"
        " outcome, signature, subject, response_sha256 from journal_entry",
    )
    assert (row.x_request_id, row.protocol_version, row.client) == ("req-1", "1", PORTAL)
    assert (row.service, row.user_id) == (f"{OURS}/getLearnerStatus/v1", "KG-sandbox-officer")
    assert (row.agreement, row.purpose, row.outcome) == ("PORTAL-2026-01", "BENEFIT_CASE", "OK")
    assert (row.signature, bool(row.subject)) == ("unsigned", True)
    assert bytes(row.response_sha256) == hashlib.sha256(answered).digest()
    (told,) = await rows(product, "select answer_sha256 from disclosure")
    assert bytes(told.answer_sha256) == hashlib.sha256(answered).digest()
    database = Database(product.settings.database.url)
    shown = await show(database, read_keys(product.settings), row.entry_id, bodies=True)
    await database.close()
    assert shown is not None
    assert (shown.request, shown.response) == (body, answered)


async def test_unknown_and_wrong_control_are_one_answer(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """What depends on the person asked about is an outcome and no error, by REST as by SOAP."""
    body = about(adult())
    body["subject"]["control"]["birthDate"] = (adult().birth_date + timedelta(days=1)).isoformat()
    status, answer, _ = await call(http, product, body)
    assert (status, answer["resultCode"], "status" in answer) == (200, "NOT_FOUND_OR_NOT_ALLOWED", False)


async def test_where_signing_is_agreed_rest_is_refused(product: Running, http: aiohttp.ClientSession) -> None:
    """REST carries no signature of the client's: nothing reaches a handler, and the refusal says what to do."""
    body = about(adult())
    body["context"] = context("SF_SURVIVOR", "SF-2026-01")
    status, problem, _ = await call(http, product, body, headers(X_Road_Client=SOCIAL_FUND))
    assert (status, problem["type"]) == (403, "Client.SIGNATURE_INVALID")
    assert "SOAP" in problem["message"]
    (row,) = await rows(product, "select signature, succeeded, fault_code, subject from journal_entry")
    assert tuple(row) == ("refused", False, "Client.SIGNATURE_INVALID", None)
    assert not await rows(product, "select 1 from disclosure")


async def test_a_repeated_message_gets_its_first_answer(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Same id and bytes: the stored answer, one effect. Other bytes, or other words in the headers: 409."""
    one = headers(X_Road_Id="one-id")
    answers = await asyncio.gather(*(call(http, product, about(adult()), one) for _ in range(10)))
    assert {status for status, _, _ in answers} == {200}
    assert len({answer["disclosureId"] for _, answer, _ in answers}) == 1
    again = headers(X_Road_Id="one-id", X_Road_Request_Id="another-exchange")
    assert (await call(http, product, about(adult()), again))[0] == 200
    for body, said in (
        (about(adult(), onDate="2026-01-01"), one),
        (about(adult()), headers(X_Road_Id="one-id", X_Road_UserId="KG-somebody-else")),
        (about(adult()), headers(X_Road_Id="one-id", X_Road_Issue="CASE/other")),
    ):
        status, problem, _ = await call(http, product, body, said)
        assert (status, problem["type"]) == (409, "Client.REPLAY")
    assert len(await rows(product, "select 1 from disclosure")) == 1
    assert len(await rows(product, "select 1 from journal_claim")) == 1


async def test_one_id_cannot_be_used_by_both_bindings(product: Running, http: aiohttp.ClientSession) -> None:
    """A message id belongs to the client and the service, whichever way it came."""
    request = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE", message_id="shared-id")
    assert (await post(http, f"{product.gateway}/xroad", request))[0] == 200
    status, problem, _ = await call(http, product, about(adult()), headers(X_Road_Id="shared-id"))
    assert (status, problem["type"]) == (409, "Client.REPLAY")


def without(*path: str) -> dict[str, Any]:
    body = about(adult())
    inner = body
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return body


def with_purpose(purpose: str) -> dict[str, Any]:
    return about(adult()) | {"context": context(purpose)}


REFUSED: dict[str, tuple[Any, dict[str, str | None], str, int, str, str]] = {
    "no client": ({}, {"X-Road-Client": None}, "", 400, "missing_header_field", "X-Road-Client"),
    "short client": ({}, {"X-Road-Client": "a/b"}, "", 400, "invalid_client_identifier", "X-Road-Client"),
    "raw client": ({}, {"X-Road-Client": "a/b/c/ü"}, "", 400, "invalid_client_identifier", "X-Road-Client"),
    "no id": ({}, {"X-Road-Id": None}, "", 400, "missing_header_field", "X-Road-Id"),
    "empty id": ({}, {"X-Road-Id": " "}, "", 400, "missing_header_field", "X-Road-Id"),
    "long id": ({}, {"X-Road-Id": "x" * 256}, "", 400, "bad_request", "X-Road-Id"),
    "party": ({}, {"X-Road-Represented-Party": "a/b/c"}, "", 400, "bad_request", "X-Road-Represented-Party"),
    "server": ({}, {"X-Road-Security-Server": "a/b"}, "", 400, "bad_request", "X-Road-Security-Server"),
    "other service": (
        {}, {"X-Road-Service": f"{OURS}/verifyEducationDocument"}, "", 400, "inconsistent_headers", "X-Road-Service",
    ),
    "unknown service": ({}, {}, "getEverything/v1", 404, "unknown_service", "getLearnerStatus/v1"),
    "unknown version": ({}, {}, "getLearnerStatus/v9", 404, "unknown_service", "getLearnerStatus/v1"),
    "deeper path": ({}, {}, "getLearnerStatus/v1/x", 404, "unknown_service", "address"),
    "query": ({}, {}, "getLearnerStatus/v1?a=1", 400, "bad_request", "body"),
    "bad escape": ({}, {}, "getLearnerStatus/%ff", 400, "bad_request", "UTF-8"),
    "no agreement": ({}, {"X-Road-Client": "central-server/GOV/1/x"}, "", 403, "AGREEMENT_MISSING", "agreement"),
    "purpose": (with_purpose("SF_SURVIVOR"), {}, "", 403, "PURPOSE_NOT_ALLOWED", "purpose"),
    "no user": (about(adult()), {"X-Road-UserId": None}, "", 400, "USER_MISSING", "X-Road-UserId"),
    "no case": (about(adult()), {"X-Road-Issue": None}, "", 400, "ISSUE_MISSING", "X-Road-Issue"),
    "xml": (b"<a/>", {"Content-Type": "text/xml"}, "", 415, "invalid_content_type", "application/json"),
    "latin": ({}, {"Content-Type": "application/json; charset=latin-1"}, "", 415, "invalid_content_type", "JSON"),
    "gzip": ({}, {"Content-Encoding": "gzip"}, "", 415, "invalid_content_type", "Content-Encoding"),
    "no json": (b"{", {}, "", 400, "invalid_request", "line 1"),
    "empty": (b"", {}, "", 400, "invalid_request", "line 1"),
    "nan": (b'{"subject": NaN}', {}, "", 400, "invalid_request", "NaN"),
    "latin bytes": (b'{"a": "\xff"}', {}, "", 400, "invalid_request", "UTF-8"),
    "deep": (b"[" * 100_000, {}, "", 400, "invalid_request", "deep"),
    "many parts": (b"[" + b"1," * 300_000 + b"1]", {}, "", 400, "invalid_request", "too many"),
    "array": ([], {}, "", 400, "SCHEMA", "object"),
    "missing": (without("context", "caseRef"), {}, "", 400, "SCHEMA", "/context/caseRef"),
    "no choice": (without("subject", "pin"), {}, "", 400, "SCHEMA", "(/subject)"),
    "unknown member": (about(adult(), marks=[1]), {}, "", 400, "SCHEMA", "known here: context"),
    "number for text": (about(adult(), profile=1), {}, "", 400, "SCHEMA", "(/profile)"),
    "null": (about(adult(), onDate=None), {}, "", 400, "SCHEMA", "(/onDate)"),
    "array for one": (about(adult(), onDate=["2026-01-01"]), {}, "", 400, "SCHEMA", "(/onDate)"),
    "bad date": (about(adult(), onDate="01.01.2026"), {}, "", 400, "SCHEMA", "(/onDate)"),
    "no day": (about(adult(), onDate="2026-02-30"), {}, "", 400, "SCHEMA", "(/onDate)"),
    "future": (about(adult(), onDate="2999-01-01"), {}, "", 400, "SCHEMA", "(/onDate)"),
    "twice": (b'{"onDate": "2026-01-01", "onDate": "2026-01-02"}', {}, "", 400, "SCHEMA", "(/onDate)"),
    "control": (about(adult(), profile="\x00"), {}, "", 400, "SCHEMA", "(/profile)"),
    "surrogate": (b'{"profile": "\\ud800", "context": {}, "subject": {}}', {}, "", 400, "SCHEMA", "/context"),
}  # fmt: skip


async def test_every_refusal_has_its_status_its_place_and_its_row(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Whatever is wrong is said by code and place with the fitting status, is recorded, and reads no registry."""
    for name, (body, changed, service, status, code, named) in REFUSED.items():
        said = headers(**changed)
        got, problem, _ = await call(http, product, body, said, service=service or "getLearnerStatus/v1")
        assert (got, problem["type"]) == (status, f"Client.{code}"), (name, problem)
        assert named in problem["message"] + problem["detail"], (name, problem)
        assert set(problem) == {"type", "message", "detail"}
    found = await rows(
        product, "select outcome, fault_code, succeeded, subject from journal_entry order by seq"
    )
    assert [row.fault_code for row in found] == [f"Client.{code}" for *_, code, _ in REFUSED.values()]
    assert {(row.outcome, row.succeeded) for row in found} == {("FAULT", False)}
    assert not await rows(product, "select 1 from disclosure")


async def test_a_header_that_stands_twice_is_refused(product: Running, http: aiohttp.ClientSession) -> None:
    """A security server checks the last of two equal headers and passes both on: neither is believed."""
    singular = ("X-Road-Client", "X-Road-Id", "X-Road-UserId", "X-Road-Represented-Party", "Content-Type")
    for name in singular:
        said = headers(X_Road_Represented_Party="GOV/1")
        for second in (dict(said)[name], "central-server/GOV/70000099/other"):
            status, problem, _ = await call(http, product, about(adult()), [*said, (name, second)])
            assert (status, problem["type"]) == (400, "Client.duplicate_header_field"), name
            assert name in problem["message"]
    assert not await rows(product, "select 1 from disclosure")


async def test_only_post_is_answered(product: Running, http: aiohttp.ClientSession) -> None:
    """Another method is 405 and is told which one to use."""
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        status, problem, said = await call(http, product, b"", method=method)
        assert (status, problem["type"], said["Allow"]) == (405, "Client.invalid_http_method", "POST")
    found = await rows(product, "select fault_code from journal_entry")
    assert [row.fault_code for row in found] == ["Client.invalid_http_method"] * 5


async def test_a_large_body_is_cut_off(product: Running, http: aiohttp.ClientSession) -> None:
    """The body is counted while it streams; the gateway answers 413 and goes on serving."""
    try:
        status, problem, _ = await call(http, product, b" " * (20 * 1024 * 1024))
        assert (status, problem["type"]) == (413, "Client.TOO_LARGE")
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        pass  # closed in our face while we were still sending: as good a refusal
    found = await rows(product, "select fault_code from journal_entry")
    assert [row.fault_code for row in found] == ["Client.TOO_LARGE"]
    assert (await call(http, product, about(adult())))[0] == 200


async def test_a_pin_is_never_repeated_in_errors_or_logs(
    product: Running, http: aiohttp.ClientSession, capfd: pytest.CaptureFixture[str]
) -> None:
    """Wherever a PIN is put, no error body, header or log line shows it, though the refusal names the place."""
    canary = "10101202012345"
    body = about(adult())
    body["subject"]["pin"] = canary + "9"
    bodies = (
        body,
        about(adult()) | {canary: canary},
        about(adult(), onDate=canary),
        f'{{"{canary}": 1, "{canary}": 2}}'.encode(),
        f'{{"subject": {{"pin": "{canary}'.encode(),
        about(adult()) | {"subject": {"pin": int(canary)}},
        f'{{"subject": "{canary}"}}'.encode(),
    )
    for each in bodies:
        status, problem, said = await call(http, product, each)
        assert status == 400
        assert canary not in json.dumps(problem) + str(said)
    status, problem, _ = await call(http, product, b"{}", service=f"getLearnerStatus/v1?pin={canary}")
    assert (status, canary in json.dumps(problem)) == (400, False)
    found = await rows(product, "select * from journal_entry")
    assert not [row for row in found if canary in str(tuple(row))]
    seen = capfd.readouterr()
    assert canary not in seen.out + seen.err


async def test_a_wrong_pin_is_named_by_its_part(product: Running, http: aiohttp.ClientSession) -> None:
    """The error is the same as by SOAP, with a JSON pointer for a place."""
    body = about(adult())
    body["subject"]["pin"] = "30101202012345"
    status, problem, _ = await call(http, product, body)
    assert (status, problem["type"]) == (400, "Client.PIN_INCORRECT")
    assert "(/subject/pin)" in problem["message"]
    assert "1 or 2" in problem["detail"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["context", "subject", "pin", "control", "onDate", "profile", "x"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


async def test_malformed_input_is_never_a_server_error(product: Running, http: aiohttp.ClientSession) -> None:
    """Any JSON and any bytes get a 400 that the journal knows; no handler is reached."""
    bodies: list[bytes] = []

    @given(st.one_of(_JSON.map(lambda value: json.dumps(value).encode()), st.binary(max_size=200)))
    @settings(max_examples=150, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def collect(body: bytes) -> None:
        bodies.append(body)

    collect()
    for body in bodies:
        status, problem, _ = await call(http, product, body)
        assert status == 400, problem
    assert not await rows(product, "select 1 from journal_entry where subject is not null")


async def test_a_call_goes_through_the_security_server(product: Running, http: aiohttp.ClientSession) -> None:
    """The server makes the ids, adds the request's hash and passes content and refusals on; rights come first."""
    anonymous = headers(X_Road_Id=None)
    status, answer, said = await call(http, product, about(adult()), anonymous, through=product.provider)
    assert (status, answer["resultCode"]) == (200, "OK")
    assert said["X-Road-Id"].startswith("central-server-")
    assert len(base64.b64decode(said["X-Road-Request-Hash"])) == 64
    (row,) = await rows(product, "select message_id, x_request_id from journal_entry")
    assert (row.message_id, row.x_request_id) == (said["X-Road-Id"], said["X-Road-Request-Id"])
    status, problem, said = await call(http, product, {}, through=product.provider)
    assert (status, problem["type"], "X-Road-Error" in said) == (400, "Client.SCHEMA", False)
    twice = [("X-Road-Client", "central-server/GOV/1/forged"), *headers()]
    status, problem, _ = await call(http, product, about(adult()), twice, through=product.provider)
    assert (status, problem["type"]) == (400, "Client.duplicate_header_field")


REFUSED_ON_THE_WAY = (
    (
        {"X-Road-Client": "central-server/GOV/1/x"},
        "getLearnerStatus",
        500,
        "server.serverproxy.access_denied",
    ),
    ({}, "getEverything", 500, "server.serverproxy.unknown_service"),
    ({"X-Road-Client": None}, "getLearnerStatus", 400, "client.bad_request"),
    ({"X-Road-Client": "a/b"}, "getLearnerStatus", 400, "client.bad_request"),
)


async def test_the_security_server_refuses_in_its_own_name(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """What it refuses never reaches us, and only it writes X-Road-Error."""
    for changed, code, status, expected in REFUSED_ON_THE_WAY:
        url = f"{product.provider}/r1/{OURS}/{code}/v1"
        async with http.post(url, data=b"{}", headers=headers(**changed)) as reply:
            assert (reply.status, reply.headers["X-Road-Error"]) == (status, expected)
            assert (await reply.json())["type"] == expected
    assert not await rows(product, "select 1 from journal_entry")


async def test_without_a_journal_nothing_is_answered(product: Running, http: aiohttp.ClientSession) -> None:
    """What cannot be recorded is a 503 without a word of the content, and the same bytes are answered later."""
    said = headers(X_Road_Id="tried-again")
    await changed(product, "alter table journal_entry rename to journal_entry_away")
    status, problem, _ = await call(http, product, about(adult()), said)
    assert (status, problem["type"]) == (503, "Server.TEMPORARY")
    assert set(problem) == {"type", "message", "detail"}
    await changed(product, "alter table journal_entry_away rename to journal_entry")
    assert (await call(http, product, about(adult()), said))[0] == 200


async def changed(product: Running, statement: str) -> None:
    database = Database(product.settings.database.url)
    async with database.transaction() as session:
        await session.execute(text(statement))
    await database.close()


def test_an_answer_that_breaks_our_contract_is_our_failure() -> None:
    """Should a handler ever write what the schema forbids, that is a 500 of ours and never the client's 400."""
    services = published_services(ROOT / "wsdl", ROOT / "schemas")
    schema = Schema(ROOT / "schemas" / "isuo" / "isuo.xsd")
    shared = SimpleNamespace(schema=schema)
    endpoint = RestEndpoint(shared=shared, plans={})  # type: ignore[arg-type]
    arrival = Arrival(body=b"", content_type="", peer="", received_at=utc_now())
    broken = write_content("getLearnerStatusResponse", [("resultCode", "NO_SUCH_CODE")])
    with pytest.raises(KopuroError) as failure:
        endpoint._write(broken, services[0], Trace(arrival=arrival))
    code, sentence, _ = fault_code_of(failure.value)
    assert (status_of(code), sentence) == (500, "the service could not answer")
