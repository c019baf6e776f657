"""Messages with attachments through the security server's double: nothing changes but one element of the SOAP part."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.security_server import Doors, SecurityServer, insert_request_hash
from gateway.xroad.answers import request_hash
from gateway.xroad.attachments import attachment
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, asking_shell, read_message
from gateway.xroad.packaging import Packed, pack
from tests.running import make_settings, served
from tests.xroad.messages import header, unsigned

pytestmark = pytest.mark.asyncio(loop_scope="module")

# looks like a header's id, so that an insertion at a wrong place would show
TRAP = attachment(b"<xrd:id>id-1</xrd:id>\r\n\x00" * 50, content_id="trap", content_type="text/xml")
LAST = attachment(b"\r\n--x--\r\n", content_id="last", content_type="application/octet-stream")


@dataclass
class Between:
    """A provider that gives one answer and keeps what it got, behind a security server."""

    http: aiohttp.ClientSession
    url: str = ""
    answer: tuple[bytes, str] = (b"", CONTENT_TYPE)
    got: list[tuple[bytes, str]] = field(default_factory=list)

    async def serve(self, request: Request) -> Response:
        self.got.append((await request.body(), request.headers["content-type"]))
        return Response(self.answer[0], headers={"Content-Type": self.answer[1]})

    async def post(self, content: bytes, content_type: str) -> tuple[bytes, str]:
        headers = {"Content-Type": content_type}
        async with self.http.post(self.url, data=io.BytesIO(content), headers=headers) as reply:
            assert reply.status == 200
            return await reply.read(), reply.headers["Content-Type"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def between(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Between]:
    settings = make_settings("postgresql://nobody/none", tmp_path_factory.mktemp("box"))
    async with aiohttp.ClientSession() as http:
        made = Between(http=http)
        app = Starlette(routes=[Route("/", made.serve, methods=["POST"])])
        async with served(app, settings) as provider:
            server = SecurityServer(Doors(address_of=lambda _: f"{provider}/", may_call=lambda _: True))
            async with served(server.app(), settings) as made.url:
                yield made
                await server.close()


def told() -> bytes:
    shell = asking_shell(header())
    return shell.wrap(shell.body(b'<p:getThingResponse xmlns:p="urn:p"></p:getThingResponse>'))


def packed(soap: bytes, packaging) -> Packed:
    return pack(soap, [TRAP, LAST], packaging=packaging)


@pytest.mark.parametrize("packaging", ["swa", "mtom"])
async def test_only_the_hash_is_added_to_the_soap_part(between: Between, packaging) -> None:
    """Both ways every other byte passes, Content-Type included; the hash is that of the request's SOAP part."""
    question, answer = packed(unsigned(), packaging), packed(told(), packaging)
    between.answer = (answer.whole(), answer.content_type)
    body, content_type = await between.post(question.whole(), question.content_type)
    assert between.got[-1] == (question.whole(), question.content_type)
    assert content_type == answer.content_type
    hashed = insert_request_hash(told(), request_hash(unsigned()))
    assert body == answer.whole().replace(told(), hashed)


async def test_one_side_may_have_attachments_alone(between: Between) -> None:
    """A plain answer to a question with attachments, and the other way round."""
    made = packed(unsigned(), "swa")
    between.answer = (told(), CONTENT_TYPE)
    body, content_type = await between.post(made.whole(), made.content_type)
    assert (body, content_type) == (
        insert_request_hash(told(), request_hash(unsigned())),
        CONTENT_TYPE,
    )
    answer = packed(told(), "swa")
    between.answer = (answer.whole(), answer.content_type)
    body, content_type = await between.post(unsigned(), CONTENT_TYPE)
    message = read_message(body, content_type)
    assert isinstance(message, Message)
    assert message.header.request_hash == request_hash(unsigned())
    assert [each.read() for each in message.attachments] == [TRAP.read(), LAST.read()]


async def test_a_fault_with_attachments_passes_untouched(between: Between) -> None:
    """A provider's own fault is not looked into, multipart or not."""
    soap = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server'
    soap += b"</faultcode><faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>"
    made = packed(soap, "mtom")
    between.answer = (made.whole(), made.content_type)
    assert await between.post(unsigned(), CONTENT_TYPE) == between.answer


@pytest.mark.parametrize(
    ("side", "expected"),
    [("question", "client.missing_soap"), ("answer", "server.serverproxy.service_failed.invalid_message")],
)
async def test_an_empty_multipart_has_the_code_of_its_side(
    between: Between, side: str, expected: str
) -> None:
    """missing_soap for the client, invalid_message for the provider."""
    empty = (b"", "multipart/related; boundary=b")
    between.answer = empty
    body, content_type = await between.post(*(empty if side == "question" else (unsigned(), CONTENT_TYPE)))
    fault = read_message(body, content_type)
    assert isinstance(fault, FaultMessage)
    assert fault.code == expected
