"""The X-Road header of a SOAP message: read strictly, kept as it came (PR-MESS 2.2)."""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name, text_of
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import IDENTIFIERS, REPRESENTATION, SECURITY_TOKEN, XROAD, q

_OBJECT_TYPE = q(IDENTIFIERS, "objectType")
_MEMBER_PARTS = ("xRoadInstance", "memberClass", "memberCode")
_PARTS = {
    "client": (*_MEMBER_PARTS, "subsystemCode"),
    "service": (*_MEMBER_PARTS, "subsystemCode", "serviceCode", "serviceVersion"),
    "securityServer": (*_MEMBER_PARTS, "serverCode"),
}
_OBJECT_TYPES = {
    "client": ("MEMBER", "SUBSYSTEM"),
    "service": ("SERVICE",),
    "securityServer": ("SERVER",),
}
_TEXTS = ("userId", "id", "issue", "protocolVersion", "requestHash")
KNOWN = frozenset(
    [
        *(q(XROAD, name) for name in (*_PARTS, *_TEXTS)),
        q(REPRESENTATION, "representedParty"),
        q(SECURITY_TOKEN, "securityToken"),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header's fields as text, exactly as sent; an absent optional field is empty."""

    client: SubsystemId
    service: ServiceId
    message_id: str
    protocol_version: str
    user_id: str = ""
    issue: str = ""
    represented_party: str = ""
    security_server: str = ""
    request_hash: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """Give the fields a response must repeat; the consumer's security server compares just these."""
        return (self.client, self.service, self.user_id, self.represented_party, self.issue, self.message_id)


def read_header(element: etree._Element) -> Header:
    """Read the children of soap:Header; raises ContractError in X-Road's own order of checks.

    Object types, version text and duplicates are found while reading, so they win over absent fields.
    """
    found: dict[str, etree._Element] = {}
    for child in element_children(element):
        if child.tag in KNOWN:
            name = local_name(child)
            if name in found:
                raise _duplicate(name)
            found[name] = child
            _CHECKS.get(name, _no_check)(child)
    for name in ("protocolVersion", "client", "id", "service"):
        if name not in found or (name == "id" and not text_of(found[name]).strip()):
            raise _missing(name)
    return _make(found)


def _make(found: dict[str, etree._Element]) -> Header:
    texts = {name: text_of(found[name]) if name in found else "" for name in _TEXTS}
    service = _parts(found["service"])
    return Header(
        client=_subsystem(_parts(found["client"])),
        service=ServiceId(
            provider=_subsystem(service),
            service_code=service["serviceCode"],
            service_version=service.get("serviceVersion", ""),
        ),
        message_id=texts["id"],
        protocol_version=texts["protocolVersion"],
        user_id=texts["userId"],
        issue=texts["issue"],
        request_hash=texts["requestHash"],
        represented_party=_joined(found.get("representedParty")),
        security_server=_joined(found.get("securityServer")),
    )


def _subsystem(parts: dict[str, str]) -> SubsystemId:
    return SubsystemId(
        xroad_instance=parts["xRoadInstance"],
        member_class=parts["memberClass"],
        member_code=parts["memberCode"],
        subsystem_code=parts.get("subsystemCode", ""),
    )


def _parts(element: etree._Element) -> dict[str, str]:
    """Read the parts of an identifier; each may stand once, the mandatory ones must."""
    name = local_name(element)
    parts: dict[str, str] = {}
    for child in element_children(element):
        part = local_name(child)
        if child.tag != q(IDENTIFIERS, part) or part not in _PARTS[name]:
            raise _invalid(f"{name} holds an unknown part", name, "only the parts of the identifiers schema")
        if part in parts:
            raise _duplicate(f"{name}/{part}")
        parts[part] = text_of(child)
    for part in _mandatory(element, name):
        if not parts.get(part):
            raise _invalid(f"{name} lacks {part}", f"{name}/{part}", f"add id:{part}")
    return parts


def _mandatory(element: etree._Element, name: str) -> tuple[str, ...]:
    if name == "service":
        return (*_MEMBER_PARTS, "serviceCode")
    if name == "securityServer":
        return _PARTS[name]
    return _PARTS[name] if element.get(_OBJECT_TYPE) == "SUBSYSTEM" else _MEMBER_PARTS


def _joined(element: etree._Element | None) -> str:
    if element is None:
        return ""
    if local_name(element) == "securityServer":
        return "/".join(_parts(element).values())
    return "/".join(text_of(child) for child in element_children(element))


def _check_identifier(element: etree._Element) -> None:
    name = local_name(element)
    if element.get(_OBJECT_TYPE) not in _OBJECT_TYPES[name]:
        expected = " or ".join(_OBJECT_TYPES[name])
        raise _invalid(f"{name} needs id:objectType {expected}", name, f'write id:objectType="{expected}"')
    _parts(element)


def _check_version(element: etree._Element) -> None:
    if not text_of(element).strip().startswith("4."):
        raise ContractError(
            "protocolVersion must be 4.0",
            code="invalid_protocol_version",
            where="protocolVersion",
            hint="write 4.0",
        )


def _check_text(element: etree._Element) -> None:
    text_of(element)


def _no_check(_: etree._Element) -> None:
    """Accept: nothing is asked of this element while reading."""


_CHECKS: dict[str, Callable[[etree._Element], None]] = {
    **dict.fromkeys(_PARTS, _check_identifier),
    **dict.fromkeys(_TEXTS, _check_text),
    "protocolVersion": _check_version,
}


def _duplicate(name: str) -> ContractError:
    return ContractError(
        f"{name} stands twice in the header", code="duplicate_header_field", where=name, hint="send it once"
    )


def _missing(name: str) -> ContractError:
    return ContractError(
        f"the header lacks {name}",
        code="missing_header_field",
        where=name,
        hint=f"add xrd:{name} to soap:Header",
    )


def _invalid(message: str, where: str, hint: str) -> ContractError:
    return ContractError(message, code="invalid_xml", where=where, hint=hint)
