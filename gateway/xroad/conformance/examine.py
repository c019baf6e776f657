"""Examine one message against every rule, going on after a failure wherever that makes sense."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography import x509

from gateway.xroad.check import check
from gateway.xroad.conformance.body_rules import is_response, judge_body, only_content
from gateway.xroad.conformance.document_rules import (
    Envelope,
    judge_action,
    judge_document,
    judge_envelope,
    judge_parts,
    judge_references,
)
from gateway.xroad.conformance.header_rules import Fields, judge_header
from gateway.xroad.conformance.provider_rules import Provider, judge_provider
from gateway.xroad.conformance.report import Notebook, Report
from gateway.xroad.conformance.signature_rules import judge_signature, judge_verification
from gateway.xroad.mime import Side
from gateway.xroad.security import Demands

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a message is held against besides the protocol.

    `certificates` are the sender's; where there are none, those of its agreement with the provider are used.
    """

    side: Side | None = None
    certificates: Sequence[x509.Certificate] = ()
    demands: Demands = field(default_factory=Demands)
    provider: Provider | None = None


NOTHING_MORE = Against()


def examine(
    data: bytes,
    content_type: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    against: Against = NOTHING_MORE,
) -> Report:
    """Report on a message as it was sent; `headers` are its HTTP headers, if it came with any."""
    notes = Notebook()
    judge_action(notes, headers)
    parts = judge_parts(notes, data, content_type, side=against.side)
    root = judge_document(notes, parts.soap, parts.content_type) if parts is not None else None
    envelope = judge_envelope(notes, root, side=against.side) if root is not None else None
    if parts is not None and envelope is not None and not envelope.is_fault:
        judge_references(notes, envelope.root, parts.attachments)
        _judge_message(notes, envelope, against)
    return Report(verdict=check(data, content_type, side=against.side), findings=notes.findings())


def _judge_message(notes: Notebook, envelope: Envelope, against: Against) -> None:
    answers = is_response(only_content(envelope.body))
    fields = Fields()
    if envelope.header is not None:
        fields = judge_header(notes, envelope.header, is_response=answers)
    if envelope.body is not None:
        judge_body(notes, envelope.body, service_code=fields.service_code, side=against.side)
    _judge_trust(notes, envelope, fields, against)


def _judge_trust(notes: Notebook, envelope: Envelope, fields: Fields, against: Against) -> None:
    """Judge signature and agreement; a request to the provider is verified with its client's certificates."""
    signed = envelope.header is not None and judge_signature(
        notes, envelope.root, envelope.header, against.demands
    )
    agreed = _agreed(notes, envelope, fields, against, is_signed=signed)
    certificates = against.certificates or agreed
    if signed and certificates is not None:
        judge_verification(notes, envelope.root, certificates, against.demands)


def _agreed(
    notes: Notebook, envelope: Envelope, fields: Fields, against: Against, *, is_signed: bool
) -> Sequence[x509.Certificate] | None:
    header, content = fields.header(), only_content(envelope.body)
    if against.provider is None or header is None or content is None or is_response(content):
        return None
    return judge_provider(notes, against.provider, header, content, is_signed=is_signed)
