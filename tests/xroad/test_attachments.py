"""What travels beside a message: decoded when read, referred to by cid: only, and sent so that others can read it."""

import asyncio
import base64
import email
import email.policy
import os
import quopri
import socket
import threading
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
import zeep
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import parse
from gateway.xroad.attachments import (
    Attachment,
    attachment,
    attachments_of,
    find_attachment,
    inline_includes,
    swa_reference,
)
from gateway.xroad.envelope import Message, read_message
from gateway.xroad.mime import read_multipart
from gateway.xroad.namespaces import XOP
from gateway.xroad.packaging import pack
from tests.running import make_settings, served
from tests.xroad.messages import CONTENT, unsigned

KIND = 'multipart/related; boundary="b"'
SOAP_HEAD = b"Content-Type: text/xml\r\n\r\n"
MEBI = 1024 * 1024


def related(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def text(content: bytes = b"x", **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"Content-Type: text/plain\r\n{more}\r\n".encode() + content


# transfer encodings


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200_000), st.sampled_from(["base64", "quoted-printable"]), st.integers(1, 400))
def test_encoded_attachments_are_decoded_when_read(content: bytes, encoding: str, width: int) -> None:
    """base64 in lines of any length and quoted-printable give their content, also read in small steps."""
    if encoding == "base64":
        letters = base64.b64encode(content)
        written = b"\r\n".join(letters[at : at + width] for at in range(0, len(letters), width))
    else:
        written = quopri.encodestring(content)
    parts = read_multipart(related(SOAP_HEAD, text(written, Content_Transfer_Encoding=encoding)), KIND)
    (made,) = attachments_of(parts)
    assert made.size == len(written)
    assert made.read() == content
    with made.open() as file:
        assert b"".join(iter(lambda: file.read(977), b"")) == content


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("base64", b"AAA"), ("base64", b"AAAA=AAA"), ("base64", b"AA==AAAA"), ("base64", b"AA!A"), ("base64", b"A==="),
        ("base64", b"AAAA" * 16384 + b"AA==" + b"AAAA" * 16384), ("base64", b"AAAA" * 16383 + b"AA==" + b"AAAA"), ("quoted-printable", b"=ZZ"), ("quoted-printable", b"a=4"),
        ("quoted-printable", b"x" * 70_000),
    ],
)  # fmt: skip
def test_an_encoding_that_lies_is_refused_when_read(encoding: str, written: bytes) -> None:
    """The message is accepted; whoever reads the attachment learns that it is not what it says."""
    parts = read_multipart(related(SOAP_HEAD, text(written, Content_Transfer_Encoding=encoding)), KIND)
    (made,) = attachments_of(parts)
    with pytest.raises(ContractError) as refusal:
        made.read()
    assert refusal.value.code == "mime_parsing_failed"


def test_an_unknown_encoding_is_refused_at_once() -> None:
    """Bytes nobody can decode are not handed on."""
    parts = read_multipart(related(SOAP_HEAD, text(Content_Transfer_Encoding="x-uuencode")), KIND)
    with pytest.raises(ContractError):
        attachments_of(parts)


# references


def holding(*hrefs: str) -> etree._Element:
    inner = "".join(f'<f><xop:Include xmlns:xop="{XOP}" href="{href}"/></f>' for href in hrefs)
    return parse(f"<a>{inner}</a>".encode())


PHOTO = attachment(b"\x00photo\xff" * 10, content_id="photo@a b", content_type="image/jpeg")


def test_an_include_becomes_the_base64_it_stands_for() -> None:
    """The signed and the validated message hold the bytes themselves; a large attachment stays by reference."""
    root = holding("cid:photo@a%20b")
    assert inline_includes(root, [PHOTO]) == ()
    assert base64.b64decode(root[0].text or "") == PHOTO.read()
    assert len(root[0]) == 0
    root = holding("cid:photo@a%20b")
    assert inline_includes(root, [PHOTO], limit=10) == ((root[0], PHOTO),)
    assert etree.QName(root[0][0]).localname == "Include"


def test_a_swa_reference_finds_its_attachment() -> None:
    """The text of a ref:swaRef is cid: and the Content-ID, percent-encoded where it must be."""
    assert swa_reference(parse(b"<f> cid:photo@a%20b </f>"), [PHOTO]) is PHOTO


@pytest.mark.parametrize(
    "href",
    ["", "photo@a b", "cid:", "cid:other", "cid:photo", "#photo", "cid://photo@a%20b", "xid:photo@a%20b"],
)
def test_a_reference_to_nothing_is_refused(href: str) -> None:
    """Only a part of the same message can be referred to."""
    for act in (lambda: find_attachment(href, [PHOTO]), lambda: inline_includes(holding(href), [PHOTO])):
        with pytest.raises(ContractError) as refusal:
            act()
        assert refusal.value.code == "ATTACHMENT_REFERENCE"


def test_an_unnamed_attachment_cannot_be_meant() -> None:
    """`cid:` without a name does not find a part without a Content-ID."""
    with pytest.raises(ContractError):
        find_attachment("cid:", [Attachment(content_id="", content_type="x/y", size=0, source=PHOTO.open)])


def test_the_same_attachment_cannot_stand_twice() -> None:
    """Two elements for one attachment: refused, for a bomb of references multiplies bytes."""
    with pytest.raises(ContractError):
        inline_includes(holding("cid:photo@a%20b", "cid:photo@a%20b"), [PHOTO])


@pytest.mark.parametrize(
    "xml",
    ["<f>text{}</f>", "<f>{}text</f>", "<f><b/>{}</f>", "<f>{}<!-- c --></f>", "{}"],
)
def test_an_include_stands_alone(xml: str) -> None:
    """An include beside other content has no meaning and is refused."""
    include = f'<xop:Include xmlns:xop="{XOP}" href="cid:photo@a%20b"/>'
    with pytest.raises(ContractError):
        inline_includes(parse(xml.format(include).encode()), [PHOTO])


@pytest.mark.parametrize(
    "form",
    [
        "file://{path}",
        "{path}",
        "http://127.0.0.1:{port}/x",
        "HTTP://localhost:{port}/",
        "ftp://127.0.0.1:{port}/",
        "cid:http://127.0.0.1:{port}/",
    ],
)
def test_nothing_is_ever_fetched(form: str, tmp_path: Path) -> None:
    """A reference to a file or an address is refused; no file is read and nobody connects."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    connected: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.3)

        def accept() -> None:
            with suppress(TimeoutError):
                connected.append(listening.accept())

        waiting = threading.Thread(target=accept)
        waiting.start()
        href = form.format(path=secret, port=listening.getsockname()[1])
        root, read_at = holding(href), secret.stat().st_atime_ns
        with pytest.raises(ContractError) as refusal:
            inline_includes(root, [PHOTO])
        waiting.join()
    assert connected == []
    assert secret.stat().st_atime_ns == read_at
    assert (
        "secret"
        not in f"{refusal.value}{refusal.value.hint}{etree.tostring(root).decode().replace(href, '')}"
    )


# what we send


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(max_size=2000), max_size=6),
    st.sampled_from(["swa", "mtom"]),
)
def test_what_we_send_is_read_by_us_and_by_python(contents: list[bytes], packaging) -> None:
    """Root and attachments come back byte for byte, in our reader and in the standard library's."""
    soap = unsigned()
    sent = [
        attachment(content, content_id=f"part-{number}@kopuro", content_type="application/pdf")
        for number, content in enumerate(contents)
    ]
    packed = pack(soap, sent, packaging=packaging)
    message = read_message(packed.whole(), packed.content_type)
    assert isinstance(message, Message)
    assert message.soap == soap
    assert [(each.content_id, each.content_type, each.read()) for each in message.attachments] == [
        (each.content_id, "application/pdf", content) for each, content in zip(sent, contents, strict=True)
    ]
    other = email.message_from_bytes(
        f"Content-Type: {packed.content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode() + packed.whole(),
        policy=email.policy.HTTP,
    )
    found = list(other.iter_parts())
    assert found[0]["content-id"] == other.get_param("start")
    assert found[0]["content-transfer-encoding"] == "8bit"
    assert found[0].get_payload(decode=True) == soap
    assert [part["content-id"] for part in found[1:]] == [f"<{each.content_id}>" for each in sent]
    assert (found[0].get_content_type() == "application/xop+xml") == (packaging == "mtom")


def test_the_boundary_occurs_in_no_part() -> None:
    """A boundary that stands in a part, also across two pieces of it, is not chosen."""
    from gateway.xroad import packaging

    word = b"kopuro-boundary"
    long = b"x" * (64 * 1024 - 5) + word + b"x" * 100
    for content in (word, b"a" + word, long):
        part = attachment(content, content_id="a", content_type="x/y")
        assert packaging._occurs(word, packaging._pieces(part))
    assert not packaging._occurs(word, iter([b"kopuro-bound", b"_", b"ary"]))
    assert packaging._occurs(word, iter([bytes([byte]) for byte in b"  " + word]))


@pytest.mark.parametrize(
    ("content_id", "content_type"),
    [
        ("", "x/y"),
        ("a>b", "x/y"),
        ("a\r\nX: y", "x/y"),
        ("a", ""),
        ("a", "x/y\r\nX: y"),
        ("a b", "x/y"),
        ("message@kopuro", "x/y"),
    ],
)
def test_no_header_can_be_smuggled_in(content_id: str, content_type: str) -> None:
    """What would break a header is refused before anything is written."""
    with pytest.raises(ContractError):
        pack(b"<a/>", [attachment(b"", content_id=content_id, content_type=content_type)])


def test_one_content_id_is_not_sent_twice() -> None:
    """We do not send what we would refuse."""
    with pytest.raises(ContractError):
        pack(b"<a/>", [PHOTO, PHOTO])


def test_a_large_attachment_is_sent_in_chunks() -> None:
    """Nothing is joined before it leaves: the largest chunk is 64 KiB."""
    packed = pack(b"<a/>", [attachment(b"x" * 5 * MEBI, content_id="a", content_type="x/y")])
    assert max(map(len, packed.chunks())) <= 64 * 1024
    assert packed.whole() == b"".join(packed.chunks())


# outside stacks


async def test_aiohttp_s_multipart_is_read() -> None:
    """A message built by another program's writer, its attachments encoded its own way, is read."""
    with aiohttp.MultipartWriter("related") as writer:
        writer.append(unsigned(), {"Content-Type": "text/xml; charset=utf-8", "Content-ID": "<root>"})
        writer.append(b"\x00\x01binary", {"Content-Type": "application/octet-stream", "Content-ID": "<one>"})
        encoded = writer.append(
            b"\x00\x02" * 500, {"Content-Type": "image/png", "Content-Transfer-Encoding": "base64"}
        )
    assert encoded.headers["Content-Transfer-Encoding"] == "base64"
    received = bytearray()

    class Sink:
        async def write(self, piece: bytes) -> None:
            received.extend(piece)

    await writer.write(Sink())
    message = read_message(bytes(received), writer.content_type)
    assert isinstance(message, Message)
    assert message.soap == unsigned()
    assert [each.read() for each in message.attachments] == [b"\x00\x01binary", b"\x00\x02" * 500]


WSDL = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:t="urn:t" xmlns:x="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"><w:types>
 <x:schema targetNamespace="urn:t" elementFormDefault="qualified"><x:element name="ask" type="x:string"/>
 <x:element name="askResponse"><x:complexType><x:sequence><x:element name="photo" type="x:base64Binary"/>
 </x:sequence></x:complexType></x:element></x:schema></w:types>
 <w:message name="i"><w:part name="p" element="t:ask"/></w:message>
 <w:message name="o"><w:part name="p" element="t:askResponse"/></w:message>
 <w:portType name="P"><w:operation name="ask"><w:input message="t:i"/><w:output message="t:o"/></w:operation></w:portType>
 <w:binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http"/><w:operation name="ask">
 <s:operation soapAction=""/><w:input><s:body use="literal"/></w:input><w:output><s:body use="literal"/></w:output>
 </w:operation></w:binding><w:service name="S"><w:port name="P" binding="t:B"><s:address location="{}"/></w:port>
 </w:service></w:definitions>"""
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<t:askResponse xmlns:t="urn:t"><t:photo>{}</t:photo></t:askResponse></e:Body></e:Envelope>'
)


@pytest.mark.parametrize("packaging", ["swa", "mtom"])
async def test_zeep_reads_what_we_send(packaging, tmp_path: Path) -> None:
    """An outside SOAP stack finds the included bytes (MTOM) and the attached parts (SwA) of our messages."""
    photo = b"<" + os.urandom(5000) + b">"  # zeep strips line ends off the ends of binary parts
    include = f'<xop:Include xmlns:xop="{XOP}" href="cid:photo@kopuro"/>'
    soap = ENVELOPE.format(include if packaging == "mtom" else "AAAA").encode()
    part = attachment(photo, content_id="photo@kopuro", content_type="image/jpeg")
    packed = pack(soap, [part], packaging=packaging)

    async def serve(request: Request) -> Response:
        if request.method == "GET":
            return Response(WSDL.format(request.url), media_type="text/xml")
        return Response(packed.whole(), headers={"Content-Type": packed.content_type})

    app = Starlette(routes=[Route("/", serve, methods=["GET", "POST"])])
    async with served(app, make_settings("postgresql://nobody/none", tmp_path)) as url:
        answer = await asyncio.to_thread(_ask_with_zeep, f"{url}/")
    if packaging == "mtom":
        assert answer == photo
    else:
        assert [each.content for each in answer.attachments] == [photo]


def _ask_with_zeep(url: str) -> object:
    transport = zeep.Transport()
    transport.session.trust_env = False
    try:
        return zeep.Client(url, transport=transport).service.ask("?")
    finally:
        transport.session.close()


def test_the_soap_part_alone_is_the_message() -> None:
    """What a hash is computed over is the first part's bytes, wherever they stand in the body."""
    packed = pack(unsigned(), [PHOTO_PLAIN])
    message = read_message(packed.whole(), packed.content_type)
    assert isinstance(message, Message)
    assert packed.whole()[message.soap_at :].startswith(message.soap)
    assert CONTENT in message.soap


PHOTO_PLAIN = attachment(b"photo", content_id="photo", content_type="image/jpeg")
