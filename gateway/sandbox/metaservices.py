"""What the security-server doubles tell about who is there and what is offered (X-Road's PR-META and PR-MREST).

They tell it from the very contracts: services and versions out of the WSDL files, rights out of the agreements.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from gateway.foundation.xml import local_name, parse, text_of
from gateway.sandbox.rest_metaservices import RestCatalogue
from gateway.sandbox.security_server import SecurityServerFault, Told
from gateway.xroad.attachments import attachment
from gateway.xroad.envelope import CONTENT_TYPE, Message, answering_shell
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.metaservices import ALLOWED_METHODS, GET_WSDL, LIST_METHODS
from gateway.xroad.namespaces import IDENTIFIERS, XROAD, q
from gateway.xroad.packaging import pack

ENDPOINT = "http://example.org/xroad-endpoint"
_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_PROVIDER = "server.serverproxy"
_TYPES = {"text/xml": "xml", "application/xml": "xml", "application/json": "json", "*/*": "xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Who is registered under which name, what each offers with its WSDL (empty: none), who may call it.

    `rest` holds what is offered by REST as well, without a version, each with its OpenAPI description.
    """

    members: Mapping[SubsystemId, str] = field(default_factory=dict)
    services: Mapping[ServiceId, bytes] = field(default_factory=dict)
    rest: Mapping[ServiceId, Mapping[str, Any]] = field(default_factory=dict)
    may_call: Callable[[SubsystemId, ServiceId], bool] = field(default=lambda _client, _service: False)


def read_services(provider: SubsystemId, wsdl: Path) -> dict[ServiceId, bytes]:
    """Read which services a WSDL file describes, and the description as a security server shows it."""
    root = parse(wsdl.read_bytes())
    for element in root.iter("{*}address"):
        if element.get("location") is not None:
            element.set("location", ENDPOINT)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return {
        ServiceId(provider=provider, service_code=code, service_version=version): content
        for code, version in _operations(root)
    }


def _operations(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Give operations with their versions; a version is found by its local name only, as X-Road does."""
    for operation in root.iterfind(f"{q(_WSDL, 'binding')}/{q(_WSDL, 'operation')}"):
        version = operation.find("{*}version")
        yield operation.get("name") or "", "" if version is None else text_of(version).strip()


class MetaserviceDouble:
    """Answers for one security server out of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Take what there is to tell."""
        self._catalogue = catalogue
        soap = {(service.provider, service.service_code) for service in catalogue.services}
        self._rest = RestCatalogue(services=catalogue.rest, soap=soap, may_call=self.may_call)
        self._answers: dict[str, Callable[[Message], Told]] = {
            LIST_METHODS: lambda asked: self._list(asked, all_of_them=True),
            ALLOWED_METHODS: lambda asked: self._list(asked, all_of_them=False),
            GET_WSDL: self._describe,
        }

    def tell(self, asked: Message) -> Told | None:
        """Answer a SOAP question to the security server itself; None when it is meant for a provider.

        Raises SecurityServerFault.
        """
        answer = self._answers.get(asked.header.service.service_code)
        if answer is None:
            return None
        provider = asked.header.service.provider
        if provider not in self._catalogue.members:
            raise SecurityServerFault("server.clientproxy.unknown_member", f"Unknown member: {provider}")
        return answer(asked)

    def _list(self, asked: Message, *, all_of_them: bool) -> Told:
        header = asked.header
        listed = [
            service
            for service in self._catalogue.services
            if service.provider == header.service.provider
            and (all_of_them or self._catalogue.may_call(header.client, service))
        ]
        return _answer(asked, "".join(_write_service(service) for service in listed))

    def _describe(self, asked: Message) -> Told:
        code = _asked_text(asked, "serviceCode")
        version = _asked_text(asked, "serviceVersion")
        if not code:
            raise SecurityServerFault(f"{_PROVIDER}.invalid_request", "Missing serviceCode in message body")
        wanted = ServiceId(provider=asked.header.service.provider, service_code=code, service_version=version)
        content = self._catalogue.services.get(wanted)
        if not content:
            raise SecurityServerFault(f"{_PROVIDER}.unknown_service", f"Could not find service {wanted}")
        inner = f"<xrd:serviceCode>{escape(code)}</xrd:serviceCode>"
        if version:
            inner += f"<xrd:serviceVersion>{escape(version)}</xrd:serviceVersion>"
        soap = _answer(asked, inner).content
        description = attachment(content, content_id="wsdl", content_type="text/xml; charset=UTF-8")
        packed = pack(soap, [description])
        return Told(content=packed.whole(), content_type=packed.content_type)

    def show(self, request: Request) -> Response | None:
        """Answer a GET for what the security server itself offers; None for any other address."""
        segments = request.url.path.strip("/").split("/")
        if segments == ["listClients"]:
            return self._show_clients(request)
        return self._rest.show(request)

    def _show_clients(self, request: Request) -> Response:
        wanted = request.query_params.get("xRoadInstance")
        members = [
            (member, name)
            for member, name in self._catalogue.members.items()
            if wanted in {None, member.xroad_instance}
        ]
        if wanted is not None and not members:
            raise SecurityServerFault("server.clientproxy.internal_error", "Unknown X-Road instance")
        if _preferred(request.headers.get("accept", "")) == "json":
            shown = {"member": [_json_member(member, name) for member, name in members]}
            return Response(json.dumps(shown), headers={"Content-Type": "application/json; charset=utf-8"})
        inner = "".join(_write_member(member, name) for member, name in members)
        body = f'<xrd:clientList xmlns:xrd="{XROAD}" xmlns:id="{IDENTIFIERS}">{inner}</xrd:clientList>'
        return Response(body, headers={"Content-Type": CONTENT_TYPE})

    def may_call(self, client: SubsystemId, service: ServiceId) -> bool:
        """Tell whether a client may call a REST service: access is by service code, whatever the version."""
        return any(
            self._catalogue.may_call(client, each)
            for each in (*self._catalogue.services, *self._catalogue.rest)
            if (each.provider, each.service_code) == (service.provider, service.service_code)
        )


def _answer(asked: Message, inner: str) -> Told:
    name = f"{local_name(asked.content)}Response"
    content = f'<xrd:{name} xmlns:xrd="{XROAD}" xmlns:id="{IDENTIFIERS}">{inner}</xrd:{name}>'
    shell = answering_shell(asked)
    return Told(content=shell.wrap(shell.body(content.encode())), content_type=CONTENT_TYPE)


def _asked_text(asked: Message, name: str) -> str:
    element = asked.content.find(q(XROAD, name))
    return "" if element is None else text_of(element).strip()


def _write_service(service: ServiceId) -> str:
    version = f"<id:serviceVersion>{escape(service.service_version)}</id:serviceVersion>"
    return (
        f'<xrd:service id:objectType="SERVICE">{_write_parts(service.provider)}'
        f"<id:serviceCode>{escape(service.service_code)}</id:serviceCode>"
        f"{version if service.service_version else ''}</xrd:service>"
    )


def _write_member(member: SubsystemId, name: str) -> str:
    subsystem = f"<xrd:subsystemName>{escape(member.subsystem_code)}</xrd:subsystemName>"
    return (
        f'<xrd:member><xrd:id id:objectType="{_object_type(member)}">{_write_parts(member)}</xrd:id>'
        f"<xrd:name>{escape(name)}</xrd:name>{subsystem if member.subsystem_code else ''}</xrd:member>"
    )


def _write_parts(member: SubsystemId) -> str:
    written = {
        "xRoadInstance": member.xroad_instance,
        "memberClass": member.member_class,
        "memberCode": member.member_code,
        "subsystemCode": member.subsystem_code,
    }
    return "".join(f"<id:{name}>{escape(code)}</id:{name}>" for name, code in written.items() if code)


def _json_member(member: SubsystemId, name: str) -> dict[str, object]:
    told: dict[str, object] = {
        "id": {
            "object_type": _object_type(member),
            "xroad_instance": member.xroad_instance,
            "member_class": member.member_class,
            "member_code": member.member_code,
            **({"subsystem_code": member.subsystem_code} if member.subsystem_code else {}),
        },
        "name": name,
    }
    return told | ({"subsystem_name": member.subsystem_code} if member.subsystem_code else {})


def _object_type(member: SubsystemId) -> str:
    return "SUBSYSTEM" if member.subsystem_code else "MEMBER"


def _preferred(accept: str) -> str:
    """Choose XML unless the Accept header puts JSON higher, or first among equals."""
    best, form = 0.0, "xml"
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = next((_weight(one) for one in parameters if one.startswith("q=")), 1.0)
        if name in _TYPES and weight > best:
            best, form = weight, _TYPES[name]
    return form


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
