"""What a message to us can be held against without a running gateway: our offer, schema and agreements."""

from collections.abc import Sequence

from cryptography import x509
from lxml import etree

from gateway.disclosure.agreements import Agreements
from gateway.foundation.clock import today
from gateway.foundation.errors import ContractError
from gateway.foundation.settings import Settings
from gateway.services.codec import texts_of
from gateway.services.dispatch import find_offer
from gateway.services.question import purpose_of
from gateway.services.subject import read_pin
from gateway.wiring.outward import our_subsystem
from gateway.xroad.contracts import Schema
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId


class Published:
    """Our services as any asker can know them; reads no registry and keeps nothing."""

    def __init__(self, settings: Settings) -> None:
        """Compile the schema and read the agreements; raises SettingsError."""
        self._ours = our_subsystem(settings)
        self._schema = Schema(settings.schemas / "isuo" / "isuo.xsd")
        self._agreements = Agreements(settings)

    def owns(self, service: ServiceId) -> bool:
        """Tell whether the address is our subsystem's."""
        return service.provider == self._ours

    def offers(self, service: ServiceId) -> bool:
        """Tell whether we offer the service."""
        try:
            find_offer(service, self._ours)
        except ContractError:
            return False
        return True

    def check_content(self, content: etree._Element) -> None:
        """Raise ContractError unless the content fits the published schema."""
        self._schema.check(content, whose="request")

    def check_subject(self, service: ServiceId, content: etree._Element) -> None:
        """Raise ContractError(PIN_INCORRECT) for a PIN of a wrong form; a request may do without one."""
        pin = find_offer(service, self._ours).subject_pin(texts_of(content))
        if pin:
            read_pin(pin, "pin")

    def agreed(self, header: Header) -> tuple[bool, Sequence[x509.Certificate]]:
        """Give whether the client must sign, and its certificates; raises AccessError without an agreement."""
        terms = self._agreements.find(header.client, header.service, on=today())
        return terms.must_sign, terms.certificates

    def check_purpose(self, header: Header, content: etree._Element) -> None:
        """Raise AccessError unless the stated purpose lets the client ask."""
        terms = self._agreements.find(header.client, header.service, on=today())
        self._agreements.grant(terms, header, purpose_of(texts_of(content)))
