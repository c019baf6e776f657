"""The rules of the X-Road header: each field on its own, so that one broken field does not hide the next."""

import re
from dataclasses import dataclass, field

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name, text_of
from gateway.xroad.conformance.report import Notebook
from gateway.xroad.envelope import SECURITY
from gateway.xroad.header import KNOWN, OBJECT_TYPE, OBJECT_TYPES, PARTS, TEXTS, Header, mandatory_parts
from gateway.xroad.identifiers import ServiceId, SubsystemId, is_publishable
from gateway.xroad.namespaces import IDENTIFIERS, q

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MEANINGLESS = frozenset({"1", "?", "-", "0"})
_MANDATORY = ("protocolVersion", "client", "id", "service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What could be read of a header: texts, and the identifiers that are complete."""

    texts: dict[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def service_code(self) -> str:
        """The service asked for; empty if it could not be read."""
        return self.parts.get("service", {}).get("serviceCode", "")

    def header(self) -> Header | None:
        """Put a header together from what could be read; without client and service there is none."""
        if "client" not in self.parts or "service" not in self.parts:
            return None
        service = self.parts["service"]
        return Header(
            client=_subsystem(self.parts["client"]),
            service=ServiceId(
                provider=_subsystem(service),
                service_code=service["serviceCode"],
                service_version=service.get("serviceVersion", ""),
            ),
            message_id=self.texts.get("id", ""),
            protocol_version=self.texts.get("protocolVersion", ""),
            user_id=self.texts.get("userId", ""),
            issue=self.texts.get("issue", ""),
        )


@dataclass(slots=True, kw_only=True)
class _Reading:
    notes: Notebook
    fields: Fields = field(default_factory=Fields)
    mixed: list[str] = field(default_factory=list)

    def text(self, element: etree._Element) -> str | None:
        """Read a text; where elements stand in it, remember the place."""
        try:
            return text_of(element)
        except ContractError:
            self.mixed.append(local_name(element))
            return None


def judge_header(notes: Notebook, element: etree._Element, *, is_response: bool) -> Fields:
    """Judge every field of a soap:Header and give what could be read."""
    reading = _Reading(notes=notes)
    found = _known_children(element)
    for name, elements in found.items():
        code = "duplicate_header_field"
        notes.judge(f"{name}.once", len(elements) == 1, code=code, where=name)
    for name in PARTS:
        if name in found:
            _judge_identifier(reading, name, found[name][0])
    _read_texts(reading, found)
    _judge_presence(notes, found)
    _judge_texts(notes, reading.fields.texts, is_response=is_response, found=found)
    _judge_whole(reading, element)
    return reading.fields


def _known_children(element: etree._Element) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for child in element_children(element):
        if child.tag in KNOWN:
            found.setdefault(local_name(child), []).append(child)
    return found


def _read_texts(reading: _Reading, found: dict[str, list[etree._Element]]) -> None:
    for name in TEXTS:
        if name in found and (text := reading.text(found[name][0])) is not None:
            reading.fields.texts[name] = text
    if "representedParty" in found:
        for child in element_children(found["representedParty"][0]):
            reading.text(child)


def _judge_presence(notes: Notebook, found: dict[str, list[etree._Element]]) -> None:
    for name in _MANDATORY:
        notes.judge(f"{name}.present", name in found, code="missing_header_field", where=name)


def _judge_texts(
    notes: Notebook, texts: dict[str, str], *, is_response: bool, found: dict[str, list[etree._Element]]
) -> None:
    if (version := texts.get("protocolVersion")) is not None:
        kept = version.strip().startswith("4.")
        notes.judge("protocolVersion.version", kept, code="invalid_protocol_version", where="protocolVersion")
    if "id" in texts:
        notes.prefer("id.filled", texts["id"].strip(), where="id")
    if texts.get("id", "").strip():
        notes.prefer("id.uuid", _UUID.fullmatch(texts["id"].strip()), where="id")
    for name in ("userId", "issue"):
        if name in texts or name not in found:
            notes.prefer(f"{name}.given", texts.get(name, "").strip(), where=name)
    if issue := texts.get("issue", "").strip():
        notes.prefer("issue.meaningful", issue not in _MEANINGLESS, where="issue")
    if not is_response:
        notes.prefer("requestHash.absent", "requestHash" not in found, where="requestHash")


def _judge_identifier(reading: _Reading, name: str, element: etree._Element) -> None:
    kind = element.get(OBJECT_TYPE) in OBJECT_TYPES[name]
    reading.notes.judge(f"{name}.object_type", kind, code="invalid_xml", where=f"{name}/@objectType")
    parts, problems = _read_parts(reading, name, element)
    if problems:
        where = ", ".join(f"{name}/{part}" for _, part in problems)
        reading.notes.failed(f"{name}.parts", problems[0][0], where=where)
        return
    reading.notes.passed(f"{name}.parts")
    if None not in parts.values():
        reading.fields.parts[name] = {part: text or "" for part, text in parts.items()}


def _read_parts(
    reading: _Reading, name: str, element: etree._Element
) -> tuple[dict[str, str | None], list[tuple[str, str]]]:
    """Give the parts (None: not a plain text) and what is wrong with them as pairs of code and part."""
    parts: dict[str, str | None] = {}
    problems: list[tuple[str, str]] = []
    for child in element_children(element):
        part = local_name(child)
        if child.tag != q(IDENTIFIERS, part) or part not in PARTS[name]:
            problems.append(("invalid_xml", part))
        elif part in parts:
            problems.append(("duplicate_header_field", part))
        else:
            parts[part] = reading.text(child)
    missing = [part for part in mandatory_parts(name, element.get(OBJECT_TYPE)) if parts.get(part, "") == ""]
    return parts, problems + [("invalid_xml", part) for part in missing]


def _judge_whole(reading: _Reading, element: etree._Element) -> None:
    notes, fields = reading.notes, reading.fields
    notes.judge("header.text_only", not reading.mixed, code="invalid_xml", where=", ".join(reading.mixed))
    strange = [
        f"{name}/{part}"
        for name, parts in fields.parts.items()
        for part, text in parts.items()
        if text and not is_publishable(text)
    ]
    if fields.parts:
        notes.prefer("header.alphabet", not strange, where=", ".join(strange))
    unknown = [
        local_name(child)
        for child in element_children(element)
        if child.tag not in KNOWN and child.tag != SECURITY
    ]
    notes.prefer("header.unknown", not unknown, where=", ".join(unknown))
    if fields.service_code:
        kept = not fields.service_code.endswith("Response")
        notes.prefer("service.name", kept, where="service/serviceCode")


def _subsystem(parts: dict[str, str]) -> SubsystemId:
    return SubsystemId(
        xroad_instance=parts["xRoadInstance"],
        member_class=parts["memberClass"],
        member_code=parts["memberCode"],
        subsystem_code=parts.get("subsystemCode", ""),
    )
