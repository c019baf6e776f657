"""The rules before any meaning: HTTP headers, parts, size, encoding, well-formedness, envelope."""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import MAX_BYTES, as_utf8, has_document_type, parse
from gateway.xroad.attachments import INCLUDE, Attachment, attachments_of, inline_includes
from gateway.xroad.conformance.report import Notebook
from gateway.xroad.envelope import FAULT
from gateway.xroad.mime import Multipart, Side, is_multipart, read_multipart
from gateway.xroad.mime_types import charset_of
from gateway.xroad.namespaces import SOAP, q

_ENVELOPE, _HEADER, _BODY = q(SOAP, "Envelope"), q(SOAP, "Header"), q(SOAP, "Body")
_SOAP_ACTION = re.compile(r'(?:"(?:[^"\s<>\\^`{|}%\x00-\x1f\x7f]|%[0-9A-Fa-f]{2})*")?')
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What an envelope holds as far as it is the only one of its kind; a fault has no header to judge."""

    root: etree._Element
    header: etree._Element | None
    body: etree._Element | None
    is_fault: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The SOAP message with its own Content-Type, and what travels beside it."""

    soap: bytes
    content_type: str
    attachments: tuple[Attachment, ...] = ()


def judge_action(notes: Notebook, headers: Mapping[str, str]) -> None:
    """Judge SOAPAction: absent, empty, or a URI in double quotes."""
    action = {name.lower(): value for name, value in headers.items()}.get("soapaction", "")
    notes.judge(
        "http.soap_action", _SOAP_ACTION.fullmatch(action), code="invalid_soap_action", where="SOAPAction"
    )


def judge_parts(notes: Notebook, data: bytes, content_type: str, *, side: Side | None) -> Parts | None:
    """Judge a multipart message and give its SOAP part and attachments; a plain message is its own one part."""
    if not is_multipart(content_type):
        return Parts(soap=data, content_type=content_type)
    try:
        parts = read_multipart(data, content_type, side=side or "request")
    except ContractError as error:
        notes.refused("mime.parts", error)
        return None
    notes.passed("mime.parts")
    return Parts(
        soap=parts.root.read(),
        content_type=parts.root.content_type,
        attachments=_attachments(notes, parts),
    )


def judge_references(notes: Notebook, root: etree._Element, attachments: Sequence[Attachment]) -> None:
    """Judge every xop:Include and put its bytes in its place, as signatures and schemas see the message."""
    if next(root.iter(INCLUDE), None) is None:
        return
    try:
        inline_includes(root, attachments, limit=None)
    except ContractError as error:
        notes.refused("mime.references", error)
    else:
        notes.passed("mime.references")


def judge_document(notes: Notebook, data: bytes, content_type: str) -> etree._Element | None:
    """Judge Content-Type, size, encoding and form; give the root if the document can be read at all."""
    charset = _charset(notes, content_type)
    notes.judge("document.size", len(data) <= MAX_BYTES, code="invalid_soap", where="document")
    if len(data) > MAX_BYTES:
        return None
    try:
        text = as_utf8(data, charset)
    except ContractError as error:
        notes.refused("document.charset", error)
        return None
    if not _is_utf8(text):  # plain UTF-8 passed through unread
        notes.failed("document.charset", "invalid_soap", where="document")
        return None
    notes.passed("document.charset")
    notes.prefer("document.byte_order_mark", not data.startswith(_MARKS), where="document")
    notes.judge("document.no_doctype", not has_document_type(text), code="invalid_soap", where="document")
    return None if has_document_type(text) else _parsed(notes, data, charset)


def _attachments(notes: Notebook, parts: Multipart) -> tuple[Attachment, ...]:
    try:
        found = attachments_of(parts)
    except ContractError as error:
        notes.refused("mime.attachments", error)
        return ()
    notes.passed("mime.attachments")
    return found


def _charset(notes: Notebook, content_type: str) -> str | None:
    try:
        charset = charset_of(content_type)
    except ContractError as error:
        notes.refused("http.content_type", error)
        return None
    notes.passed("http.content_type")
    return charset


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parsed(notes: Notebook, data: bytes, charset: str | None) -> etree._Element | None:
    try:
        root = parse(data, charset=charset)
    except ContractError as error:
        notes.refused("document.well_formed", error)
        return None
    notes.passed("document.well_formed")
    return root


def judge_envelope(notes: Notebook, root: etree._Element, *, side: Side | None) -> Envelope | None:
    """Judge the envelope and find its one Header and one Body."""
    notes.judge("envelope.soap11", root.tag == _ENVELOPE, code="invalid_soap", where="Envelope")
    if root.tag != _ENVELOPE:
        return None
    headers, bodies = root.findall(_HEADER), root.findall(_BODY)
    is_fault = len(bodies) == 1 and bodies[0].find(FAULT) is not None
    if len(bodies) == 1:
        kept = not (is_fault and side == "request")
        notes.judge("envelope.no_fault", kept, code="invalid_message", where="Body")
    if not is_fault:
        code = "invalid_soap" if headers else "missing_header"
        notes.judge("envelope.one_header", len(headers) == 1, code=code, where="Header")
    code = "invalid_soap" if bodies else "missing_body"
    notes.judge("envelope.one_body", len(bodies) == 1, code=code, where="Body")
    return Envelope(
        root=root,
        header=headers[0] if len(headers) == 1 else None,
        body=bodies[0] if len(bodies) == 1 else None,
        is_fault=is_fault,
    )
