"""The rules of soap:Body: one element, and whose it is."""

from lxml import etree

from gateway.foundation.xml import element_children, local_name
from gateway.xroad.conformance.report import Notebook
from gateway.xroad.mime import Side

_RESPONSE = "Response"


def only_content(body: etree._Element | None) -> etree._Element | None:
    """Give the Body's one child; None if there is none or more than one."""
    children = element_children(body) if body is not None else []
    return children[0] if len(children) == 1 else None


def is_response(content: etree._Element | None) -> bool:
    """Tell a response from a request by the content's name, as a security server does."""
    return content is not None and local_name(content).endswith(_RESPONSE)


def judge_body(notes: Notebook, body: etree._Element, *, service_code: str, side: Side | None) -> None:
    """Judge a Body against the service the header names (empty: not known) and the side it is meant for."""
    content = only_content(body)
    where = f"Body ({len(element_children(body))} elements)"
    notes.judge("body.one_element", content is not None, code="invalid_body", where=where)
    if content is None:
        return
    if service_code:
        _judge_name(notes, local_name(content), service_code)
    if side is not None:
        kept = is_response(content) == (side == "response")
        notes.judge("body.direction", kept, code="invalid_message", where="Body")


def _judge_name(notes: Notebook, name: str, service_code: str) -> None:
    if not name.startswith(service_code):
        notes.failed("body.names_service", "inconsistent_headers", where="Body")
        return
    notes.prefer("body.names_service", name in {service_code, service_code + _RESPONSE}, where="Body")
