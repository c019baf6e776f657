"""Exchanges and traces know each other: the span carries the X-Road ids, a row beside the exchange the trace's."""

from collections.abc import Sequence
from uuid import UUID

from opentelemetry.trace import Span
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.entry import Entry, Kind
from gateway.exchange.figures_model import ExchangeTrace
from gateway.exchange.group import Outcome
from gateway.exchange.row import Claim, Companion
from gateway.exchange.writer import JournalWriter
from gateway.foundation.logging import without_pins
from gateway.foundation.tracing import current_span, fail

_COLUMNS = ("exchange_id", "trace_id", "span_id", "begun_at")


class TracedJournal(JournalWriter):
    """A journal that tells the open span what it records, and keeps the span's trace beside the exchange."""

    async def record(
        self,
        entry: Entry,
        *,
        request: bytes | None = None,
        response: bytes | None = None,
        claim: Claim | None = None,
        companions: Sequence[Companion] = (),
    ) -> Outcome:
        """Record an exchange; see JournalWriter.record."""
        span = current_span()
        if span is not None:
            _tell(span, entry)
            if entry.kind == Kind.RECEIVED or (entry.kind == Kind.SENT and entry.attempt == 1):
                companions = (*companions, _companion(span, entry))
        return await super().record(
            entry, request=request, response=response, claim=claim, companions=companions
        )


def _tell(span: Span, entry: Entry) -> None:
    """Set the X-Road ids on the span; who asked for whom, and why, stays in the journal."""
    span.set_attributes(
        {
            "xroad.message_id": without_pins(entry.message_id),
            "xroad.client": without_pins(entry.client),
            "xroad.service": without_pins(entry.service),
            "kopuro.exchange_id": str(entry.exchange_id),
            "kopuro.attempt": entry.attempt,
        }
    )
    if entry.succeeded is not None:
        span.set_attribute("kopuro.outcome", entry.outcome)
    if entry.fault_code:
        span.set_attribute("kopuro.fault_code", without_pins(entry.fault_code))
    if entry.succeeded is False:
        fail(span, entry.outcome)


def _companion(span: Span, entry: Entry) -> Companion:
    context = span.get_span_context()
    row = (
        entry.exchange_id,
        context.trace_id.to_bytes(16, "big"),
        context.span_id.to_bytes(8, "big"),
        entry.request_in_ts,
    )
    return Companion(table=ExchangeTrace.__tablename__, columns=_COLUMNS, row=row)


async def trace_of(session: AsyncSession, exchange_id: UUID) -> str | None:
    """Give the trace of an exchange, as 32 hexadecimal digits; None where none was made."""
    found = await session.execute(
        select(ExchangeTrace.trace_id).where(ExchangeTrace.exchange_id == exchange_id).limit(1)
    )
    trace_id = found.scalar_one_or_none()
    return trace_id.hex() if trace_id else None


async def exchanges_of(session: AsyncSession, trace_id: str) -> tuple[UUID, ...]:
    """Give the exchanges of a trace, the first one first; raises ValueError for what is no hexadecimal number."""
    found = await session.execute(
        select(ExchangeTrace.exchange_id)
        .where(ExchangeTrace.trace_id == bytes.fromhex(trace_id))
        .order_by(ExchangeTrace.begun_at)
    )
    return tuple(dict.fromkeys(found.scalars()))
