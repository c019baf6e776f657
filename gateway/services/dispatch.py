"""The whole offer on one screen: what other agencies may ask, and who answers."""

from gateway.foundation.errors import ContractError
from gateway.services import education_document, learner_status
from gateway.services.question import Offer
from gateway.xroad.identifiers import ServiceId, SubsystemId

OFFERS: tuple[Offer, ...] = (learner_status.OFFER, education_document.OFFER)

_BY_NAME = {(offer.service_code, offer.service_version): offer for offer in OFFERS}


def find_offer(service: ServiceId, ours: SubsystemId) -> Offer:
    """Find the offer the header names; raises ContractError(unknown_service) with what there is.

    The body's element was checked against the header's serviceCode before, so both agree. SOAPAction is never
    looked at.
    """
    offer = _BY_NAME.get((service.service_code, service.service_version))
    if offer is None or service.provider != ours:
        known = ", ".join(f"{code}/{version}" for code, version in sorted(_BY_NAME))
        raise ContractError(
            "the header names a service that is not offered here",
            code="unknown_service",
            where="Header/service",
            hint=f"{ours} offers {known}",
        )
    return offer


def version_of(service_code: str) -> str:
    """Give the version meant where an address names none: the first that was published, for good."""
    return next((offer.service_version for offer in OFFERS if offer.service_code == service_code), "")
