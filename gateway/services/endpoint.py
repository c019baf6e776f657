"""The whole pipeline by which another agency is answered, top to bottom in one function.

bytes → header → agreement → signature → schema → grant → handler → schema → sign → journal → bytes. Any error
becomes a Fault in one place, and no byte leaves before the exchange is durably recorded.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from lxml import etree

from gateway.disclosure.agreements import Agreements, Grant, Terms
from gateway.exchange.entry import LONGEST_TEXT, tidy
from gateway.exchange.group import Replayed
from gateway.exchange.keys import JournalKeys
from gateway.exchange.search import show, stored_answer
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import ContractError, KopuroError, SignatureError
from gateway.foundation.xml import parse_again
from gateway.services.arrival import Arrival
from gateway.services.codec import Texts, texts_of
from gateway.services.dispatch import find_offer
from gateway.services.question import Answer, Offer, Question, purpose_of
from gateway.services.trace import Trace
from gateway.xroad.attachments import inline_includes
from gateway.xroad.contracts import Schema
from gateway.xroad.envelope import FaultMessage, Message, Shell, answering_shell, read_message
from gateway.xroad.faults import INTERNAL, TEMPORARY, fault_code_of, write_fault
from gateway.xroad.identifiers import SubsystemId
from gateway.xroad.security import Demands, Sealing, is_signed, sign_message, verify_message

_log = structlog.stdlib.get_logger(__name__)
_HTTP_OK, _HTTP_FAULT = 200, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What leaves: an HTTP status (of SOAP 200, or 500 for a Fault) and the bytes."""

    status: int
    body: bytes


class Refusal(Protocol):
    """Writes an error in a binding's own form."""

    def __call__(self, code: str, sentence: str, *, hint: str = "", correlation_id: str = "") -> Reply:
        """Write status and body for an error's code, sentence and cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Everything the pipeline needs; made once by wiring."""

    ours: SubsystemId
    agreements: Agreements
    schema: Schema
    sealing: Sealing
    demands: Demands
    database: Database
    journal: JournalWriter
    keys: JournalKeys
    clock: Callable[[], datetime] = field(default=utc_now)

    async def answer(self, arrival: Arrival) -> Reply:
        """Answer one request; every outcome, refusals too, stands in the journal before it leaves."""
        return await self.through(Trace(arrival=arrival), self._answer, _fault)

    async def through(
        self, trace: Trace, answer: Callable[[Trace], Awaitable[Reply]], refusal: Refusal
    ) -> Reply:
        """Answer by a binding's way; whatever goes wrong becomes its refusal, recorded, in this one place."""
        try:
            return await answer(trace)
        except KopuroError as error:
            return await self._refuse(trace, refusal, *fault_code_of(error))
        except Exception:  # noqa: BLE001 – the endpoint's edge: one of the two places that catch everything
            _log.exception("endpoint_failed", exchange_id=str(trace.exchange_id))
            return await self._refuse(trace, refusal, INTERNAL, "the service could not answer", "")

    async def _answer(self, trace: Trace) -> Reply:
        offer, texts, grant, shell = self._admit(trace)
        answer = await self.ask(offer, texts, grant, trace)
        return await self.record(trace, answer, self._write(shell, answer.content, trace))

    def _admit(self, trace: Trace) -> tuple[Offer, Texts, Grant, Shell]:
        """Take a request as far as it can be judged alone; its tree ends here, so that few are held at a time."""
        message = _read(trace)
        offer = find_offer(message.header.service, self.ours)
        terms = self.agreements.find(message.header.client, message.header.service, on=trace.today)
        content = self._verified(message, terms, trace)
        self.schema.check(content, whose="request")
        texts = texts_of(content)
        grant = self.agreements.grant(terms, message.header, purpose_of(texts))
        return offer, texts, grant, answering_shell(message)

    def _verified(self, message: Message, terms: Terms, trace: Trace) -> etree._Element:
        """Give the content to handle: the signed one, parsed anew, wherever a signature is there or agreed."""
        if not is_signed(message.header_element):
            if terms.must_sign:
                trace.signature = "refused"
                raise SignatureError("the agreement demands a signed request")
            return message.content
        try:
            verified = verify_message(message.root, terms.certificates, self.demands)
        except SignatureError:
            trace.signature = "refused"
            raise
        trace.signature, trace.signer = "signed", verified.signer
        trace.header_form = verified.header_form
        return verified.content

    async def ask(self, offer: Offer, texts: Texts, grant: Grant, trace: Trace) -> Answer:
        """Let the service's handler answer a content that passed schema and agreement."""
        pin = offer.subject_pin(texts)
        trace.grant, trace.subject = grant, self.keys.subject_of(pin) if pin else None
        question = Question(texts=texts, grant=grant, today=trace.today, disclosure_id=trace.disclosure_id)
        return await offer.handler(question, self.database)

    def _write(self, shell: Shell, content: bytes, trace: Trace) -> bytes:
        """Check the answer and put the request's own header before it, signed if the request was."""
        self.schema.check(parse_again(content), whose="answer")
        if trace.signature == "signed":
            form = trace.header_form
            return sign_message(shell, content, self.sealing, at=self.clock(), header_form=form)
        return shell.wrap(shell.body(content))

    async def record(self, trace: Trace, answer: Answer, body: bytes) -> Reply:
        """Make the exchange durable; a message id that was answered before gets its first answer again."""
        entry = trace.entry(body, succeeded=True, outcome=answer.outcome)
        recorded = await self.journal.record(
            entry,
            request=trace.arrival.body,
            response=body,
            claim=trace.claim(entry),
            companions=trace.disclosures(answer, entry),
        )
        if isinstance(recorded, Replayed):
            return await self._repeat(trace, recorded)
        return Reply(status=_HTTP_OK, body=body)

    async def _repeat(self, trace: Trace, first: Replayed) -> Reply:
        if not first.same_bytes or (trace.rest and not await self._says_the_same(trace, first)):
            raise ContractError(
                "this message id was used before for another message",
                code="REPLAY",
                where="Header/id",
                hint="give every new message a new id, a UUID",
            )
        body = await stored_answer(self.database, self.keys, first.entry_id)
        entry = trace.entry(body, succeeded=True, outcome="REPEATED")
        await self.journal.record(entry, request=trace.arrival.body, response=body)
        return Reply(status=_HTTP_OK, body=body)

    async def _says_the_same(self, trace: Trace, first: Replayed) -> bool:
        """Compare what REST says beside its body: who asks, and in which case."""
        shown = await show(self.database, self.keys, first.entry_id)
        header = trace.header
        if shown is None or header is None:
            return False
        said = (tidy(header.user_id), tidy(header.issue))
        return said == (shown.entry.user_id, shown.entry.issue)

    async def _refuse(self, trace: Trace, refusal: Refusal, code: str, sentence: str, hint: str) -> Reply:
        """Write the refusal and record it; if even that cannot be recorded, say only that it is temporary."""
        reply = refusal(code, sentence, hint=hint, correlation_id=str(trace.exchange_id))
        body = reply.body
        entry = trace.entry(body, succeeded=False, outcome="FAULT", fault_code=code, fault_string=sentence)
        try:
            await self.journal.record(entry, request=trace.arrival.body, response=body)
        except KopuroError:
            _log.error("journal_unavailable", exchange_id=str(trace.exchange_id), code=code)
            return refusal(TEMPORARY, "the service cannot answer just now", hint="send it again later")
        return reply


def _fault(code: str, sentence: str, *, hint: str = "", correlation_id: str = "") -> Reply:
    body = write_fault(code, sentence, hint=hint, correlation_id=correlation_id)
    return Reply(status=_HTTP_FAULT, body=body)


def _read(trace: Trace) -> Message:
    trace.arrival.complain()
    message = read_message(trace.arrival.body, trace.arrival.content_type)
    if isinstance(message, FaultMessage) or message.is_response:
        raise ContractError(
            "a request was expected",
            code="invalid_message",
            where="Body",
            hint="send the service's request element",
        )
    trace.header = message.header
    if not message.header.message_id.strip():
        raise ContractError(
            "the header's id is empty",
            code="missing_header_field",
            where="Header/id",
            hint="give every new message an id, a UUID",
        )
    if len(message.header.message_id) > LONGEST_TEXT:
        raise ContractError(
            f"the header's id is longer than {LONGEST_TEXT} characters",
            code="invalid_xml",
            where="Header/id",
            hint="give every new message an id, a UUID",
        )
    inline_includes(message.root, message.attachments, limit=None)  # whatever else is attached stays unread
    return message
