"""The double of a security server: what it inserts, what it refuses under which code, what it never touches."""

import base64
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.security_server import Doors, SecurityServer
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.namespaces import IDENTIFIERS, SOAP, XROAD
from tests.running import make_settings, served
from tests.xroad.messages import CONTENT, header

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = b'<p:getThingResponse xmlns:p="urn:p"><requestHash>mine</requestHash><id>7</id></p:getThingResponse>'
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


def envelope(content: bytes, **changes: str) -> bytes:
    shell = asking_shell(header(**changes))
    return shell.wrap(shell.body(content))


@dataclass
class Provider:
    """A provider's information system that answers as it is told and keeps what it got."""

    answer: Callable[[bytes], bytes] = bytes
    status: int = 200
    content_type: str = CONTENT_TYPE
    down: bool = False
    got: list[tuple[bytes, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        async def serve(request: Request) -> Response:
            self.got.append((await request.body(), request.headers.get("soapaction", "")))
            content = self.answer(self.got[-1][0])
            return Response(content, self.status, headers={"Content-Type": self.content_type})

        return Starlette(routes=[Route("/service", serve, methods=["POST"])])

    def behave(self, answer: Callable[[bytes], bytes], **more: object) -> None:
        for name, value in {
            "status": 200,
            "content_type": CONTENT_TYPE,
            "down": False,
            "got": [],
            **more,
        }.items():
            setattr(self, name, value)
        self.answer = answer


@dataclass(frozen=True)
class Between:
    """A security server standing before a provider, and a client's connection to it."""

    url: str
    provider: Provider
    http: aiohttp.ClientSession

    async def post(self, body: bytes, path: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Content-Type": CONTENT_TYPE, **headers}
        async with self.http.post(f"{self.url}{path}", data=io.BytesIO(body), headers=headers) as reply:
            return reply.status, dict(reply.headers), await reply.read()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def between(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Between]:
    settings, provider = make_settings("postgresql://nobody/none", tmp_path_factory.mktemp("box")), Provider()
    async with served(provider.app(), settings) as provider_url, aiohttp.ClientSession() as http:

        def address_of(asked: Header) -> str | None:
            here = "http://127.0.0.1:9" if provider.down else provider_url
            return f"{here}/service" if asked.service.service_code == "getThing" else None

        doors = Doors(
            address_of=address_of, may_call=lambda asked: asked.client.subsystem_code == "settlements-service"
        )
        server = SecurityServer(doors)
        async with served(server.app(), settings) as url:
            yield Between(url=url, provider=provider, http=http)
            await server.close()


PREFIXES = {
    "the usual ones": envelope(ANSWER),
    "another prefix": envelope(ANSWER).replace(b"xrd:", b"q-1.x:").replace(b"xmlns:xrd", b"xmlns:q-1.x"),
    "no prefix": (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{IDENTIFIERS}"><s:Header xmlns="{XROAD}">'
        f'<client  i:objectType="SUBSYSTEM"><i:xRoadInstance>central-server</i:xRoadInstance>'
        "<i:memberClass>GOV</i:memberClass><i:memberCode>70000003</i:memberCode>"
        "<i:subsystemCode>settlements-service</i:subsystemCode></client>"
        f'<service  i:objectType="SERVICE"><i:xRoadInstance>central-server</i:xRoadInstance>'
        "<i:memberClass>GOV</i:memberClass><i:memberCode>70000016</i:memberCode>"
        "<i:subsystemCode>isuo-service</i:subsystemCode><i:serviceCode>getThing</i:serviceCode>"
        "<i:serviceVersion>v1</i:serviceVersion></service>"
        f'<id>id-1</id ><userId>KG1</userId><issue>case/1</issue>'
        f'<protocolVersion>4.0</protocolVersion></s:Header><s:Body>'
    ).encode()
    + ANSWER
    + b"</s:Body></s:Envelope>",
    "an id of somebody else before it": envelope(ANSWER).replace(
        b"<xrd:client", b'<o:id xmlns:o="urn:o">not me</o:id><!-- </xrd:id> --><xrd:client', 1
    ),
    "a hash already there": envelope(ANSWER).replace(
        b"<xrd:issue>", b'<xrd:requestHash algorithmId="x">old</xrd:requestHash><xrd:issue>'
    ),
    "an empty hash in front": envelope(ANSWER).replace(
        b"<xrd:client", b'<xrd:requestHash algorithmId="x"/><xrd:client', 1
    ),
    "a byte order mark": b"\xef\xbb\xbf" + envelope(ANSWER),
}  # fmt: skip


@pytest.mark.parametrize("name", PREFIXES)
async def test_the_hash_of_the_sent_bytes_stands_behind_the_id(between: Between, name: str) -> None:
    """A requestHash follows the id under its prefix, is SHA-512 of what we sent, and nothing else is changed."""
    between.provider.behave(lambda _: PREFIXES[name])
    request = envelope(CONTENT).replace(b"?>\n", b"?>\n\n  ")
    status, headers, body = await between.post(request, SOAPAction='"urn:x"')
    assert status == 200
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert between.provider.got == [(request, '"urn:x"')]
    head = etree.fromstring(body)[0]
    message_id = head.find(f"{{{XROAD}}}id")
    behind = message_id.getnext()
    assert (behind.tag, behind.prefix) == (f"{{{XROAD}}}requestHash", message_id.prefix)
    assert behind.text == base64.b64encode(hashlib.sha512(request).digest()).decode()
    assert behind.attrib == {"algorithmId": SHA512}
    assert len(head.findall(f"{{{XROAD}}}requestHash")) == 1
    assert ANSWER in body
    assert read_message(body, CONTENT_TYPE).header.message_id == "id-1"
    if "hash" not in name:
        start = body.index(b"requestHash") - (
            1 + len((message_id.prefix or "").encode()) + bool(message_id.prefix)
        )
        end = body.index(b"requestHash>", start + 20) + len(b"requestHash>")
        assert body[:start] + body[end:] == PREFIXES[name]


async def test_an_answer_in_another_charset_keeps_its_bytes(between: Between) -> None:
    """The charset of the Content-Type rules, and the bytes are passed on, never written anew."""
    content = "<getThingResponse xmlns='urn:p'>naïve</getThingResponse>".encode("latin-1")
    told = envelope(content).replace(b'<?xml version="1.0" encoding="UTF-8"?>\n', b"")
    between.provider.behave(lambda _: told, content_type="text/xml; charset=iso-8859-1")
    _, _, body = await between.post(envelope(CONTENT))
    assert content in body
    assert b"requestHash" in body


def _fault(body: bytes) -> FaultMessage:
    message = read_message(body, CONTENT_TYPE)
    assert isinstance(message, FaultMessage), body.decode()
    return message


GOOD = envelope(CONTENT)
REFUSED = {
    "unknown service": (GOOD.replace(b"getThing", b"getNothing"), {}, "server.serverproxy.unknown_service"),
    "access denied": (GOOD.replace(b"settlements-service", b"another"), {}, "server.serverproxy.access_denied"),
    "no header": (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/></s:Body></s:Envelope>'.encode(), {}, "client.missing_header"),
    "doctype": (b"<!DOCTYPE x><x/>", {}, "client.invalid_soap"),
    "empty": (b"", {}, "client.invalid_soap"),
    "two elements in the body": (GOOD.replace(b"</soapenv:Body>", b"<x/></soapenv:Body>"), {}, "client.invalid_body"),
    "other content": (GOOD.replace(b"p:getThing", b"p:else"), {}, "client.inconsistent_headers"),
    "content type": (GOOD, {"Content-Type": "application/json"}, "client.invalid_content_type"),
    "fault as a request": (f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault/></s:Body></s:Envelope>'.encode(), {}, "client.invalid_soap"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_request_is_a_fault_with_status_200(between: Between, name: str) -> None:
    """X-Road's code, a correlation id in the detail, HTTP 200 – and the provider never hears of it."""
    body, headers, code = REFUSED[name]
    between.provider.behave(lambda _: envelope(ANSWER))
    status, _, told = await between.post(body, **headers)
    fault = _fault(told)
    assert (status, fault.code, fault.actor) == (200, code, "")
    assert len(fault.detail) == 36
    assert between.provider.got == []


async def test_get_is_refused_with_a_fault(between: Between) -> None:
    """A security server takes POST only, and says so in SOAP."""
    async with between.http.get(between.url) as reply:
        assert reply.status == 200
        assert _fault(await reply.read()).code == "client.invalid_http_method"


FAILED = "server.serverproxy.service_failed"
INCONSISTENT = "server.clientproxy.service_failed.inconsistent_response"
NO_HEADER = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><a/></s:Body></s:Envelope>'.encode()
ANSWERS = {
    "another id": (envelope(ANSWER, message_id="id-2"), {}, INCONSISTENT),
    "another user": (envelope(ANSWER, user_id="x"), {}, INCONSISTENT),
    "no header": (NO_HEADER, {}, f"{FAILED}.missing_header"),
    "HTML": (b"<html>", {"content_type": "text/html"}, f"{FAILED}.invalid_content_type"),
    "HTTP 404": (b"", {"status": 404}, f"{FAILED}.http_error"),
    "HTTP 302": (b"", {"status": 302}, f"{FAILED}.http_error"),
    "down": (b"", {"down": True}, f"{FAILED}.network_error"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_none_is_a_fault_with_status_200(between: Between, name: str) -> None:
    """A provider that is down, or answers something else, is told by X-Road's code."""
    answer, more, code = ANSWERS[name]
    between.provider.behave(lambda _: answer, **more)
    status, _, body = await between.post(GOOD)
    assert (status, _fault(body).code) == (200, code)


@pytest.mark.parametrize("status", [200, 500])
async def test_a_providers_own_fault_passes_byte_for_byte(between: Between, status: int) -> None:
    """A fault of the provider goes through as it is, without a header and without a hash."""
    own = (
        f'<?xml version="1.0"?>\n<S:Envelope xmlns:S="{SOAP}" ><S:Body><S:Fault><faultcode>S:Client.X</faultcode>'
        "<faultstring>Ката</faultstring><detail><a b='1'/></detail></S:Fault></S:Body></S:Envelope>\n"
    ).encode()
    between.provider.behave(lambda _: own, status=status)
    got, _, body = await between.post(GOOD)
    assert (got, body) == (200, own)


async def test_the_path_is_ignored(between: Between) -> None:
    """The header says which service is meant, whatever address the client was given."""
    between.provider.behave(lambda _: envelope(ANSWER))
    _, _, body = await between.post(GOOD, "/some/other/path?wsdl")
    assert isinstance(read_message(body, CONTENT_TYPE), Message)
