"""What every outside stack is made to ask, and what must come back."""

from typing import Any
from uuid import uuid4

from lxml import etree

from gateway.foundation.settings import Settings
from gateway.sandbox.people import SyntheticPerson, population
from gateway.sandbox.seed import CERTIFICATE
from gateway.xroad.namespaces import SOAP
from tests.running import PEOPLE, SEED

HEADER_FIELDS = ["client", "service", "userId", "id", "issue", "protocolVersion"]


def student() -> SyntheticPerson:
    """Give the one person the registry knows."""
    return population(SEED, PEOPLE).roles["adult"]


def header_for(settings: Settings, operation: str) -> dict[str, Any]:
    """Give all fields of the X-Road header as plain values."""
    ours = settings.identity
    return {
        "client": {
            "objectType": "SUBSYSTEM",
            "xRoadInstance": "central-server",
            "memberClass": "GOV",
            "memberCode": "70000011",
            "subsystemCode": "state-services-portal",
        },
        "service": {
            "objectType": "SERVICE",
            "xRoadInstance": ours.xroad_instance,
            "memberClass": ours.member_class,
            "memberCode": ours.member_code,
            "subsystemCode": ours.subsystem_code,
            "serviceCode": operation,
            "serviceVersion": "v1",
        },
        "userId": "KG-официер & <1>",
        "id": f"interop-{uuid4()}",
        "issue": "CASE/7",
        "protocolVersion": "4.0",
    }


def _context(purpose: str) -> dict[str, str]:
    return {
        "purposeCode": purpose,
        "agreementNo": "PORTAL-2026-01",
        "requestOrg": "Портал",
        "requestPerson": "Офицер",
        "caseRef": "CASE/7",
    }


def learner_question(pin: str = "") -> dict[str, Any]:
    """Ask about the student, or about another PIN."""
    person = student()
    control = {"birthDate": person.birth_date.isoformat()}
    return {"context": _context("BENEFIT_CASE"), "subject": {"pin": pin or person.pin, "control": control}}


def document_question() -> dict[str, Any]:
    """Ask about the student's school certificate."""
    kind, series, number = CERTIFICATE
    return {
        "context": _context("DOCUMENT_CHECK"),
        "document": {"type": kind, "series": series, "number": number},
        "holder": {"birthDate": student().birth_date.isoformat()},
    }


def header_fields(envelope: str | bytes) -> list[tuple[str, bytes]]:
    """Give the header's fields by name in canonical bytes, in their order."""
    data = envelope.encode() if isinstance(envelope, str) else envelope
    header = etree.fromstring(data).find(f"{{{SOAP}}}Header")
    return [
        (etree.QName(child).localname, etree.tostring(child, method="c14n", exclusive=True))
        for child in header
    ]
