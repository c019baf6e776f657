"""Questions with attachments: legal, answered as ever, kept whole in the journal, and dangerous to nobody."""

import hashlib

import aiohttp
import pytest

from gateway.exchange.search import show
from gateway.foundation.database import Database
from gateway.wiring.keys import read_keys, read_signer
from gateway.xroad.answers import request_hash
from gateway.xroad.attachments import attachment
from gateway.xroad.envelope import CONTENT_TYPE, Message, read_message
from gateway.xroad.namespaces import XOP
from gateway.xroad.packaging import Packed, pack
from gateway.xroad.security import Demands, verify_message
from tests.running import Running
from tests.services.test_endpoint import adult, ask_about, fault, fields, post, rows

SCAN = attachment(b"\x00scan\r\n--b--\r\n" * 1000, content_id="scan@agency", content_type="image/png")


async def send(http: aiohttp.ClientSession, url: str, packed: Packed) -> tuple[int, bytes]:
    return await post(http, url, packed.whole(), **{"Content-Type": packed.content_type})


@pytest.mark.parametrize("packaging", ["swa", "mtom"])
@pytest.mark.parametrize("signed", [True, False])
async def test_a_question_with_attachments_is_answered(
    product: Running, http: aiohttp.ClientSession, packaging, *, signed: bool
) -> None:
    """What the contract does not name is accepted and ignored, signed or not; the answer stands alone."""
    purpose = {} if signed else {"purpose": "BENEFIT_CASE"}
    packed = pack(
        ask_about(product, adult(), signed=signed, **purpose), [SCAN, *_more()], packaging=packaging
    )
    status, body = await send(http, f"{product.gateway}/xroad", packed)
    assert (status, fields(body)["resultCode"]) == (200, "OK")


def _more() -> list:
    return [attachment(b"x", content_id=f"n-{number}", content_type="text/plain") for number in range(60)]


async def test_the_journal_keeps_all_that_was_sent(product: Running, http: aiohttp.ClientSession) -> None:
    """The recorded request is the whole body, attachments and boundaries included, and so is its digest."""
    packed = pack(ask_about(product, adult()), [SCAN])
    await send(http, f"{product.gateway}/xroad", packed)
    (row,) = await rows(product, "select entry_id, request_sha256, request_size from journal_entry")
    assert bytes(row.request_sha256) == hashlib.sha256(packed.whole()).digest()
    assert row.request_size == len(packed.whole())
    database = Database(product.settings.database.url)
    shown = await show(database, read_keys(product.settings), row.entry_id, bodies=True)
    await database.close()
    assert shown is not None
    assert shown.request == packed.whole()


async def test_the_request_hash_is_the_soap_part_s(product: Running, http: aiohttp.ClientSession) -> None:
    """Through the security server the answer carries the hash of the SOAP bytes alone, and our signature holds."""
    soap = ask_about(product, adult())
    status, body = await send(http, product.provider, pack(soap, [SCAN]))
    message = read_message(body, CONTENT_TYPE)
    assert status == 200
    assert isinstance(message, Message)
    assert message.header.request_hash == request_hash(soap)
    verify_message(message.root, [read_signer(product.settings).certificate], Demands())


async def test_the_same_question_with_another_attachment_is_another_message(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Attachments belong to what a message id stands for: repeated it is answered again, changed it is refused."""
    soap = ask_about(product, adult(), message_id="one-id")
    packed, other = pack(soap, [SCAN]), pack(soap, _more()[:1])
    first = await send(http, f"{product.gateway}/xroad", packed)
    assert await send(http, f"{product.gateway}/xroad", packed) == first
    status, body = await send(http, f"{product.gateway}/xroad", other)
    assert (status, fault(body).code) == (500, "soapenv:Client.REPLAY")


INCLUDE = f'<xop:Include xmlns:xop="{XOP}" href="{{}}"/>'


async def test_an_included_value_counts_as_if_it_stood_there(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """A value sent by MTOM reaches the schema as text in its element, not as a foreign element."""
    soap = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE")
    include = INCLUDE.format("cid:note").encode()
    sent = soap.replace(b"Sandbox agency", include)
    note = attachment(b"Sandbox agency", content_id="note", content_type="text/plain")
    status, body = await send(http, f"{product.gateway}/xroad", pack(sent, [note], packaging="mtom"))
    assert (status, fields(body)["resultCode"]) == (200, "OK")


@pytest.mark.parametrize("href", ["cid:elsewhere", "file:///etc/passwd", "http://127.0.0.1:9/x", ""])
async def test_a_reference_to_nothing_is_a_client_fault(
    product: Running, http: aiohttp.ClientSession, href: str
) -> None:
    """Whatever else an include points at is refused, with a single part too."""
    soap = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE")
    sent = soap.replace(b"Sandbox agency", INCLUDE.format(href).encode())
    for packed in (pack(sent, [SCAN], packaging="mtom"), None):
        if packed is None:
            kind = {"Content-Type": "application/xop+xml; charset=utf-8"}
            status, body = await post(http, f"{product.gateway}/xroad", sent, **kind)
        else:
            status, body = await send(http, f"{product.gateway}/xroad", packed)
        assert (status, fault(body).code) == (500, "soapenv:Client.ATTACHMENT_REFERENCE")


async def test_an_include_in_place_of_signed_content_is_not_signed(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """Signed text moved into an attachment is no longer what was signed, unless it is the same base64."""
    soap = ask_about(product, adult())
    sent = soap.replace(b"Sandbox agency", INCLUDE.format("cid:note").encode())
    note = attachment(b"Sandbox agency", content_id="note", content_type="text/plain")
    status, body = await send(http, f"{product.gateway}/xroad", pack(sent, [note], packaging="mtom"))
    assert (status, fault(body).code) == (500, "soapenv:Client.SIGNATURE_INVALID")


BROKEN = {
    "nothing": (b"", "missing_soap"),
    "no SOAP first": (b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", "invalid_content_type"),
    "not closed": (b"--b\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n", "mime_parsing_failed"),
    "many parts": (b"--b\r\nContent-Type: text/xml\r\n\r\n\r\n" * 20_000, "mime_parsing_failed"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_multipart_is_a_client_fault_in_the_journal(
    product: Running, http: aiohttp.ClientSession, name: str
) -> None:
    """The refusal says which rule by X-Road's code, and is recorded with the bytes that came."""
    data, code = BROKEN[name]
    kind = {"Content-Type": "multipart/related; boundary=b"}
    status, body = await post(http, f"{product.gateway}/xroad", data, **kind)
    assert (status, fault(body).code) == (500, f"soapenv:Client.{code}")
    found = await rows(product, "select fault_code, request_size from journal_entry")
    assert [(row.fault_code, row.request_size) for row in found] == [(f"Client.{code}", len(data))]


async def test_an_empty_message_id_is_refused_by_us(product: Running, http: aiohttp.ClientSession) -> None:
    """A security server lets an empty id pass; we could not tell a repetition by it."""
    request = ask_about(product, adult(), signed=False, purpose="BENEFIT_CASE", message_id="  ")
    status, body = await post(http, f"{product.gateway}/xroad", request)
    assert (status, fault(body).code) == (500, "soapenv:Client.missing_header_field")
