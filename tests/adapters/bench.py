"""The member over HTTP: a host for its simulator, and an asker that posts envelopes to it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError
from gateway.foundation.xml import local_name
from gateway.intake.plugs import AskedReply, ServiceName, SimulatorDownError
from gateway.intake.ports import Agencies, AskContext
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population
from gateway.xroad.envelope import FaultMessage, Message, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId

HOME = Path(__file__).resolve().parents[2]
CONTEXT = AskContext(user_id="KG-operator-17", issue="enrol/2026/000123")
CLIENT = SubsystemId(
    xroad_instance="central-server", member_class="GOV", member_code="70000016", subsystem_code="isuo-service"
)


def header_of(service: ServiceName, context: AskContext) -> Header:
    provider = SubsystemId(
        xroad_instance="central-server",
        member_class="GOV",
        member_code="70000005",
        subsystem_code=service.subsystem_code,
    )
    return Header(
        client=CLIENT,
        service=ServiceId(
            provider=provider, service_code=service.service_code, service_version=service.service_version
        ),
        message_id=str(uuid4()),
        protocol_version="4.0",
        user_id=context.user_id,
        issue=context.issue,
    )


def envelope_of(header: Header, body: bytes) -> bytes:
    shell = asking_shell(header)
    return shell.wrap(shell.body(body))


@dataclass
class HttpAsker:
    """An Asker over plain HTTP: no signature and no journal, the same errors as the real one."""

    url: str
    timeout_seconds: float = 10.0
    sent: list[bytes] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    subjects: list[str | None] = field(default_factory=list)

    async def ask(
        self, *, service: ServiceName, body: bytes, context: AskContext, subject: str | None
    ) -> AskedReply:
        header = header_of(service, context)
        self.sent.append(body)
        self.subjects.append(subject)
        message = self._read(*await self._post(envelope_of(header, body)))
        if message.header != header:
            raise ContractError("the answer has another header", code="inconsistent_response")
        return AskedReply(
            body=message.content,
            exchange_id=uuid4(),
            message_id=header.message_id,
            answered_at=datetime.now(UTC),
        )

    async def _post(self, envelope: bytes) -> tuple[bytes, str]:
        timeout = aiohttp.ClientTimeout(total=self.timeout_seconds)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self.url, data=envelope, headers=headers) as response,
            ):
                received = await response.read()
                status, content_type = response.status, response.headers.get("Content-Type", "")
        except (aiohttp.ClientError, TimeoutError):
            raise AgencyUnavailable("no answer", code="network_error") from None
        if status == 503:
            raise AgencyUnavailable("HTTP 503", code="http_error")
        self.received.append(received)
        return received, content_type

    @staticmethod
    def _read(received: bytes, content_type: str) -> Message:
        message = read_message(received, content_type)
        if isinstance(message, FaultMessage):
            raise AgencyRefused("the agency answered with a fault", code=message.code)
        return message


def host_of(simulator: SimulatedMember) -> Starlette:
    async def serve(request: Request) -> Response:
        envelope = await request.body()
        message = read_message(envelope, request.headers["content-type"])
        assert isinstance(message, Message)
        assert local_name(message.content) == message.header.service.service_code
        try:
            answer = await simulator.answer(message.header.service.service_code, envelope)
        except SimulatorDownError:
            return Response(status_code=503)
        return Response(answer.body, status_code=answer.status, headers={"Content-Type": answer.content_type})

    return Starlette(routes=[Route("/", serve, methods=["POST"])])


@dataclass
class Bench:
    """Everything a test of the adapter asks for."""

    people: Population
    simulator: SimulatedMember
    asker: HttpAsker
    agencies: Agencies


def element(text: str) -> etree._Element:
    """Parse a hand-written answer."""
    return etree.fromstring(text.encode())
