"""A REST call to another agency that leaves the same trace as a SOAP one: a row before it, a row after it.

Only GET is spoken, so that asking again is always safe. What stands behind the service's address may name a person:
it is recorded with the encrypted body and stands in no column, no log line and no error.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

import structlog

from gateway.exchange.outbound import (
    FAREWELL_SECONDS,
    Attempt,
    Letter,
    OutboundCall,
    RecordedCalls,
    Trust,
    answered_entry,
    attempts_of,
    code_of,
    sent_entry,
)
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError, KopuroError
from gateway.xroad.client import RawReply
from gateway.xroad.envelope import FaultMessage
from gateway.xroad.faults import error_of
from gateway.xroad.header import Header
from gateway.xroad.rest.headers import (
    CLIENT,
    ISSUE,
    MESSAGE_ID,
    USER_ID,
    parts_of,
    write_parts,
    write_service,
)

_BUSY = frozenset({408, 425, 429})
_DENIED = frozenset({401, 403})
_REDIRECT, _SERVER = 300, 500

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """A question: who asks what of whom, and what stands behind the service's address, not yet percent-encoded."""

    header: Header
    path: tuple[str, ...] = field(default=(), repr=False)
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    subject: bytes | None = field(default=None, repr=False)

    @property
    def target(self) -> str:
        """Write the address under the security server, percent-encoded."""
        behind = "".join(f"/{quote(part, safe='')}" for part in self.path)
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.query)
        return f"r1/{write_service(self.header.service)}{behind}{'?' if query else ''}{query}"

    @property
    def headers(self) -> dict[str, str]:
        """Write the X-Road headers; what people typed is percent-encoded, as headers are ASCII."""
        header = self.header
        return {
            CLIENT: write_parts(*parts_of(header.client)),
            MESSAGE_ID: header.message_id,
            USER_ID: quote(header.user_id, safe=" :/@-._~"),
            ISSUE: quote(header.issue, safe=" :/@-._~"),
            "Accept": "application/json",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReply:
    """An answer of the provider's own that was recorded: a success, or an error that may be an answer."""

    status: int
    content_type: str
    content: bytes
    exchange_id: UUID
    answered_at: datetime


class RecordedFetches:
    """REST calls over the same connection, journal and patience as the SOAP ones."""

    def __init__(self, calls: RecordedCalls) -> None:
        """Take what the SOAP calls are made with."""
        self._calls = calls

    async def fetch(self, fetch: Fetch, *, exchange_id: UUID | None = None) -> FetchReply:
        """Ask until there is an answer or the patience ends, always under the same id.

        `exchange_id` is known beforehand where somebody must find the exchange after a crash. Raises
        AgencyUnavailable, AgencyRefused, ContractError (too_large, inconsistent_response), and JournalUnavailable
        before anything was sent or used that could not be recorded.
        """
        call = OutboundCall(header=fetch.header, content=b"", subject=fetch.subject)
        letter = Letter(soap=b"", whole=_written(fetch))
        exchange_id, patience = exchange_id or uuid4(), self._calls.patience
        ends_at = time.monotonic() + patience.deadline.total_seconds()
        async for attempt in attempts_of(patience):
            with attempt:
                return await self._once(
                    fetch,
                    Attempt(
                        call=call,
                        letter=letter,
                        exchange_id=exchange_id,
                        number=attempt.retry_state.attempt_number,
                        trust=Trust(),
                        deadline=timedelta(seconds=ends_at - time.monotonic()),
                        started_at=self._calls.clock(),
                    ),
                )
        raise AgencyUnavailable("no attempt was made")  # the loop above always returns or raises

    async def _once(self, fetch: Fetch, attempt: Attempt) -> FetchReply:
        calls = self._calls
        await calls.journal.record(sent_entry(attempt), request=attempt.letter.whole, response=None)
        raw: RawReply | None = None
        try:
            raw = await calls.client.get(fetch.target, deadline=attempt.deadline, headers=fetch.headers)
            _check(raw, fetch.header)
        except KopuroError as error:
            await self._record_failure(attempt, raw, error)
            raise
        except asyncio.CancelledError:
            await self._record_farewell(attempt)
            raise
        entry = answered_entry(attempt, raw, calls.clock(), outcome="OK")
        await calls.journal.record(entry, request=None, response=raw.content)
        return FetchReply(
            status=raw.status,
            content_type=raw.content_type,
            content=raw.content,
            exchange_id=attempt.exchange_id,
            answered_at=calls.clock(),
        )

    async def _record_failure(self, attempt: Attempt, raw: RawReply | None, error: KopuroError) -> None:
        code = code_of(error)
        _log.warning(
            "agency_call_failed",
            service=str(attempt.call.header.service),
            exchange_id=str(attempt.exchange_id),
            attempt=attempt.number,
            code=code,
        )
        at = self._calls.clock()
        entry = answered_entry(attempt, raw, at, outcome=type(error).__name__, error=error, code=code)
        await self._calls.journal.record(entry, request=None, response=raw.content if raw else None)

    async def _record_farewell(self, attempt: Attempt) -> None:
        """Record that the asker stopped waiting; it is not kept waiting for that, whatever the journal does."""
        error = AgencyUnavailable("the asker stopped waiting for the answer", code="cancelled")
        with suppress(KopuroError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._record_failure(attempt, None, error)


def _written(fetch: Fetch) -> bytes:
    """Write the request as the journal keeps it: the address and the headers that matter."""
    lines = [f"GET /{fetch.target}", *(f"{name}: {value}" for name, value in fetch.headers.items())]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _check(raw: RawReply, header: Header) -> None:
    """Raise for what is no answer: a security server's own error, a provider in trouble, another question's."""
    if raw.error:
        raise error_of(FaultMessage(code=raw.error, string=""))
    if raw.status >= _SERVER or raw.status in _BUSY:
        raise AgencyUnavailable("the agency's service failed", code=f"http_{raw.status}")
    if raw.status in _DENIED or _REDIRECT <= raw.status < 400:
        raise AgencyRefused("the agency refused the request", code=f"http_{raw.status}")
    if raw.message_id not in {"", header.message_id}:
        raise ContractError(
            "the answer is to another question", code="inconsistent_response", where=MESSAGE_ID
        )
