"""How an adapter's question travels: header and trust from the configuration, then a recorded call."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from gateway.exchange.keys import JournalKeys
from gateway.exchange.outbound import OutboundCall, RecordedCalls, Trust
from gateway.exchange.outbound_rest import Fetch, RecordedFetches
from gateway.foundation.settings import Agency
from gateway.intake.answers import AskContext
from gateway.intake.plugs import AskedReply, FetchedReply, ServiceName
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import PROTOCOL_VERSION
from gateway.xroad.rest.headers import PROTOCOL_VERSION as REST_VERSION


class RecordedAsker:
    """The `Asker` of one agency: who asks, whom, and under which trust."""

    def __init__(
        self, agency: Agency, client: SubsystemId, *, calls: RecordedCalls, keys: JournalKeys, trust: Trust
    ) -> None:
        """Take the agency's address from the configuration and our own subsystem as the client."""
        self._agency = agency
        self._client = client
        self._calls = calls
        self._fetches = RecordedFetches(calls)
        self._keys = keys
        self._trust = trust

    async def ask(
        self, *, service: ServiceName, body: bytes, context: AskContext, subject: str | None
    ) -> AskedReply:
        """Send one question under a fresh message id; see Asker."""
        header = self._header(service, context, PROTOCOL_VERSION)
        call = OutboundCall(
            header=header, content=body, subject=self._keys.subject_of(subject) if subject else None
        )
        reply = await self._calls.call(call, self._trust)
        return AskedReply(
            body=reply.content,
            exchange_id=reply.exchange_id,
            message_id=header.message_id,
            answered_at=reply.answered_at,
        )

    async def fetch(
        self,
        *,
        service: ServiceName,
        path: Sequence[str],
        query: Mapping[str, str],
        context: AskContext,
        subject: str | None,
    ) -> FetchedReply:
        """Send one REST question under a fresh message id; see Asker."""
        header = self._header(service, context, REST_VERSION)
        reply = await self._fetches.fetch(
            Fetch(
                header=header,
                path=tuple(path),
                query=tuple(query.items()),
                subject=self._keys.subject_of(subject) if subject else None,
            )
        )
        return FetchedReply(
            status=reply.status,
            content_type=reply.content_type,
            content=reply.content,
            exchange_id=reply.exchange_id,
            message_id=header.message_id,
            answered_at=reply.answered_at,
        )

    def _header(self, service: ServiceName, context: AskContext, protocol_version: str) -> Header:
        provider = SubsystemId(
            xroad_instance=self._client.xroad_instance,
            member_class=self._agency.member_class,
            member_code=self._agency.member_code,
            subsystem_code=service.subsystem_code,
        )
        return Header(
            client=self._client,
            service=ServiceId(
                provider=provider, service_code=service.service_code, service_version=service.service_version
            ),
            message_id=str(uuid4()),
            protocol_version=protocol_version,
            user_id=context.user_id,
            issue=context.issue,
        )
