"""The pipeline under a span: one for every exchange somebody asks of us, SOAP and REST alike."""

from collections.abc import Awaitable, Callable

from gateway.foundation.tracing import Tracing
from gateway.services.endpoint import Endpoint, Refusal, Reply
from gateway.services.trace import Trace


class TracedEndpoint(Endpoint):
    """An endpoint whose every answer is a span; the journal fills in the exchange's ids."""

    __slots__ = ("tracing",)
    tracing: Tracing

    @classmethod
    def of(cls, endpoint: Endpoint, tracing: Tracing) -> "TracedEndpoint":
        """Put an endpoint under spans."""
        made = cls(**{name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__})
        object.__setattr__(made, "tracing", tracing)
        return made

    async def through(
        self, trace: Trace, answer: Callable[[Trace], Awaitable[Reply]], refusal: Refusal
    ) -> Reply:
        """Answer as the pipeline does, under a span."""
        size = {"kopuro.request_bytes": len(trace.arrival.body)}
        with self.tracing.span("xroad answer", "server", size) as span:
            reply = await super().through(trace, answer, refusal)
            span.set_attribute("http.response.status_code", reply.status)
            return reply
