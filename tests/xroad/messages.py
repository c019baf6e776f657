"""Messages made for tests: a request, signed or not, and ways to take one apart."""

from datetime import UTC, datetime

from gateway.xroad.envelope import CONTENT_TYPE, Message, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, parse_subsystem
from gateway.xroad.security import Sealing, sign_message
from tests.pki import signer

CONTENT = b'<p:getThing xmlns:p="urn:p"><p:pin>10101202012345</p:pin><p:note>a &amp; b</p:note></p:getThing>'


def header(**changes: str) -> Header:
    fields = {"message_id": "id-1", "protocol_version": "4.0", "user_id": "KG1", "issue": "case/1"} | changes
    return Header(
        client=parse_subsystem("central-server/GOV/70000003/settlements-service"),
        service=ServiceId(
            provider=parse_subsystem("central-server/GOV/70000016/isuo-service"),
            service_code="getThing",
            service_version="v1",
        ),
        **fields,
    )


def signed(
    content: bytes = CONTENT,
    *,
    who: str = "agency",
    algorithm: str = "rsa-sha256",
    at: datetime | None = None,
) -> bytes:
    sealing = Sealing(signer=signer(who, algorithm))
    return sign_message(asking_shell(header()), content, sealing, at=at or datetime.now(UTC))


def unsigned(content: bytes = CONTENT) -> bytes:
    shell = asking_shell(header())
    return shell.wrap(shell.body(content))


def read(data: bytes) -> Message:
    message = read_message(data, CONTENT_TYPE)
    assert isinstance(message, Message)
    return message
