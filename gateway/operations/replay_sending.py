"""Ask one stored question again, and find out from the journal what became of one that a crash interrupted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.breaker import NOT_ASKED, Breakers
from gateway.exchange.entry import Kind
from gateway.exchange.keys import JournalKeys
from gateway.exchange.ledger import Ledger
from gateway.exchange.model import JournalBody, JournalEntry
from gateway.exchange.outbound import Letter, OutboundCall, RecordedCalls, Trust, code_of
from gateway.exchange.outbound_rest import RecordedFetches
from gateway.exchange.search import show
from gateway.foundation.database import Database
from gateway.foundation.errors import (
    AgencyError,
    AgencyUnavailable,
    ContractError,
    KopuroError,
    SignatureError,
)
from gateway.operations.questions import Question, Renewed, content_type_of, renew
from gateway.operations.replay_rules import ReplayRules

_ANSWERS = (AgencyError, ContractError, SignatureError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a question: answered, or failed under a code."""

    succeeded: bool
    fault_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The ids under which an old exchange is asked again."""

    exchange_id: UUID
    message_id: str
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Towards:
    """What stands between us and agencies: the trust towards each member ("class/code"), breakers, the ledger."""

    trusts: Mapping[str, Trust]
    breakers: Breakers
    ledger: Ledger


class NotAskedNow(KopuroError):
    """A breaker or a person lets the agency rest: nothing was sent, and it may be sent later."""

    permanent = False


class Resender:
    """Asks stored questions again through our security server, each recorded as every other call."""

    def __init__(
        self,
        database: Database,
        calls: RecordedCalls,
        keys: JournalKeys,
        *,
        rules: ReplayRules,
        towards: Towards,
    ) -> None:
        """Take the way out, the journal's keys, what may be asked again, and what stands towards agencies."""
        self.database = database
        self.keys = keys
        self.rules = rules
        self._calls = calls
        self._fetches = RecordedFetches(calls)
        self._towards = towards

    async def ask_again(self, old_exchange_id: UUID, new: Address) -> Sent:
        """Ask the question of an old exchange under new ids.

        Raises ContractError(not_replayable) when it cannot be made again, and JournalUnavailable before anything
        was sent that could not be recorded. An agency's failure is an answer here.
        """
        async with self.database.transaction() as session:
            entry_id = await _sent_entry(session, old_exchange_id)
        stored = await show(self.database, self.keys, entry_id, bodies=True) if entry_id else None
        if stored is None or stored.request is None:
            raise ContractError("the stored request was purged", code="body_purged", where="body")
        renewed = Renewed(message_id=new.message_id, user_id=new.user_id)
        question = renew(stored.entry, stored.request, renewed)
        known = self.rules.services.get(stored.entry.service)
        if known is None:
            raise ContractError("we do not ask this service any more", code="service_closed", where="service")
        try:
            async with self._towards.breakers.asking(known.line):
                await self._towards.ledger.count(known.line)
                await self._send(question, new)
        except _ANSWERS as error:
            if isinstance(error, AgencyUnavailable) and error.code in NOT_ASKED:
                raise NotAskedNow("the agency is left alone for now") from None
            return Sent(succeeded=False, fault_code=code_of(error))
        return Sent(succeeded=True)

    async def _send(self, question: Question, new: Address) -> None:
        if not isinstance(question, OutboundCall):
            await self._fetches.fetch(question, exchange_id=new.exchange_id)
            return
        letter = await self._letter_sent(new.exchange_id)
        await self._calls.call(question, self._trust(question), exchange_id=new.exchange_id, letter=letter)

    async def outcome(self, exchange_id: UUID) -> tuple[bool, Sent | None]:
        """Tell whether an exchange was sent at all, and what became of it if that is known."""
        async with self.database.transaction() as session:
            found = await session.execute(
                select(JournalEntry.kind, JournalEntry.succeeded, JournalEntry.fault_code)
                .where(JournalEntry.exchange_id == exchange_id)
                .order_by(JournalEntry.seq)
            )
            rows = found.all()
        answers = [row for row in rows if row[0] == Kind.ANSWERED]
        if len(answers) < len(rows) - len(answers) or not answers:
            return bool(rows), None
        _, succeeded, code = answers[-1]
        return True, Sent(succeeded=bool(succeeded), fault_code=code)

    async def _letter_sent(self, exchange_id: UUID) -> Letter | None:
        """Give the very bytes that left before a crash, so that the same id never names two questions."""
        async with self.database.transaction() as session:
            entry_id = await _sent_entry(session, exchange_id)
        stored = await show(self.database, self.keys, entry_id, bodies=True) if entry_id else None
        if stored is None or stored.request is None:
            return None
        content_type, _ = content_type_of(stored.request)
        if content_type.startswith("multipart"):
            raise ContractError("a question with attachments was cut off", code="cut_off", where="body")
        assert hashlib.sha256(stored.request).digest() == stored.entry.request_sha256
        return Letter(soap=stored.request, whole=stored.request)

    def _trust(self, question: OutboundCall) -> Trust:
        provider = question.header.service.provider
        return self._towards.trusts.get(f"{provider.member_class}/{provider.member_code}", Trust())


async def _sent_entry(session: AsyncSession, exchange_id: UUID) -> UUID | None:
    """Find the SENT row of an exchange whose body is still there."""
    found = await session.execute(
        select(JournalEntry.entry_id)
        .join(JournalBody, (JournalBody.entry_id == JournalEntry.entry_id) & (JournalBody.part == "request"))
        .where(JournalEntry.exchange_id == exchange_id, JournalEntry.kind == Kind.SENT)
        .order_by(JournalEntry.seq)
        .limit(1)
    )
    return found.scalar_one_or_none()
