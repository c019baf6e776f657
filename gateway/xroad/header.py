"""The X-Road header of a SOAP message: read strictly, kept as it came (PR-MESS 2.2)."""

from dataclasses import dataclass

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
    identifiers: dict[str, dict[str, str]] = {}
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


def _make(found: dict[str, etree._Element], identifiers: dict[str, dict[str, str]]) -> Header:
    texts = {name: text_of(found[name]) if name in found else "" for name in TEXTS}
    service = identifiers["service"]
    party = found.get("representedParty")
    return Header(
        client=_subsystem(identifiers["client"]),
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
        represented_party=join_parts(tuple(map(text_of, element_children(party))))
        if party is not None
        else "",
        security_server=join_parts(tuple(identifiers.get("securityServer", {}).values())),
    )


def _subsystem(parts: dict[str, str]) -> SubsystemId:
    return SubsystemId(
        xroad_instance=parts["xRoadInstance"],
        member_class=parts["memberClass"],
        member_code=parts["memberCode"],
        subsystem_code=parts.get("subsystemCode", ""),
    )


def _identifier(element: etree._Element, name: str) -> dict[str, str]:
    """Read the parts of an identifier; each may stand once, the mandatory ones must."""
    if element.get(OBJECT_TYPE) not in OBJECT_TYPES[name]:
        expected = " or ".join(OBJECT_TYPES[name])
        raise _invalid(f"{name} needs id:objectType {expected}", name, f'write id:objectType="{expected}"')
    parts: dict[str, str] = {}
    for child in element_children(element):
        part = _PART_NAMES.get(child.tag)
        if part not in PARTS[name]:
            raise _invalid(f"{name} holds an unknown part", name, "only the parts of the identifiers schema")
        if part in parts:
            raise _duplicate(f"{name}/{part}")
        parts[part] = text_of(child)
    for part in mandatory_parts(element, name):
        if not parts.get(part):
            raise _invalid(f"{name} lacks {part}", f"{name}/{part}", f"add id:{part}")
    return parts


def mandatory_parts(element: etree._Element, name: str) -> tuple[str, ...]:
    """Give the parts an identifier must have: for a client they depend on its object type."""
    if name == "service":
        return (*_MEMBER_PARTS, "serviceCode")
    if name == "securityServer":
        return PARTS[name]
    return PARTS[name] if element.get(OBJECT_TYPE) == "SUBSYSTEM" else _MEMBER_PARTS


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
