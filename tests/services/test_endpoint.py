"""Another agency asks: what it gets, what is refused, and what stays behind in the journal."""

import asyncio
import hashlib
import io
from datetime import date, timedelta
from uuid import UUID

import aiohttp
import pytest
from lxml import etree
from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.foundation.xml import parse
from gateway.sandbox.agency import Wish, about_document, about_learner, write_request
from gateway.sandbox.people import SyntheticPerson, population
from gateway.sandbox.seed import CERTIFICATE
from gateway.wiring.keys import read_signer
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, canonical, read_message
from gateway.xroad.security import Demands, verify_message
from tests.running import PEOPLE, SEED, Running

NS = "{urn:kg:isuo:producer:v1}"


def adult() -> SyntheticPerson:
    return population(SEED, PEOPLE).roles["adult"]


def ask_about(product: Running, person: SyntheticPerson, *, signed: bool = True, **wish: str) -> bytes:
    about = wish.pop("about", "") or about_learner(person.pin or "", person.birth_date)
    made = Wish(service_code=wish.pop("service_code", "getLearnerStatus"), about=about, **wish)
    return write_request(product.settings, made, signed=signed)


async def post(http: aiohttp.ClientSession, url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    headers = {"Content-Type": CONTENT_TYPE, **headers}
    async with http.post(url, data=io.BytesIO(body), headers=headers) as reply:
        return reply.status, await reply.read()


def fields(body: bytes) -> dict[str, str]:
    message = read_message(body, CONTENT_TYPE)
    assert isinstance(message, Message), body.decode()
    return {etree.QName(each).localname: (each.text or "") for each in message.content.iter(etree.Element)}


def fault(body: bytes) -> FaultMessage:
    message = read_message(body, CONTENT_TYPE)
    assert isinstance(message, FaultMessage), body.decode()
    return message


async def rows(product: Running, statement: str) -> list:
    database = Database(product.settings.database.url)
    async with database.transaction() as session:
        found = (await session.execute(text(statement))).all()
    await database.close()
    return list(found)


async def test_a_signed_question_gets_a_signed_answer(product: Running, http: aiohttp.ClientSession) -> None:
    """Level, form and periods come back, signed over the caller's own header; the school's name does not."""
    request = ask_about(product, adult())
    status, body = await post(http, f"{product.gateway}/xroad", request)
    assert status == 200
    answer = fields(body)
    assert answer["resultCode"] == "OK"
    assert (answer["studying"], answer["level"], answer["form"]) == ("true", "SPO", "EXTRAMURAL")
    assert answer["state"] == "ENROLLED"
    assert "organisation" not in answer
    message = read_message(body, CONTENT_TYPE)
    certificate = read_signer(product.settings).certificate
    assert verify_message(message.root, [certificate], Demands()).content is not None
    asked = read_message(request, CONTENT_TYPE)
    assert message.header == asked.header


async def test_the_answer_survives_the_security_server(product: Running, http: aiohttp.ClientSession) -> None:
    """Through the provider's security server the answer carries requestHash, and both signatures still hold."""
    request = ask_about(product, adult())
    status, body = await post(http, product.provider, request)
    assert status == 200
    message = read_message(body, CONTENT_TYPE)
    assert message.header.request_hash
    verify_message(message.root, [read_signer(product.settings).certificate], Demands())


async def test_a_profile_decides_what_leaves(product: Running, http: aiohttp.ClientSession) -> None:
    """The organisation leaves only under the profile that names it."""
    body = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE")
    _, plain = await post(http, f"{product.gateway}/xroad", body)
    assert "organisation" not in fields(plain)
    body = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE")
    body = body.replace(
        b"</isuo:getLearnerStatus>", b"<isuo:profile>B</isuo:profile></isuo:getLearnerStatus>"
    )
    _, wide = await post(http, f"{product.gateway}/xroad", body)
    assert fields(wide)["organisation"] == "Педагогикалык колледж"


async def test_unknown_wrong_control_and_unregistered_are_one_answer(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Nobody can try numbers out: every reason that depends on the subject looks the same."""
    stranger = population(SEED, PEOPLE).roles["child"]
    wrong_day = about_learner(adult().pin or "", adult().birth_date + timedelta(days=1))
    seen = set()
    for request in (ask_about(product, stranger), ask_about(product, adult(), about=wrong_day)):
        status, body = await post(http, f"{product.gateway}/xroad", request)
        assert status == 200
        answer = fields(body)
        assert answer["resultCode"] == "NOT_FOUND_OR_NOT_ALLOWED"
        seen.add(frozenset(answer))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("number", "birth_date", "expected"),
    [("0000001", "right", "VALID"), ("0000001", "wrong", "NO_MATCH"), ("0000002", "right", "NO_MATCH")],
)
@pytest.mark.requirement("R-032")
async def test_an_education_document_is_checked_with_its_holder(
    product: Running, http: aiohttp.ClientSession, number: str, birth_date: str, expected: str
) -> None:
    """The number alone proves nothing: the holder's birth date must be known too."""
    day = adult().birth_date if birth_date == "right" else date(1990, 1, 1)
    about = about_document(CERTIFICATE[0], CERTIFICATE[1], number, birth_date=day)
    request = ask_about(product, adult(), service_code="verifyEducationDocument", about=about)
    _, body = await post(http, f"{product.gateway}/xroad", request)
    answer = fields(body)
    assert answer["documentStatus"] == expected
    assert ("issuedOn" in answer) == (expected == "VALID")


async def test_a_disclosure_is_recorded_with_the_exchange(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """What left about whom stands in the database before the answer leaves, with the answer's digest."""
    _, body = await post(http, f"{product.gateway}/xroad", ask_about(product, adult()))
    found = await rows(
        product,
        "select d.disclosure_id, d.fields, d.answer_sha256, e.outcome from disclosure d"
        " join journal_entry e using (entry_id)",
    )
    assert len(found) == 1
    assert found[0].disclosure_id == UUID(fields(body)["disclosureId"])
    assert "organisation" not in found[0].fields
    assert found[0].answer_sha256 == hashlib.sha256(body).digest()


CHANGES = {
    "unsigned": ("Client.SIGNATURE_INVALID", "unsigned"),
    "forged": ("Client.SIGNATURE_INVALID", "forged"),
}


@pytest.mark.requirement("D-1")
async def test_where_signing_is_agreed_nothing_unsigned_reaches_a_handler(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Stripped, forged and changed requests are refused before the registry is read."""
    request = ask_about(product, adult())
    start, end = (
        request.index(b"<wsse:Security"),
        request.index(b"</wsse:Security>") + len(b"</wsse:Security>"),
    )
    stripped = request[:start] + request[end:]
    forged = request.replace(b"<isuo:birthDate>", b"<isuo:birthDate >")
    changed = request.replace((adult().pin or "").encode(), b"10101202012345")
    for mutant in (stripped, changed):
        status, body = await post(http, f"{product.gateway}/xroad", mutant)
        assert status == 500
        assert fault(body).code == "soapenv:Client.SIGNATURE_INVALID"
    status, _ = await post(http, f"{product.gateway}/xroad", forged)
    assert status == 200  # white space inside a tag is not part of what is signed
    found = await rows(product, "select signature, succeeded from journal_entry order by seq")
    assert [(row.signature, row.succeeded) for row in found] == [
        ("refused", False),
        ("refused", False),
        ("signed", True),
    ]
    assert len(await rows(product, "select 1 from disclosure")) == 1


async def test_a_repeated_message_gets_its_first_answer_and_has_one_effect(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """The same bytes are answered again byte for byte; other bytes under the same id are refused."""
    request = ask_about(product, adult(), message_id="one-id")
    answers = await asyncio.gather(*(post(http, f"{product.gateway}/xroad", request) for _ in range(20)))
    assert {status for status, _ in answers} == {200}
    assert len({body for _, body in answers}) == 1
    other = ask_about(product, adult(), message_id="one-id")
    status, body = await post(http, f"{product.gateway}/xroad", other)
    assert (status, fault(body).code) == (500, "soapenv:Client.REPLAY")
    assert len(await rows(product, "select 1 from disclosure")) == 1
    assert len(await rows(product, "select 1 from journal_claim")) == 1
    assert len(await rows(product, "select 1 from journal_entry")) == 21


BAD = {
    "malformed": (b"<a><b></a>", {}, "invalid_soap"),
    "empty": (b"", {}, "invalid_soap"),
    "doctype": (b"<!DOCTYPE a><a/>", {}, "invalid_soap"),
    "soap 1.2": (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>', {}, "invalid_soap"),
    "content type": (b"<a/>", {"Content-Type": "application/json"}, "invalid_content_type"),
    "no content type": (b"<a/>", {"Content-Type": "blah"}, "invalid_content_type"),
}


@pytest.mark.parametrize("name", BAD)
async def test_broken_input_is_a_client_fault_in_the_journal(
    product: Running, http: aiohttp.ClientSession, name: str
) -> None:
    """Whatever is wrong is said by code; the refusal itself is recorded."""
    body, headers, code = BAD[name]
    status, answer = await post(http, f"{product.gateway}/xroad", body, **headers)
    assert (status, fault(answer).code) == (500, f"soapenv:Client.{code}")
    found = await rows(product, "select outcome, fault_code, request_size from journal_entry")
    assert [(row.outcome, row.fault_code, row.request_size) for row in found] == [
        ("FAULT", f"Client.{code}", len(body))
    ]


async def test_a_body_of_20_megabytes_is_cut_off(product: Running, http: aiohttp.ClientSession) -> None:
    """The body is counted while it streams; the gateway answers a fault and goes on serving."""
    huge = b"<a>" + b"x" * (20 * 1024 * 1024) + b"</a>"
    try:
        status, answer = await post(http, f"{product.gateway}/xroad", huge)
        assert (status, fault(answer).code) == (500, "soapenv:Client.TOO_LARGE")
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        pass  # closed in our face while we were still sending: as good a refusal
    found = await rows(product, "select fault_code from journal_entry")
    assert [row.fault_code for row in found] == ["Client.TOO_LARGE"]
    status, _ = await post(http, f"{product.gateway}/xroad", ask_about(product, adult()))
    assert status == 200


async def test_get_is_refused_with_a_fault(product: Running, http: aiohttp.ClientSession) -> None:
    """SOAP is POST only, and the refusal says so."""
    async with http.get(f"{product.gateway}/xroad") as reply:
        assert fault(await reply.read()).code == "soapenv:Client.invalid_http_method"


def _swap(old: bytes, new: bytes):
    return lambda body: body.replace(old, new)


POLICY = {
    "unknown service": (_swap(b"getLearnerStatus", b"getEverything"), "unknown_service"),
    "unknown version": (_swap(b"<id:serviceVersion>v1", b"<id:serviceVersion>v9"), "unknown_service"),
    "another provider": (_swap(b"<id:memberCode>70000016", b"<id:memberCode>70000001"), "unknown_service"),
    "no agreement": (_swap(b"70000011", b"70000099"), "AGREEMENT_MISSING"),
    "other agreement number": (_swap(b"PORTAL-2026-01", b"PORTAL-2025-01"), "AGREEMENT_MISSING"),
    "other purpose": (_swap(b"BENEFIT_CASE", b"SF_SURVIVOR"), "PURPOSE_NOT_ALLOWED"),
    "no user": (_swap(b"<xrd:userId>KG-sandbox-officer</xrd:userId>", b""), "USER_MISSING"),
    "no case": (_swap(b"<xrd:issue>CASE/2026/000123</xrd:issue>", b""), "ISSUE_MISSING"),
    "schema": (_swap(b"<isuo:requestOrg>Sandbox agency</isuo:requestOrg>", b""), "SCHEMA"),
    "body of another service": (
        _swap(b"isuo:getLearnerStatus", b"isuo:verifyEducationDocument"),
        "inconsistent_headers",
    ),
}


@pytest.mark.parametrize("name", POLICY)
async def test_no_right_is_a_fault_that_says_which(
    product: Running, http: aiohttp.ClientSession, name: str
) -> None:
    """Agreement, purpose, user and case are checked before the registry is read."""
    change, code = POLICY[name]
    request = change(ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE"))
    status, body = await post(http, f"{product.gateway}/xroad", request)
    assert (status, fault(body).code) == (500, f"soapenv:Client.{code}")


@pytest.mark.parametrize(
    ("pin", "part"),
    [
        ("1010120201234", "14 digits"),
        ("101012020123456", "14 digits"),
        ("1010120201234x", "digits only"),
        ("30101202012345", "1 or 2"),
        ("13102202012345", "birth date"),
    ],
)
async def test_a_wrong_pin_is_named_by_its_part_and_never_repeated(
    product: Running, http: aiohttp.ClientSession, pin: str, part: str
) -> None:
    """The fault says what is wrong with the PIN without showing it."""
    request = ask_about(product, adult(), signed=False, about=about_learner(pin, date(2020, 1, 1)))
    _, body = await post(http, f"{product.gateway}/xroad", request)
    assert fault(body).code == "soapenv:Client.PIN_INCORRECT"
    assert part in fault(body).detail
    assert pin.encode() not in body


async def test_soap_action_never_decides(product: Running, http: aiohttp.ClientSession) -> None:
    """The operation is the body's; a spoofed SOAPAction changes nothing."""
    for action in ('"verifyEducationDocument"', "x", '""', '"http://evil"'):
        request = ask_about(product, adult())
        _, body = await post(http, f"{product.gateway}/xroad", request, SOAPAction=action)
        assert "studying" in fields(body)


async def test_two_answers_differ_only_where_they_must(product: Running, http: aiohttp.ClientSession) -> None:
    """The canonical content of an answer is deterministic but for the disclosure's id."""
    bodies = [
        canonical(
            parse(
                (
                    await post(
                        http,
                        f"{product.gateway}/xroad",
                        ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE"),
                    )
                )[1]
            )[1]
        )
        for _ in range(2)
    ]
    ids = [fields_of.split(b"disclosureId>")[1] for fields_of in bodies]
    assert ids[0] != ids[1]
    assert bodies[0].replace(ids[0], b"") == bodies[1].replace(ids[1], b"")


async def test_an_identity_is_worth_the_same_however_the_person_was_found(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """By PIN, by ИСУО number or by document: a verified person is VERIFIED, an unverified one is not."""
    number = (await rows(product, "select isuo_no from person limit 1"))[0].isuo_no
    kind, series, serial = CERTIFICATE
    day = adult().birth_date
    control = f"<isuo:control><isuo:birthDate>{day}</isuo:birthDate></isuo:control>"
    questions = (
        {},
        {"about": f"<isuo:subject><isuo:isuoNo>{number}</isuo:isuoNo>{control}</isuo:subject>"},
        {
            "service_code": "verifyEducationDocument",
            "about": about_document(kind, series, serial, birth_date=day),
        },
    )
    for status, worth in (("CLAIMED", "UNVERIFIED"), ("VERIFIED", "VERIFIED")):
        database = Database(product.settings.database.url)
        async with database.transaction() as session:
            await session.execute(text("update person_identifier set status = :status"), {"status": status})
        await database.close()
        for question in questions:
            _, body = await post(http, f"{product.gateway}/xroad", ask_about(product, adult(), **question))
            assert fields(body)["identity"] == worth, question
