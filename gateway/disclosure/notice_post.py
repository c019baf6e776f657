"""A notice of correction as an X-Road exchange: by its schema, recorded before and after, behind a breaker."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import escape

from lxml import etree

from gateway.disclosure.notices import Notice
from gateway.exchange.breaker import Breakers, Line
from gateway.exchange.outbound import OutboundCall, RecordedCalls, Trust
from gateway.foundation.errors import AgencyRefused, ContractError, SettingsError
from gateway.foundation.xml import parse
from gateway.xroad.contracts import Schema
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem, split_parts
from gateway.xroad.namespaces import PROTOCOL_VERSION
from gateway.xroad.security import Sealing

NAMESPACE, SERVICE_CODE = "urn:kg:isuo:notice:v1", "correctionNotice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """As whom notices leave, and to which agreements, by number, they are signed."""

    ours: SubsystemId
    sealing: Sealing
    signed: frozenset[str] = frozenset()


class XroadNoticePost:
    """Sends notices through our security server."""

    def __init__(self, calls: RecordedCalls, breakers: Breakers, sender: Sender, *, schemas: Path) -> None:
        """Take the recorded calls and the sender; the schema is compiled once."""
        self._calls, self._breakers, self._sender = calls, breakers, sender
        self._schema = Schema(schemas / "isuo" / "correction.xsd")

    async def send(self, notice: Notice) -> UUID:
        """Send a notice and give the exchange that proves it.

        Raises AgencyUnavailable, AgencyRefused (also where it was not accepted) or ContractError.
        """
        service = parse_service(notice.service)
        content = write_notice(notice)
        self._schema.check(parse(content), whose="notice")
        sealing = self._sender.sealing if notice.agreement_no in self._sender.signed else None
        line = Line(agency=str(service.provider), service=SERVICE_CODE)
        async with self._breakers.asking(line):
            reply = await self._calls.call(
                OutboundCall(header=self._header(notice, service), content=content), Trust(sealing=sealing)
            )
        self._check(reply.content, notice)
        return reply.exchange_id

    def _header(self, notice: Notice, service: ServiceId) -> Header:
        return Header(
            client=self._sender.ours,
            service=service,
            message_id=f"correction-{notice.notice_id}",
            protocol_version=PROTOCOL_VERSION,
            user_id="kopuro-worker",
            issue=f"correction-{notice.notice_id}",
        )

    def _check(self, answer: etree._Element, notice: Notice) -> None:
        self._schema.check(answer, whose="answer")
        told = {str(etree.QName(child).localname): (child.text or "").strip() for child in answer}
        if told["noticeId"] != str(notice.notice_id):
            raise ContractError("the answer is about another notice", code="inconsistent_response")
        if told["accepted"] not in {"true", "1"}:
            raise AgencyRefused("the agency did not accept the notice", code="not_accepted")


def parse_service(text: str) -> ServiceId:
    """Read `instance/class/member/subsystem/correctionNotice[/version]`; raises SettingsError."""
    parts = split_parts(text)
    if len(parts) not in {5, 6} or not all(parts) or parts[4] != SERVICE_CODE:
        raise SettingsError(
            f"correction_service {text!r} must be instance/class/member/subsystem/{SERVICE_CODE}[/version]"
        )
    return ServiceId(
        provider=parse_subsystem("/".join(text.split("/")[:4])),
        service_code=parts[4],
        service_version="".join(parts[5:]),
    )


def write_notice(notice: Notice) -> bytes:
    """Write the content in canonical form."""
    told = (
        ("noticeId", str(notice.notice_id)),
        ("agreementNo", notice.agreement_no),
        ("messageId", notice.message_id),
        ("answeredAt", notice.answered_at.isoformat()),
        ("answerSha256", notice.answer_sha256.hex()),
        ("reason", notice.reason),
        ("foundAt", notice.found_at.isoformat()),
        *(("field", each) for each in notice.fields),
    )
    inside = "".join(f"<n:{tag}>{escape(text)}</n:{tag}>" for tag, text in told)
    return f'<n:{SERVICE_CODE} xmlns:n="{NAMESPACE}">{inside}</n:{SERVICE_CODE}>'.encode()
