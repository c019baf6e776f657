"""A call to another agency that leaves a trace: a row before the first byte, a row before the answer is used."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from cryptography import x509
from lxml import etree
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)

from gateway.exchange.entry import Entry, Kind, SignatureState
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import (
    AgencyError,
    AgencyUnavailable,
    ContractError,
    KopuroError,
    SignatureError,
)
from gateway.foundation.xml import parse
from gateway.xroad.answers import check_answer
from gateway.xroad.attachments import INLINE_BYTES, Attachment, inline_includes
from gateway.xroad.client import Client, RawReply
from gateway.xroad.envelope import (
    CONTENT_TYPE,
    FaultMessage,
    Message,
    asking_shell,
    canonical,
    read_message,
)
from gateway.xroad.faults import error_of
from gateway.xroad.header import Header
from gateway.xroad.packaging import Packaging, pack
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message

FAREWELL_SECONDS = 1.0

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a question is asked, and how long all attempts and the pauses between them may take together."""

    attempts: int = 3
    first_backoff: timedelta = timedelta(milliseconds=200)
    deadline: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What we sign towards an agency and what we demand of its answers; None switches a side off."""

    sealing: Sealing | None = None
    certificates: Sequence[x509.Certificate] = ()
    demands: Demands | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCall:
    """A question: the header, the Body's one child in canonical form, and whom it is about (pseudonym).

    The content points at its attachments by `cid:`; with the packaging "mtom" through xop:Include, and then our
    signature covers them too.
    """

    header: Header
    content: bytes
    subject: bytes | None = None
    attachments: tuple[Attachment, ...] = ()
    packaging: Packaging = "swa"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundReply:
    """An answer that was recorded, checked against the request, and verified where that is agreed.

    An xop:Include in the content stands for an attachment too large to be put in its place.
    """

    content: etree._Element
    exchange_id: UUID
    answered_at: datetime
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A question as it leaves; `soap` is the message without what is attached."""

    soap: bytes
    whole: bytes
    content_type: str = CONTENT_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sending of a question: which of how many, under which exchange, and how long it may take."""

    call: OutboundCall
    letter: Letter
    exchange_id: UUID
    number: int
    trust: Trust
    deadline: timedelta
    started_at: datetime


class RecordedCalls:
    """Calls through one security server, each recorded; used by every adapter."""

    def __init__(
        self,
        client: Client,
        journal: JournalWriter,
        *,
        patience: Patience,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Take the connection pool, the journal and how patient to be."""
        self.client = client
        self.journal = journal
        self.patience = patience
        self.clock = clock

    async def call(
        self,
        call: OutboundCall,
        trust: Trust,
        *,
        exchange_id: UUID | None = None,
        letter: Letter | None = None,
    ) -> OutboundReply:
        """Ask until there is an answer or the patience ends; every attempt sends the same bytes under the same id.

        `exchange_id` is known beforehand where somebody must find the exchange after a crash; `letter` is the very
        question written before, where that crash came between question and answer. Raises AgencyUnavailable,
        AgencyRefused, ContractError or SignatureError for a broken answer, and JournalUnavailable before anything
        was sent or used that could not be recorded.
        """
        letter = letter or self._write(call, trust)
        exchange_id = exchange_id or uuid4()
        ends_at = time.monotonic() + self.patience.deadline.total_seconds()
        async for attempt in attempts_of(self.patience):
            with attempt:
                return await self._once(
                    Attempt(
                        call=call,
                        letter=letter,
                        exchange_id=exchange_id,
                        number=attempt.retry_state.attempt_number,
                        trust=trust,
                        deadline=timedelta(seconds=ends_at - time.monotonic()),
                        started_at=self.clock(),
                    )
                )
        raise AgencyUnavailable("no attempt was made")  # the loop above always returns or raises

    def _write(self, call: OutboundCall, trust: Trust) -> Letter:
        soap = self._write_soap(call, trust)
        if not call.attachments:
            return Letter(soap=soap, whole=soap)
        packed = pack(soap, call.attachments, packaging=call.packaging)
        return Letter(soap=soap, whole=packed.whole(), content_type=packed.content_type)

    def _write_soap(self, call: OutboundCall, trust: Trust) -> bytes:
        shell = asking_shell(call.header)
        if trust.sealing is None:
            return shell.wrap(shell.body(call.content))
        seen = _as_signed(call)
        before, _, after = sign_message(shell, seen, trust.sealing, at=self.clock()).rpartition(seen)
        return before + call.content + after

    async def _once(self, attempt: Attempt) -> OutboundReply:
        letter = attempt.letter
        await self.journal.record(sent_entry(attempt), request=letter.whole, response=None)
        raw: RawReply | None = None
        try:
            raw = await self.client.post(
                letter.whole, deadline=attempt.deadline, content_type=letter.content_type
            )
            answer = _read(attempt, raw)
            content = _content_of(answer, attempt.trust)
        except KopuroError as error:
            await self._record_failure(attempt, raw, error)
            raise
        except asyncio.CancelledError:
            await self._record_farewell(attempt)
            raise
        entry = answered_entry(attempt, raw, self.clock(), outcome="OK")
        await self.journal.record(entry, request=None, response=raw.content)
        return OutboundReply(
            content=content,
            exchange_id=attempt.exchange_id,
            answered_at=self.clock(),
            attachments=answer.attachments,
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
        entry = answered_entry(
            attempt, raw, self.clock(), outcome=type(error).__name__, error=error, code=code
        )
        await self.journal.record(entry, request=None, response=raw.content if raw else None)

    async def _record_farewell(self, attempt: Attempt) -> None:
        """Record that the asker stopped waiting; it is not kept waiting for that, whatever the journal does."""
        error = AgencyUnavailable("the asker stopped waiting for the answer", code="cancelled")
        with suppress(KopuroError, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._record_failure(attempt, None, error)


def attempts_of(patience: Patience) -> AsyncRetrying:
    """Repeat what AgencyUnavailable ended, and nothing else, as long as the patience lasts."""
    return AsyncRetrying(
        retry=retry_if_exception_type(AgencyUnavailable),
        stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.deadline.total_seconds()),
        wait=wait_exponential_jitter(multiplier=patience.first_backoff.total_seconds(), max=2, jitter=0.1),
        reraise=True,
    )


def _as_signed(call: OutboundCall) -> bytes:
    """Give the content a signature covers: with MTOM the attachments stand in it."""
    if not call.attachments or call.packaging != "mtom":
        return call.content
    content = parse(call.content)
    inline_includes(content, call.attachments, limit=None)
    return canonical(content)


def _read(attempt: Attempt, raw: RawReply) -> Message:
    answer = read_message(raw.content, raw.content_type, side="response")
    if isinstance(answer, FaultMessage):
        raise error_of(answer)
    check_answer(answer, asked=attempt.call.header, request=attempt.letter.soap)
    return answer


def _content_of(answer: Message, trust: Trust) -> etree._Element:
    if trust.demands is None:
        inline_includes(answer.root, answer.attachments, limit=INLINE_BYTES)
        return answer.content
    inline_includes(answer.root, answer.attachments, limit=None)
    return verify_message(answer.root, trust.certificates, trust.demands).content


def code_of(error: KopuroError) -> str:
    """Give the code under which an error stands in the journal."""
    if isinstance(error, AgencyError | ContractError):
        return error.code
    return "SIGNATURE_INVALID" if isinstance(error, SignatureError) else type(error).__name__


def sent_entry(attempt: Attempt) -> Entry:
    """Write the row that stands in the journal before the first byte leaves."""
    header = attempt.call.header
    return Entry(
        entry_id=uuid4(),
        exchange_id=attempt.exchange_id,
        kind=Kind.SENT,
        client=str(header.client),
        service=str(header.service),
        message_id=header.message_id,
        user_id=header.user_id,
        issue=header.issue,
        protocol_version=header.protocol_version,
        request_in_ts=attempt.started_at,
        request_out_ts=attempt.started_at,
        request_size=len(attempt.letter.whole),
        request_sha256=hashlib.sha256(attempt.letter.whole).digest(),
        subject=attempt.call.subject,
        signature="signed" if attempt.trust.sealing else "unsigned",
        attempt=attempt.number,
    )


def answered_entry(
    attempt: Attempt,
    raw: RawReply | None,
    at: datetime,
    *,
    outcome: str,
    error: KopuroError | None = None,
    code: str = "",
) -> Entry:
    """Write the row that stands in the journal before an answer, or its absence, is used."""
    if isinstance(error, SignatureError):
        signature: SignatureState = "refused"
    else:
        signature = "signed" if attempt.trust.demands else "unsigned"
    return replace(
        sent_entry(attempt),
        entry_id=uuid4(),
        kind=Kind.ANSWERED,
        response_in_ts=at,
        response_out_ts=at,
        response_size=len(raw.content) if raw else None,
        response_sha256=hashlib.sha256(raw.content).digest() if raw else None,
        succeeded=error is None,
        outcome=outcome,
        fault_code=code,
        fault_string=str(error) if error else "",
        signature=signature,
    )
