"""Remember what agencies answered as long as it is fresh, so that a form filled twice asks once.

Answers are kept encrypted, under the pseudonym of whom they are about. Only FOUND is remembered: who was not found, or
could not be asked about, is asked about again. Verification always asks.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from gateway.exchange.agency_tables import SourceAnswer
from gateway.exchange.errors import JournalDamaged
from gateway.exchange.keys import JournalKeys
from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.database import Database
from gateway.intake.answer_text import read_record, write_record
from gateway.intake.policies import Policies
from gateway.intake.ports import (
    Agencies,
    AgencyAnswer,
    AskContext,
    BirthActRecord,
    CivilRegistry,
    Outcome,
    PassportRecord,
    PassportService,
    PersonRecord,
)
from gateway.intake.ports_documents import AddressRecord, AddressRegister
from gateway.intake.ports_household import HouseholdMember, HouseholdRegister
from gateway.registry.policy import PROJECTED

_PERSON = (*PROJECTED, "pin")
_FIELDS = {
    "person_by_pin": _PERSON,
    "birth_act": (*_PERSON, "birth_certificate"),
    "passport": ("passport", "registered_address"),
    "registered_address": ("registered_address",),
    "actual_address": ("actual_address",),
    "members": ("actual_address",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long an answer to a question is fresh: as the policy of its fields says, and no longer than `most`."""

    policies: Policies
    most: timedelta

    def of(self, question: str) -> timedelta:
        """Give the time, the shortest of the fields'."""
        fields = (self.policies.get(name) for name in _FIELDS[question])
        days = [policy.stale_after_days for policy in fields if policy and policy.stale_after_days]
        return min([self.most, *(timedelta(days=each) for each in days)])


class AnswerMemory:
    """Answers that are still fresh."""

    def __init__(
        self, database: Database, keys: JournalKeys, freshness: Freshness, *, clock: Clock = utc_now
    ) -> None:
        """Take where they are kept, under which keys, and for how long."""
        self._database, self._keys, self._freshness, self._clock = database, keys, freshness, clock

    async def ask(
        self, question: str, about: str, ask: Callable[[], Awaitable[AgencyAnswer[Any]]]
    ) -> AgencyAnswer[Any]:
        """Give the remembered answer, or ask and remember it."""
        subject = self._keys.subject_of(about)
        known = await self._recall(question, subject)
        if known is not None:
            return known
        answer = await ask()
        if answer.outcome is Outcome.FOUND and answer.record is not None:
            await self._keep(question, subject, answer)
        return answer

    async def _recall(self, question: str, subject: bytes) -> AgencyAnswer[Any] | None:
        async with self._database.transaction() as session:
            row = await session.scalar(
                select(SourceAnswer).where(
                    SourceAnswer.question == question,
                    SourceAnswer.subject == subject,
                    SourceAnswer.fresh_until > self._clock(),
                )
            )
        if row is None:
            return None
        try:
            text = self._keys.reveal((row.key_id, row.nonce, row.ciphertext), row.id, question)
        except JournalDamaged:
            return None  # kept under a key that is gone: it is asked anew
        return AgencyAnswer(
            outcome=Outcome.FOUND,
            source=row.source,
            answered_at=row.answered_at,
            record=read_record(text),
            exchange_id=row.exchange_id,
            message_id=row.message_id,
        )

    async def _keep(self, question: str, subject: bytes, answer: AgencyAnswer[Any]) -> None:
        fresh_until = answer.answered_at + self._freshness.of(question)
        if fresh_until <= self._clock():
            return
        kept_id = uuid4()
        told = self._sealed(kept_id, question, answer) | {"fresh_until": fresh_until}
        row = insert(SourceAnswer).values(source=answer.source, question=question, subject=subject, **told)
        async with self._database.transaction() as session:
            await session.execute(row.on_conflict_do_update(constraint="uq_source_answer_source", set_=told))

    def _sealed(self, kept_id: UUID, question: str, answer: AgencyAnswer[Any]) -> dict[str, Any]:
        key_id, nonce, ciphertext = self._keys.hide(write_record(answer.record), kept_id, question)
        return {
            "id": kept_id,
            "key_id": key_id,
            "nonce": nonce,
            "ciphertext": ciphertext,
            "exchange_id": answer.exchange_id,
            "message_id": answer.message_id,
            "answered_at": answer.answered_at,
        }


async def forget_stale(database: Database, *, now: datetime) -> int:
    """Forget the answers that are no longer fresh and give how many."""
    async with database.transaction() as session:
        gone = await session.execute(
            delete(SourceAnswer).where(SourceAnswer.fresh_until <= now).returning(SourceAnswer.id)
        )
        return len(gone.all())


def remembered(agencies: Agencies, memory: AnswerMemory) -> Agencies:
    """Give the same agencies for forms: what they answered and is fresh is not asked again."""
    return replace(
        agencies,
        civil_registry=_CivilRegistry(agencies.civil_registry, memory) if agencies.civil_registry else None,
        passports=_Passports(agencies.passports, memory) if agencies.passports else None,
        addresses=_Addresses(agencies.addresses, memory) if agencies.addresses else None,
        households=_Households(agencies.households, memory) if agencies.households else None,
    )


@dataclass(frozen=True, slots=True)
class _CivilRegistry:
    port: CivilRegistry
    memory: AnswerMemory

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        return await self.memory.ask(
            "person_by_pin", pin, lambda: self.port.person_by_pin(pin, context=context)
        )

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        return await self.port.pins_by_name(person, context=context)

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        return await self.memory.ask("birth_act", pin, lambda: self.port.birth_act(pin, context=context))


@dataclass(frozen=True, slots=True)
class _Passports:
    port: PassportService
    memory: AnswerMemory

    async def passport(
        self, pin: str, *, series: str, number: str, context: AskContext
    ) -> AgencyAnswer[PassportRecord]:
        async def ask() -> AgencyAnswer[PassportRecord]:
            return await self.port.passport(pin, series=series, number=number, context=context)

        return await self.memory.ask("passport", f"{pin} {series}{number}", ask)


@dataclass(frozen=True, slots=True)
class _Addresses:
    port: AddressRegister
    memory: AnswerMemory

    async def registered_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        return await self.memory.ask(
            "registered_address", pin, lambda: self.port.registered_address(pin, context=context)
        )


@dataclass(frozen=True, slots=True)
class _Households:
    port: HouseholdRegister
    memory: AnswerMemory

    async def actual_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        return await self.memory.ask(
            "actual_address", pin, lambda: self.port.actual_address(pin, context=context)
        )

    async def members(self, pin: str, *, context: AskContext) -> AgencyAnswer[tuple[HouseholdMember, ...]]:
        return await self.memory.ask("members", pin, lambda: self.port.members(pin, context=context))
