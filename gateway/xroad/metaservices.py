"""What a security server tells about itself and the services behind it (X-Road's PR-META and PR-MREST).

These questions carry no data about anybody, so they are asked directly, outside the journal.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode
from uuid import uuid4
from xml.sax.saxutils import escape

from lxml import etree

from gateway.foundation.errors import AgencyError, AgencyUnavailable, ContractError
from gateway.foundation.xml import element_children, local_name, parse, text_of
from gateway.xroad.answers import check_answer
from gateway.xroad.client import Client, RawReply
from gateway.xroad.envelope import FaultMessage, Message, asking_shell, read_message
from gateway.xroad.faults import error_of
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.mime_types import charset_of, media_type_name, read_media_type
from gateway.xroad.namespaces import IDENTIFIERS, PROTOCOL_VERSION, SOAP, XROAD, q

LIST_METHODS, ALLOWED_METHODS, GET_WSDL = "listMethods", "allowedMethods", "getWsdl"
Form = Literal["xml", "json"]
_ACCEPT = {"xml": "text/xml", "json": "application/json"}
_PARTS = {
    "xRoadInstance": "xroad_instance",
    "memberClass": "member_class",
    "memberCode": "member_code",
    "subsystemCode": "subsystem_code",
}
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedClient:
    """A member or subsystem of the instance, with the names it is registered under."""

    client: SubsystemId
    name: str
    subsystem_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wsdl:
    """A service's description; its soap:address never is the provider's own."""

    service: ServiceId
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApi:
    """A REST service's description, as YAML or JSON."""

    service: ServiceId
    text: str
    content_type: str


class Metaservices:
    """Asks one security server in the name of one of our subsystems.

    Every question raises AgencyUnavailable, AgencyRefused with X-Road's code, or ContractError for a broken answer.
    """

    def __init__(self, client: Client, asker: SubsystemId, *, deadline: timedelta) -> None:
        """Take the connection pool and who asks."""
        self._client = client
        self._asker = asker
        self._deadline = deadline

    async def list_clients(self, *, instance: str = "", form: Form = "xml") -> tuple[ListedClient, ...]:
        """List the members and subsystems of our instance, or of another federated one."""
        path = "listClients" + (f"?{urlencode({'xRoadInstance': instance})}" if instance else "")
        reply = await self._client.get(path, deadline=self._deadline, headers={"Accept": _ACCEPT[form]})
        if reply.status != _OK or _is_envelope(reply):
            raise _failed(reply)
        return read_clients(reply.content, reply.content_type)

    async def list_methods(self, provider: SubsystemId) -> tuple[ServiceId, ...]:
        """List the SOAP services a subsystem publishes."""
        return _services(await self._ask(provider, LIST_METHODS))

    async def allowed_methods(self, provider: SubsystemId) -> tuple[ServiceId, ...]:
        """List the SOAP services of a subsystem that we may call."""
        return _services(await self._ask(provider, ALLOWED_METHODS))

    async def wsdl(self, service: ServiceId) -> Wsdl:
        """Fetch the description of a SOAP service; the answer's second part is the WSDL."""
        wanted = [("serviceCode", service.service_code), ("serviceVersion", service.service_version)]
        answer = await self._ask(service.provider, GET_WSDL, [pair for pair in wanted if pair[1]])
        if not answer.attachments:
            raise _broken("the answer to getWsdl has no second part", "MIME")
        return Wsdl(service=service, content=answer.attachments[0].read())

    async def open_api(self, service: ServiceId) -> OpenApi:
        """Fetch the description of a REST service."""
        provider = "/".join(quote(part, safe="") for part in _codes(service.provider))
        reply = await self._client.get(
            f"r1/{provider}/getOpenAPI?{urlencode({'serviceCode': service.service_code})}",
            deadline=self._deadline,
            headers={"X-Road-Client": "/".join(quote(part, safe="") for part in _codes(self._asker))},
        )
        if reply.status != _OK:
            raise _failed(reply)
        return OpenApi(service=service, text=_decoded(reply), content_type=reply.content_type)

    async def _ask(
        self, provider: SubsystemId, service_code: str, wanted: list[tuple[str, str]] | None = None
    ) -> Message:
        header = Header(
            client=self._asker,
            service=ServiceId(provider=provider, service_code=service_code),
            message_id=str(uuid4()),
            protocol_version=PROTOCOL_VERSION,
        )
        shell = asking_shell(header)
        request = shell.wrap(shell.body(_content(service_code, wanted or [])))
        reply = await self._client.post(request, deadline=self._deadline)
        answer = read_message(reply.content, reply.content_type, side="response")
        if isinstance(answer, FaultMessage):
            raise error_of(answer)
        check_answer(answer, asked=header, request=request)
        return answer


def read_clients(content: bytes, content_type: str) -> tuple[ListedClient, ...]:
    """Read a listClients answer, XML or JSON; raises ContractError."""
    if media_type_name(content_type) == "application/json":
        return _from_json(content)
    root = parse(content, charset=charset_of(content_type))
    if root.tag != q(XROAD, "clientList"):
        raise _broken("the answer is not a clientList", "clientList")
    return tuple(_listed(member) for member in root.findall(q(XROAD, "member")))


def _listed(member: etree._Element) -> ListedClient:
    texts = {local_name(child): child for child in element_children(member)}
    if "id" not in texts:
        raise _broken("a member of the clientList has no id", "clientList/member")
    return ListedClient(
        client=_subsystem(_id_parts(texts["id"])),
        name=_text(texts.get("name")),
        subsystem_name=_text(texts.get("subsystemName")),
    )


def _from_json(content: bytes) -> tuple[ListedClient, ...]:
    try:
        return tuple(_listed_json(member) for member in json.loads(content)["member"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _broken("the answer is not a clientList in JSON", "member") from None


def _listed_json(member: Mapping[str, Any]) -> ListedClient:
    told = {wire: str(member["id"].get(name) or "") for wire, name in _PARTS.items()}
    return ListedClient(
        client=_subsystem(told),
        name=str(member.get("name") or ""),
        subsystem_name=str(member.get("subsystem_name") or ""),
    )


def _services(answer: Message) -> tuple[ServiceId, ...]:
    return tuple(_service(_id_parts(element)) for element in answer.content.findall(q(XROAD, "service")))


def _service(parts: Mapping[str, str]) -> ServiceId:
    if not parts.get("serviceCode"):
        raise _broken("a listed service has no serviceCode", "service")
    return ServiceId(
        provider=_subsystem(parts),
        service_code=parts["serviceCode"],
        service_version=parts.get("serviceVersion", ""),
    )


def _id_parts(element: etree._Element) -> dict[str, str]:
    children = element_children(element)
    return {
        local_name(child): text_of(child) for child in children if child.tag.startswith(f"{{{IDENTIFIERS}}}")
    }


def _subsystem(parts: Mapping[str, str]) -> SubsystemId:
    if not all(parts.get(name) for name in ("xRoadInstance", "memberClass", "memberCode")):
        raise _broken("an identifier lacks a part", "id")
    return SubsystemId(**{name: parts.get(wire, "") for wire, name in _PARTS.items()})


def _text(element: etree._Element | None) -> str:
    return "" if element is None else text_of(element)


def _content(service_code: str, wanted: list[tuple[str, str]]) -> bytes:
    inner = "".join(f"<xrd:{name}>{escape(value)}</xrd:{name}>" for name, value in wanted)
    return f'<xrd:{service_code} xmlns:xrd="{XROAD}">{inner}</xrd:{service_code}>'.encode()


def _codes(member: SubsystemId) -> list[str]:
    codes = (member.xroad_instance, member.member_class, member.member_code, member.subsystem_code)
    return [code for code in codes if code]


def _decoded(reply: RawReply) -> str:
    charset = read_media_type(reply.content_type).parameters.get("charset", "utf-8")
    try:
        return reply.content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise _broken("the description is not text in its charset", "Content-Type") from None


def _is_envelope(reply: RawReply) -> bool:
    """Tell a Fault, which a security server sends with HTTP 200 too."""
    if media_type_name(reply.content_type) != "text/xml":
        return False
    return parse(reply.content, charset=charset_of(reply.content_type)).tag == q(SOAP, "Envelope")


def _failed(reply: RawReply) -> AgencyError:
    """Turn a refusal outside SOAP into an error: the code stands in a Fault, or in JSON under `type`."""
    code = "http_error"
    if media_type_name(reply.content_type) == "application/json":
        code = _json_code(reply.content) or code
    elif _is_envelope(reply):
        fault = read_message(reply.content, reply.content_type, side="response")
        if isinstance(fault, FaultMessage):
            return error_of(fault)
    if code == "http_error":
        return AgencyUnavailable(f"the security server answered HTTP {reply.status}", code=code)
    return error_of(FaultMessage(code=code, string=""))


def _json_code(content: bytes) -> str:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    return str(told.get("type") or "") if isinstance(told, dict) else ""


def _broken(message: str, where: str) -> ContractError:
    return ContractError(
        message, code="invalid_message", where=where, hint="compare with X-Road's metadata protocol"
    )
