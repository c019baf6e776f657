"""Asking a security server about itself: every form it answers in, and what is made of an answer that is none."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError, KopuroError
from gateway.xroad.attachments import attachment
from gateway.xroad.client import Client, Limits
from gateway.xroad.envelope import CONTENT_TYPE, Message, answering_shell, read_message
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem
from gateway.xroad.metaservices import ListedClient, Metaservices, read_clients
from gateway.xroad.namespaces import IDENTIFIERS, SOAP, XROAD
from gateway.xroad.packaging import pack
from tests.running import make_settings, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = parse_subsystem("KG/GOV/70000016/isuo-service")
THEIRS = parse_subsystem("KG/GOV/7 0/a+b?")
SERVICE = ServiceId(provider=THEIRS, service_code="get", service_version="v1")
Answer = Callable[[bytes], tuple[int, str, bytes]]


@dataclass
class Server:
    """A security server that answers as it is told and keeps what it was asked."""

    answer: Answer = lambda _: (200, CONTENT_TYPE, b"")
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def app(self) -> Starlette:
        async def serve(request: Request) -> Response:
            body = await request.body()
            query = request.scope["query_string"].decode()
            url = request.scope["raw_path"].decode().lstrip("/") + (f"?{query}" if query else "")
            self.asked.append((request.method, url, dict(request.headers), body))
            status, content_type, content = self.answer(body)
            return Response(content, status, headers={"Content-Type": content_type} if content_type else {})

        return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "POST"])])


@dataclass(frozen=True)
class Scene:
    server: Server
    asking: Metaservices

    def says(self, status: int, content_type: str, content: bytes) -> None:
        self.server.answer = lambda _: (status, content_type, content)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    server = Server()
    settings = make_settings("postgresql://nobody/none", tmp_path_factory.mktemp("scene"))
    async with served(server.app(), settings) as url:
        client = Client(f"{url}/", Limits(bytes=100_000))
        yield Scene(server=server, asking=Metaservices(client, OURS, deadline=timedelta(seconds=2)))
        await client.close()


def clients_xml(*members: str) -> bytes:
    inner = "".join(f"<m:member>{member}</m:member>" for member in members)
    return f'<m:clientList xmlns:m="{XROAD}" xmlns:i="{IDENTIFIERS}">{inner}</m:clientList>'.encode()


MEMBER_XML = (
    '<m:id i:objectType="SUBSYSTEM"><i:xRoadInstance>KG</i:xRoadInstance><i:memberClass>GOV</i:memberClass>'
    "<i:memberCode>1</i:memberCode><i:subsystemCode>s</i:subsystemCode></m:id><m:name>Өкмөт &amp; Ко</m:name>"
    "<m:subsystemName>S</m:subsystemName>"
)
MEMBER_JSON = {
    "id": {"object_type": "SUBSYSTEM", "xroad_instance": "KG", "member_class": "GOV", "member_code": "1", "subsystem_code": "s"},
    "name": "Өкмөт & Ко",
    "subsystem_name": "S",
}  # fmt: skip
MEMBER = ListedClient(
    client=SubsystemId(xroad_instance="KG", member_class="GOV", member_code="1", subsystem_code="s"),
    name="Өкмөт & Ко",
    subsystem_name="S",
)


async def test_clients_are_read_from_either_form(scene: Scene) -> None:
    """XML and JSON say the same; older servers leave the subsystem's name out; the instance goes in the query."""
    scene.says(200, "text/xml;charset=utf-8", clients_xml(MEMBER_XML))
    assert await scene.asking.list_clients(instance="K G") == (MEMBER,)
    assert scene.server.asked[-1][:2] == ("GET", "listClients?xRoadInstance=K+G")
    assert scene.server.asked[-1][2]["accept"] == "text/xml"
    scene.says(200, "application/json;charset=utf-8", json.dumps({"member": [MEMBER_JSON]}).encode())
    assert await scene.asking.list_clients(form="json") == (MEMBER,)
    assert scene.server.asked[-1][2]["accept"] == "application/json"
    bare = MEMBER_XML.partition("<m:subsystemName>")[0]
    assert read_clients(clients_xml(bare), "text/xml")[0].subsystem_name == ""
    assert read_clients(clients_xml(), "text/xml") == ()


NO_LISTS = {
    "another document": (b"<a/>", "text/xml"),
    "no id": (clients_xml("<m:name>x</m:name>"), "text/xml"),
    "half an id": (clients_xml(MEMBER_XML.replace("<i:memberCode>1</i:memberCode>", "")), "text/xml"),
    "a document type": (b"<!DOCTYPE a><a/>", "text/xml"),
    "no JSON": (b"{", "application/json"),
    "JSON, but no list": (b"[1]", "application/json"),
    "JSON, but no id": (b'{"member":[{"name":"x"}]}', "application/json"),
    "JSON with half an id": (b'{"member":[{"id":{"xroad_instance":"KG"}}]}', "application/json"),
    "JSON nested deep": (b"[" * 100_000, "application/json"),
    "another type": (clients_xml(), "text/html"),
    "no UTF-8": (b'{"member":"\xff"}', "application/json"),
}


@pytest.mark.parametrize("name", NO_LISTS)
async def test_what_is_no_list_of_clients_is_refused(name: str) -> None:
    """A broken answer is a ContractError, whatever is broken about it."""
    with pytest.raises(ContractError):
        read_clients(*NO_LISTS[name])


def spoken(
    inner: str, *, name: str = "", attached: bytes | None = None, change: Callable[[bytes], bytes] = bytes
) -> Answer:
    """Answer a SOAP metaservice with the request's own header."""

    def answer(request: bytes) -> tuple[int, str, bytes]:
        message = read_message(request, CONTENT_TYPE)
        assert isinstance(message, Message)
        element = name or f"{message.header.service.service_code}Response"
        content = f'<m:{element} xmlns:m="{XROAD}" xmlns:i="{IDENTIFIERS}">{inner}</m:{element}>'
        shell = answering_shell(message)
        soap = change(shell.wrap(shell.body(content.encode())))
        if attached is None:
            return 200, CONTENT_TYPE, soap
        packed = pack(soap, [attachment(attached, content_id="w", content_type="text/xml")])
        return 200, packed.content_type, packed.whole()

    return answer


LISTED = (
    '<m:service i:objectType="SERVICE"><i:xRoadInstance>KG</i:xRoadInstance><i:memberClass>GOV</i:memberClass>'
    "<i:memberCode>7 0</i:memberCode><i:subsystemCode>a+b?</i:subsystemCode><i:serviceCode>get</i:serviceCode>"
    "<i:serviceVersion>v1</i:serviceVersion></m:service>"
)


@pytest.mark.parametrize("which", ["list_methods", "allowed_methods"])
async def test_services_are_listed_under_the_provider_asked(scene: Scene, which: str) -> None:
    """The question is an empty element in X-Road's namespace, addressed to the provider's subsystem."""
    scene.server.answer = spoken(LISTED)
    assert await getattr(scene.asking, which)(THEIRS) == (SERVICE,)
    message = read_message(scene.server.asked[-1][3], CONTENT_TYPE)
    assert isinstance(message, Message)
    code = {"list_methods": "listMethods", "allowed_methods": "allowedMethods"}[which]
    assert message.header.service == ServiceId(provider=THEIRS, service_code=code)
    assert (message.content.tag, len(message.content)) == (f"{{{XROAD}}}{code}", 0)
    scene.server.answer = spoken("")
    assert await getattr(scene.asking, which)(THEIRS) == ()


async def test_the_wsdl_is_the_second_part(scene: Scene) -> None:
    """Bytes are given as they came; the version is asked for only when the service has one."""
    scene.server.answer = spoken("", attached=b"<definitions>\r\n</definitions>")
    assert (await scene.asking.wsdl(SERVICE)).content == b"<definitions>\r\n</definitions>"
    assert b"<xrd:serviceCode>get</xrd:serviceCode><xrd:serviceVersion>v1" in scene.server.asked[-1][3]
    await scene.asking.wsdl(ServiceId(provider=THEIRS, service_code="a&b"))
    assert b"<xrd:serviceCode>a&amp;b</xrd:serviceCode></xrd:getWsdl>" in scene.server.asked[-1][3]


FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>{{}}</faultcode><faultstring>x</faultstring>'
    "</s:Fault></s:Body></s:Envelope>"
)
WRONG: dict[str, tuple[Answer, type[KopuroError]]] = {
    "a fault": (lambda _: (200, CONTENT_TYPE, FAULT.format("server.serverproxy.unknown_service").encode()), AgencyRefused),
    "a passing fault": (lambda _: (200, CONTENT_TYPE, FAULT.format("Server.ServerProxy.NetworkError").encode()), AgencyUnavailable),
    "no second part": (spoken(""), ContractError),
    "another answer": (spoken("", name="getWsdlsResponse"), ContractError),
    "another header": (spoken("", change=lambda soap: soap.replace(b"70000016", b"70000017")), ContractError),
    "nothing": (lambda _: (200, "multipart/related; boundary=b", b""), ContractError),
    "HTTP 404": (lambda _: (404, CONTENT_TYPE, b"<a/>"), AgencyUnavailable),
    "too much": (lambda _: (200, CONTENT_TYPE, b"x" * 200_000), ContractError),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_answer_has_its_error(scene: Scene, name: str) -> None:
    """Refused, down for now, or broken: each is told apart."""
    scene.server.answer, kind = WRONG[name]
    with pytest.raises(kind):
        await scene.asking.wsdl(SERVICE)


async def test_a_service_without_its_code_is_refused(scene: Scene) -> None:
    """A listed service must say which it is."""
    scene.server.answer = spoken(LISTED.replace("<i:serviceCode>get</i:serviceCode>", ""))
    with pytest.raises(ContractError):
        await scene.asking.list_methods(THEIRS)


async def test_an_openapi_description_is_text(scene: Scene) -> None:
    """Asked by REST under encoded identifiers in our name; given as text under its own type."""
    scene.says(200, "application/yaml;charset=iso-8859-1", "openapi: 3.0.3 # \xe9".encode("latin-1"))
    found = await scene.asking.open_api(ServiceId(provider=THEIRS, service_code="a b"))
    assert (found.text, found.content_type) == (
        "openapi: 3.0.3 # \xe9",
        "application/yaml;charset=iso-8859-1",
    )
    method, url, headers, _ = scene.server.asked[-1]
    assert (method, url) == ("GET", "r1/KG/GOV/7%200/a%2Bb%3F/getOpenAPI?serviceCode=a+b")
    assert headers["x-road-client"] == "KG/GOV/70000016/isuo-service"


@pytest.mark.parametrize(
    ("status", "content_type", "content", "kind", "code"),
    [
        (500, "application/json", b'{"type":"server.serverproxy.service_type"}', AgencyRefused, "server.serverproxy.service_type"),
        (400, "application/json", b'{"type":"Server.ServerProxy.UnknownService"}', AgencyRefused, "Server.ServerProxy.UnknownService"),
        (500, "application/json", b'{"type":"Server.ClientProxy.NetworkError"}', AgencyUnavailable, "Server.ClientProxy.NetworkError"),
        (500, "application/json", b"[]", AgencyUnavailable, "http_error"),
        (500, "application/json", b"{", AgencyUnavailable, "http_error"),
        (500, "text/xml", FAULT.format("client.bad_request").encode(), AgencyRefused, "client.bad_request"),
        (502, "text/html", b"<html>", AgencyUnavailable, "http_error"),
        (302, "", b"", AgencyUnavailable, "http_error"),
    ],
)  # fmt: skip
async def test_a_refusal_by_rest_keeps_its_code(
    scene: Scene, status: int, content_type: str, content: bytes, kind: type[KopuroError], code: str
) -> None:
    """The code stands in JSON or in a Fault, in either spelling; anything else is HTTP that failed."""
    scene.says(status, content_type, content)
    for ask in (scene.asking.open_api(SERVICE), scene.asking.list_clients()):
        with pytest.raises(kind) as refusal:
            await ask
        assert refusal.value.code == code


async def test_a_fault_with_http_200_is_a_fault(scene: Scene) -> None:
    """A security server sends its faults with HTTP 200 too."""
    scene.says(200, CONTENT_TYPE, FAULT.format("client.bad_request").encode())
    with pytest.raises(AgencyRefused):
        await scene.asking.list_clients()


@pytest.mark.parametrize(
    ("content_type", "content"), [("text/plain;charset=x", b"a"), ("text/plain", b"\xff"), ("", b"a")]
)
async def test_a_description_must_be_text(scene: Scene, content_type: str, content: bytes) -> None:
    """Bytes that do not fit their charset are refused."""
    scene.says(200, content_type, content)
    with pytest.raises(ContractError):
        await scene.asking.open_api(SERVICE)


async def test_nobody_there_is_unavailable(tmp_path: Path) -> None:
    """Without a security server the question fails as something that may pass."""
    client = Client("http://127.0.0.1:9/", Limits())
    try:
        with pytest.raises(AgencyUnavailable):
            await Metaservices(client, OURS, deadline=timedelta(seconds=2)).list_clients()
    finally:
        await client.close()
