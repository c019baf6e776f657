"""A question to another agency under a span, however many attempts it takes."""

from collections.abc import Mapping, Sequence

from gateway.foundation.tracing import Tracing
from gateway.intake.answers import AskContext
from gateway.intake.plugs import AskedReply, Asker, FetchedReply, ServiceName


class TracedAsker:
    """An `Asker` whose every question is a span; the journal fills in the exchange's ids."""

    def __init__(self, asker: Asker, tracing: Tracing) -> None:
        """Take whose questions, and where spans are made."""
        self._asker = asker
        self._tracing = tracing

    async def ask(
        self, *, service: ServiceName, body: bytes, context: AskContext, subject: str | None
    ) -> AskedReply:
        """Send one question; see Asker."""
        with self._tracing.span(f"xroad ask {service.service_code}", "client", _named(service)):
            return await self._asker.ask(service=service, body=body, context=context, subject=subject)

    async def fetch(
        self,
        *,
        service: ServiceName,
        path: Sequence[str],
        query: Mapping[str, str],
        context: AskContext,
        subject: str | None,
    ) -> FetchedReply:
        """Send one REST question; see Asker."""
        with self._tracing.span(f"xroad ask {service.service_code}", "client", _named(service)):
            return await self._asker.fetch(
                service=service, path=path, query=query, context=context, subject=subject
            )


def _named(service: ServiceName) -> dict[str, str | int]:
    return {"xroad.service_code": service.service_code, "xroad.subsystem_code": service.subsystem_code}
