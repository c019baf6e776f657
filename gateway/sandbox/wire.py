"""How a simulated member writes SOAP: requests read leniently, headers echoed, values in the forms agencies use."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import element_children, local_name, parse, text_of
from gateway.intake.plugs import SimulatedAnswer
from gateway.intake.speaking.values import clean
from gateway.xroad.namespaces import IDENTIFIERS, SOAP, WSSE, XROAD, q

CONTENT_TYPE = "text/xml; charset=utf-8"
DATE_TIME, DASHED, DOTTED = "%Y-%m-%dT00:00:00", "%d-%m-%Y", "%d.%m.%Y"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES = {"SOAP-ENV": SOAP, "xrd": XROAD, "id": IDENTIFIERS, "xsi": _XSI}
_HEADER_ORDER = ("client", "service", "userId", "id", "issue", "protocolVersion")
_RANKS = {q(XROAD, name): rank for rank, name in enumerate(_HEADER_ORDER)}
_NOT_ECHOED = frozenset({q(WSSE, "Security"), q(XROAD, "requestHash")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date and the form in which the service writes it."""

    day: date
    form: str = DATE_TIME


Value = str | Day | None | list["Node"]  # a list is a group of fields, None is nil
Node = tuple[str, Value]
Asked = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the simulator understood it."""

    header: Sequence[etree._Element]
    asked: Asked


def read_request(envelope: bytes, root: str) -> Request:
    """Read a request the way the real services do: by local name, qualified or not, in a wrapper or not.

    Raises ContractError when its content is not the element `root`.
    """
    parts = {local_name(child): child for child in element_children(parse(envelope))}
    content = element_children(parts["Body"])[:1] if "Body" in parts else []
    if "Header" not in parts or not content or local_name(content[0]) != root:
        raise ContractError("the envelope is not a request of this service", code="invalid_body")
    fields = [field for field in content[0].iter() if isinstance(field.tag, str) and not len(field)]
    return Request(
        header=element_children(parts["Header"]),
        asked={local_name(field): clean(text_of(field)) for field in fields if field is not content[0]},
    )


def write_envelope(
    request: Request, root: str, nodes: Sequence[Node], *, namespace: str, forms: Iterator[str] | None = None
) -> SimulatedAnswer:
    """Answer with the header echoed; `forms` replaces the forms of the dates."""
    envelope = etree.Element(q(SOAP, "Envelope"), nsmap={**_PREFIXES, "ts1": namespace})
    header = etree.SubElement(envelope, q(SOAP, "Header"))
    for field in sorted(request.header, key=lambda one: _RANKS.get(str(one.tag), len(_RANKS))):
        if field.tag not in _NOT_ECHOED:
            _copy(header, field)
    content = etree.SubElement(etree.SubElement(envelope, q(SOAP, "Body")), q(namespace, root))
    _write(content, nodes, forms)
    return SimulatedAnswer(status=200, content_type=CONTENT_TYPE, body=_serialise(envelope))


def write_fault(code: str, text: str) -> SimulatedAnswer:
    """Answer with a soap:Fault; it carries no X-Road header."""
    envelope = etree.Element(q(SOAP, "Envelope"), nsmap={"SOAP-ENV": SOAP})
    made = etree.SubElement(etree.SubElement(envelope, q(SOAP, "Body")), q(SOAP, "Fault"))
    etree.SubElement(made, "faultcode").text = code
    etree.SubElement(made, "faultstring").text = text
    return SimulatedAnswer(status=500, content_type=CONTENT_TYPE, body=_serialise(envelope))


def _write(parent: etree._Element, nodes: Sequence[Node], forms: Iterator[str] | None) -> None:
    for name, value in nodes:
        element = etree.SubElement(parent, q(etree.QName(parent).namespace or "", name))
        if value is None:
            element.set(q(_XSI, "nil"), "true")
        elif isinstance(value, Day):
            element.text = value.day.strftime(next(forms) if forms else value.form)
        elif isinstance(value, str):
            element.text = value
        else:
            _write(element, value, forms)


def _copy(target: etree._Element, source: etree._Element) -> None:
    made = etree.SubElement(target, source.tag)
    for name, value in source.attrib.items():
        made.set(name, value)
    children = element_children(source)
    made.text = None if children else text_of(source)
    for child in children:
        _copy(made, child)


def _serialise(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
