"""The X-Road header of a SOAP message: read strictly, kept as it came (PR-MESS 2.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, text_of
from gateway.xroad.identifiers import ServiceId, SubsystemId, join_parts
from gateway.xroad.namespaces import IDENTIFIERS, REPRESENTATION, SECURITY_TOKEN, XROAD, q

OBJECT_TYPE = q(IDENTIFIERS, "objectType")
_MEMBER_PARTS = ("xRoadInstance", "memberClass", "memberCode")
PARTS = {
    "client": (*_MEMBER_PARTS, "subsystemCode"),
    "service": (*_MEMBER_PARTS, "subsystemCode", "serviceCode", "serviceVersion"),
    "securityServer": (*_MEMBER_PARTS, "serverCode"),
}
OBJECT_TYPES = {
    "client": ("MEMBER", "SUBSYSTEM"),
    "service": ("SERVICE",),
    "securityServer": ("SERVER",),
}
TEXTS = ("userId", "id", "issue", "protocolVersion", "requestHash")
KNOWN = {
    **{q(XROAD, name): name for name in (*PARTS, *TEXTS)},
    q(REPRESENTATION, "representedParty"): "representedParty",
    q(SECURITY_TOKEN, "securityToken"): "securityToken",
}
_SHORT = 256  # characters of a part worth remembering
_Child: TypeAlias = tuple[str, Any]  # the tag, and its text or what holds more than text
_PART_NAMES = {q(IDENTIFIERS, part): part for parts in PARTS.values() for part in parts}


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

    Object types, version text and duplicates are found while reading, so they win over absent fields. An empty
    id passes, as it does at a security server; whoever needs it asks for more.
    """
    found: dict[str, etree._Element] = {}
    identifiers: dict[str, Any] = {}
    for child in element:
        name = KNOWN.get(child.tag)
        if name is None:
            continue
        if name in found:
            raise _duplicate(name)
        found[name] = child
        if name in PARTS:
            identifiers[name] = _identifier(child, name)
        else:
            _check_leaf(child, name)
    for name in ("protocolVersion", "client", "id", "service"):
        if name not in found:
            raise _missing(name)
    return _make(found, identifiers)


def _make(found: dict[str, etree._Element], identifiers: dict[str, Any]) -> Header:
    texts = {name: text_of(found[name]) if name in found else "" for name in TEXTS}
    party = found.get("representedParty")
    return Header(
        client=identifiers["client"],
        service=identifiers["service"],
        message_id=texts["id"],
        protocol_version=texts["protocolVersion"],
        user_id=texts["userId"],
        issue=texts["issue"],
        request_hash=texts["requestHash"],
        represented_party=_path(map(text_of, element_children(party))) if party is not None else "",
        security_server=identifiers.get("securityServer", ""),
    )


def _path(parts: Iterable[str]) -> str:
    return join_parts(tuple(parts))


def _identifier(element: etree._Element, name: str) -> Any:
    """Read an identifier: a SubsystemId, a ServiceId, or the path of a security server.

    The same few clients and services come again and again, so what was read is remembered while it is short.
    """
    parts = [
        (child.tag, child if len(child) else child.text or "")
        for child in element
        if isinstance(child.tag, str)
    ]
    is_short = all(isinstance(text, str) and len(text) < _SHORT for _, text in parts)
    read = _read_identifier if is_short else _read_identifier.__wrapped__
    return read(name, element.get(OBJECT_TYPE), tuple(parts))


@lru_cache(maxsize=4096)
def _read_identifier(name: str, object_type: str | None, children: tuple[_Child, ...]) -> Any:
    if object_type not in OBJECT_TYPES[name]:
        expected = " or ".join(OBJECT_TYPES[name])
        raise _invalid(f"{name} needs id:objectType {expected}", name, f'write id:objectType="{expected}"')
    parts = _parts(name, children)
    for part in mandatory_parts(name, object_type):
        if not parts.get(part):
            raise _invalid(f"{name} lacks {part}", f"{name}/{part}", f"add id:{part}")
    if name == "securityServer":
        return _path(parts.values())
    member = SubsystemId(
        xroad_instance=parts["xRoadInstance"],
        member_class=parts["memberClass"],
        member_code=parts["memberCode"],
        subsystem_code=parts.get("subsystemCode", ""),
    )
    if name == "client":
        return member
    return ServiceId(
        provider=member,
        service_code=parts["serviceCode"],
        service_version=parts.get("serviceVersion", ""),
    )


def _parts(name: str, children: tuple[_Child, ...]) -> dict[str, str]:
    """Name the parts of an identifier; each may stand once."""
    parts: dict[str, str] = {}
    for tag, text in children:
        part = _PART_NAMES.get(tag)
        if part not in PARTS[name]:
            raise _invalid(f"{name} holds an unknown part", name, "only the parts of the identifiers schema")
        if part in parts:
            raise _duplicate(f"{name}/{part}")
        parts[part] = text if isinstance(text, str) else text_of(text)
    return parts


def mandatory_parts(name: str, object_type: str | None) -> tuple[str, ...]:
    """Give the parts an identifier must have: for a client they depend on its object type."""
    if name == "service":
        return (*_MEMBER_PARTS, "serviceCode")
    if name == "securityServer":
        return PARTS[name]
    return PARTS[name] if object_type == "SUBSYSTEM" else _MEMBER_PARTS


def _check_leaf(element: etree._Element, name: str) -> None:
    text = text_of(element) if name in TEXTS else ""
    if name == "protocolVersion" and not text.strip().startswith("4."):
        raise ContractError(
            "protocolVersion must be 4.0",
            code="invalid_protocol_version",
            where="protocolVersion",
            hint="write 4.0",
        )


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
