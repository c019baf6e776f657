"""We ask with attachments and are answered with some: sent, recorded, checked, reachable."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from gateway.exchange.outbound import OutboundCall, OutboundReply, Patience, RecordedCalls, Trust
from gateway.exchange.search import show
from gateway.foundation.errors import ContractError, SignatureError
from gateway.sandbox.security_server import insert_request_hash
from gateway.xroad.answers import request_hash
from gateway.xroad.attachments import INLINE_BYTES, Attachment, attachment, find_attachment, inline_includes
from gateway.xroad.client import Client, Limits
from gateway.xroad.envelope import Message, asking_shell, read_message
from gateway.xroad.namespaces import XOP
from gateway.xroad.packaging import Packaging, Packed, pack
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message
from tests.exchange.journal import Journal
from tests.exchange.test_outbound import Behaviour, Peer, answer, rows, told
from tests.pki import signer
from tests.xroad.messages import CONTENT, header

INCLUDE = f'<xop:Include xmlns:xop="{XOP}" href="cid:photo"></xop:Include>'
ASKED = f'<p:getThing xmlns:p="urn:p"><p:photo>{INCLUDE}</p:photo></p:getThing>'.encode()
TOLD = f'<p:getThingResponse xmlns:p="urn:p"><p:photo>{INCLUDE}</p:photo></p:getThingResponse>'.encode()
PHOTO = attachment(bytes(range(256)) * 20, content_id="photo", content_type="image/jpeg")
LARGE = attachment(b"\xff" * (INLINE_BYTES + 1), content_id="photo", content_type="image/jpeg")


def packed(attachments: list[Attachment], packaging: Packaging = "swa", *, soap: bytes = b"") -> Packed:
    return pack(soap or told(TOLD)(b""), attachments, packaging=packaging)


def answering(made: Packed) -> Behaviour:
    return answer(lambda _: made.whole(), kind=made.content_type)


async def ask(
    journal: Journal, behaviour: Behaviour, trust: Trust, *, content: bytes = CONTENT, **more: object
) -> tuple[OutboundReply, list[bytes]]:
    async with Peer(behaviour).listening() as peer:
        client = Client(peer.url, Limits(bytes=4 * INLINE_BYTES))
        patience = Patience(attempts=1, deadline=timedelta(seconds=5))
        question = OutboundCall(header=header(), content=content, **more)
        try:
            reply = await RecordedCalls(client, journal.writer, patience=patience).call(question, trust)
        finally:
            await client.close()
        return reply, peer.requests


async def sent_message(journal: Journal, trust: Trust, packaging: Packaging) -> tuple[Message, bytes]:
    """Send a question with the photo; the SENT row holds all of it."""
    _, requests = await ask(
        journal, answer(told()), trust, content=ASKED, attachments=(PHOTO,), packaging=packaging
    )
    sent = (await rows(journal))[0]
    shown = await show(journal.database, journal.keys, sent.entry_id, bodies=True)
    assert shown is not None
    assert [shown.request] == requests
    assert sent.request_size == len(requests[0])
    return received(requests[0]), requests[0]


def received(request: bytes) -> Message:
    """Read a request as its receiver does; the boundary stands in its first line."""
    boundary = request.partition(b"\r\n")[0][2:].decode()
    message = read_message(request, f'multipart/related; boundary="{boundary}"')
    assert isinstance(message, Message)
    return message


@pytest.mark.parametrize("packaging", ["swa", "mtom"])
async def test_attachments_leave_with_the_question(journal: Journal, packaging: Packaging) -> None:
    """The peer gets the SOAP message and the bytes beside it; the journal has all of it before."""
    message, _ = await sent_message(journal, Trust(), packaging)
    assert [(each.content_id, each.read()) for each in message.attachments] == [("photo", PHOTO.read())]
    assert ASKED in message.soap


async def test_with_mtom_our_signature_covers_the_attachment(journal: Journal) -> None:
    """The receiver verifies the message with the bytes in the include's place; other bytes do not verify."""
    message, _ = await sent_message(journal, Trust(sealing=Sealing(signer=signer("us"))), "mtom")
    assert ASKED in message.soap
    inline_includes(message.root, message.attachments, limit=None)
    verified = verify_message(message.root, [signer("us").certificate], Demands())
    assert base64.b64decode(verified.content[0].text or "") == PHOTO.read()
    message.content[0].text = base64.b64encode(PHOTO.read()[::-1]).decode()
    with pytest.raises(SignatureError):
        verify_message(message.root, [signer("us").certificate], Demands())


@pytest.mark.parametrize("packaging", ["swa", "mtom"])
async def test_attachments_of_an_answer_are_reachable(journal: Journal, packaging: Packaging) -> None:
    """A small include stands in the content as base64; every attachment is there beside it."""
    other = attachment(b"more", content_id="more", content_type="text/plain")
    reply, _ = await ask(journal, answering(packed([PHOTO, other], packaging)), Trust())
    assert base64.b64decode(reply.content[0].text or "") == PHOTO.read()
    assert [each.read() for each in reply.attachments] == [PHOTO.read(), b"more"]
    shown = await show(journal.database, journal.keys, (await rows(journal))[1].entry_id, bodies=True)
    assert shown is not None
    assert shown.response is not None
    assert PHOTO.read() in shown.response


async def test_a_large_attachment_stays_by_reference(journal: Journal) -> None:
    """Above a megabyte the include stays, and its href finds the bytes."""
    reply, _ = await ask(journal, answering(packed([LARGE], "mtom")), Trust())
    (include,) = reply.content[0]
    assert etree.QName(include).localname == "Include"
    assert find_attachment(include.get("href") or "", reply.attachments).read() == LARGE.read()


@pytest.mark.parametrize("photo", [PHOTO, LARGE], ids=["small", "large"])
async def test_a_signed_answer_is_verified_with_what_it_includes(journal: Journal, photo: Attachment) -> None:
    """Where answers are verified every include is put in place first; a swapped attachment is refused."""
    trust = Trust(certificates=[signer("agency").certificate], demands=Demands())
    text = base64.b64encode(photo.read())
    inlined = TOLD.replace(INCLUDE.encode(), text)
    soap = sign_message(
        asking_shell(header()), inlined, Sealing(signer=signer("agency")), at=datetime.now(UTC)
    )
    sent = soap.replace(text, INCLUDE.encode())
    reply, _ = await ask(journal, answering(packed([photo], "mtom", soap=sent)), trust)
    assert base64.b64decode(reply.content[0].text or "") == photo.read()
    swapped = attachment(photo.read()[::-1] + b"x", content_id="photo", content_type="image/jpeg")
    with pytest.raises(SignatureError):
        await ask(journal, answering(packed([swapped], "mtom", soap=sent)), trust)


async def test_the_hash_of_an_answer_is_checked_against_our_soap_part(journal: Journal) -> None:
    """Not the whole body we sent, but the message in it: that is what a security server hashes."""

    def behave(of: Callable[[bytes], bytes]) -> Behaviour:
        return answer(lambda request: insert_request_hash(told()(request), request_hash(of(request))))

    await ask(journal, behave(lambda request: received(request).soap), Trust(), attachments=(PHOTO,))
    with pytest.raises(ContractError) as refusal:
        await ask(journal, behave(bytes), Trust(), attachments=(PHOTO,))
    assert refusal.value.code == "inconsistent_response"


BROKEN = {
    "an include of nothing": (packed([]), "ATTACHMENT_REFERENCE"),
    "an include of an address": (
        packed([PHOTO], soap=told(TOLD.replace(b"cid:photo", b"http://127.0.0.1:9/"))(b"")),
        "ATTACHMENT_REFERENCE",
    ),
    "no part at all": (Packed(content_type="multipart/related; boundary=b", chunks=lambda: iter([b""])), "invalid_message"),
    "broken off": (Packed(content_type="multipart/related; boundary=b", chunks=lambda: iter([b"--b\r\nContent-Type: text/xml\r\n\r\n"])), "mime_parsing_failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_refused_and_recorded(journal: Journal, name: str) -> None:
    """References to nothing and broken multiparts are the peer's failure, recorded with their code."""
    made, code = BROKEN[name]
    with pytest.raises(ContractError) as refusal:
        await ask(journal, answering(made), Trust())
    assert refusal.value.code == code
    assert [row.fault_code for row in await rows(journal)] == ["", code]
