"""What every outside stack is made to ask, and what must come back."""

import asyncio
from typing import Any
from uuid import uuid4

from lxml import etree
from sqlalchemy import text

from gateway.exchange.search import show
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.sandbox.people import SyntheticPerson, population
from gateway.sandbox.seed import CERTIFICATE
from gateway.wiring.keys import read_keys
from gateway.xroad.mime import Multipart, read_multipart
from gateway.xroad.namespaces import SOAP
from tests.hostile.served import Served
from tests.running import PEOPLE, SEED

SCAN = b"\x89PNG\r\n--scan--\r\n\x00" * 50  # what every stack attaches
PACKAGINGS = ("", "swa", "mtom")
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


def arrived(endpoint: Served, message_id: str) -> bytes:
    """Give the bytes of a request as the gateway's journal keeps them."""
    return asyncio.run(_arrived(endpoint, message_id))


async def _arrived(endpoint: Served, message_id: str) -> bytes:
    database = Database(endpoint.settings.database.url)
    async with database.transaction() as session:
        statement = text("select entry_id from journal_entry where message_id = :id")
        (entry_id,) = (await session.execute(statement, {"id": message_id})).scalars()
    shown = await show(database, read_keys(endpoint.settings), entry_id, bodies=True)
    await database.close()
    assert shown is not None
    assert shown.request is not None
    return shown.request


def assert_attached(endpoint: Served, message_id: str, packaging: str) -> None:
    """Check in the journal that the request came as it was meant to: alone, or with the scan beside it."""
    request = arrived(endpoint, message_id)
    assert request.lstrip().startswith(b"--") == bool(packaging)
    if packaging:
        parts = _parts(request)
        root = "application/xop+xml" if packaging == "mtom" else "text/xml"
        assert parts.root.content_type.startswith(root)
        assert [part.read() for part in parts.parts[1:]] == [SCAN]


def _parts(request: bytes) -> Multipart:
    boundary = request.lstrip().split(b"\r\n", 1)[0].removeprefix(b"--").decode()
    return read_multipart(request, f'multipart/related; boundary="{boundary}"', side="request")
