"""The rules of a provider's own services: its offer, its published schema, its agreements."""

from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography import x509
from lxml import etree

from gateway.foundation.errors import AccessError, ContractError
from gateway.xroad.conformance.report import Notebook
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId


class Provider(Protocol):
    """What a provider publishes, and who may ask it what; nothing here looks at its data."""

    def owns(self, service: ServiceId) -> bool:
        """Tell whether the address is this provider's."""

    def offers(self, service: ServiceId) -> bool:
        """Tell whether the service is offered."""

    def check_content(self, content: etree._Element) -> None:
        """Raise ContractError unless the content fits the published schema."""

    def check_subject(self, service: ServiceId, content: etree._Element) -> None:
        """Raise ContractError unless the person asked about is named in the right form."""

    def agreed(self, header: Header) -> tuple[bool, Sequence[x509.Certificate]]:
        """Give whether the client must sign, and its certificates; raises AccessError without an agreement."""

    def check_purpose(self, header: Header, content: etree._Element) -> None:
        """Raise AccessError unless the stated purpose lets the client ask."""


def judge_provider(
    notes: Notebook, provider: Provider, header: Header, content: etree._Element, *, is_signed: bool
) -> Sequence[x509.Certificate] | None:
    """Judge a request to the provider; give the client's certificates, None if it is not agreed or not ours."""
    if not provider.owns(header.service):
        return None
    notes.judge("id.filled", header.message_id.strip(), code="missing_header_field", where="id")
    known = provider.offers(header.service)
    notes.judge("ours.known", known, code="unknown_service", where="service")
    if not known:
        return None
    fits = _try(notes, "ours.schema", lambda: provider.check_content(content))
    if fits:
        _try(notes, "ours.subject", lambda: provider.check_subject(header.service, content))
    return _judge_agreement(notes, provider, header, content if fits else None, is_signed=is_signed)


def _judge_agreement(
    notes: Notebook, provider: Provider, header: Header, content: etree._Element | None, *, is_signed: bool
) -> Sequence[x509.Certificate] | None:
    try:
        must_sign, certificates = provider.agreed(header)
    except AccessError as error:
        notes.failed("ours.agreement", error.code, where="client", detail=str(error))
        return None
    notes.passed("ours.agreement")
    notes.judge("ours.signed", is_signed or not must_sign, code="SIGNATURE_INVALID", where="Security")
    if content is not None:
        _try(notes, "ours.purpose", lambda: provider.check_purpose(header, content))
    return certificates


def _try(notes: Notebook, rule: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except ContractError as error:
        notes.refused(rule, error)
        return False
    except AccessError as error:
        notes.failed(rule, error.code, where="Body", detail=str(error))
        return False
    notes.passed(rule)
    return True
