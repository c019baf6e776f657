"""The passport an employee shows: one person's in two workplaces, two people's, or void — three different things."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.foundation.queue import defer
from gateway.intake.asking import ask
from gateway.intake.cases import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies, AskContext
from gateway.intake.staff_papers import is_sound, take_passport
from gateway.intake.verification import DOWN
from gateway.registry.reading import current_identifiers
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    claim_identifier,
    holders,
    set_identifier_status,
    supersede_claims,
)
from gateway.registry.values import PASSPORT, IdentifierStatus, Scheme, passport_number, split_passport

TASK = "check_passport"


async def show_passport(
    session: AsyncSession, person_id: UUID, text: str, *, provenance: Provenance
) -> UUID | None:
    """Record the passport an employee showed, and give the case where another person stands with it already.

    Its validity is asked about in the background. What another person stands with is disputed on the later entry
    until two people have looked (DUP_STAFF_DOCUMENT).
    """
    number, at = passport_number(text), provenance.recorded_at
    await add_assertions(session, person_id, {"passport": number}, provenance=provenance)
    await supersede_claims(session, person_id, Scheme.PASSPORT, keep=number, at=at)
    claimed = IdentifierStatus.CLAIMED
    await claim_identifier(session, person_id, Scheme.PASSPORT, number, status=claimed, at=at)
    await defer(session, TASK, lock=f"person:{person_id}", person_id=str(person_id))
    others = await holders(session, Scheme.PASSPORT, number, other_than=person_id)
    if not others:
        return None
    question = CaseQuestion(
        kind="DUP_STAFF_DOCUMENT",
        person_id=person_id,
        field="passport",
        explanation="another person stands with this passport",
        others=tuple(others),
    )
    return await open_case(session, question, at=at)


async def check_passport(
    database: Database,
    agencies: Agencies,
    person_id: UUID,
    *,
    context: AskContext,
    policies: Policies,
    deadline_seconds: float = 30.0,
) -> bool | None:
    """Ask whether a person's passport is valid; a void one answers for nobody and is a task for the school.

    The passport service is asked first, whose it is included; the register of passports where that says nothing.
    None where there is no passport, nobody to ask, or nobody says. Raises AgencyUnavailable when one was down.
    """
    async with database.transaction() as session:
        rows = await current_identifiers(session, [person_id])
    number = next((row[2] for row in reversed(rows) if row[1] == Scheme.PASSPORT), None)
    if number is None:
        return None
    asking = _Asking(database, agencies, context, deadline_seconds)
    # a PIN nobody has verified proves nothing about whose passport it is
    verified = (row[2] for row in rows if row[1] == Scheme.PIN and row[3] is IdentifierStatus.VERIFIED)
    pin = next(verified, None)
    told = await asking.service(person_id, pin, number, policies) if pin else None
    return told if told is not None else await asking.register(person_id, number)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Whom to ask about a passport, and how long."""

    database: Database
    agencies: Agencies
    context: AskContext
    deadline_seconds: float

    async def service(self, person_id: UUID, pin: str, number: str, policies: Policies) -> bool | None:
        """Ask the passport service about the passport of a PIN, and take its word."""
        if self.agencies.passports is None:
            return None
        series, digits = split_passport(number)
        question = self.agencies.passports.passport(pin, series=series, number=digits, context=self.context)
        answer = await ask(question, source=PASSPORT, deadline_seconds=self.deadline_seconds)
        if answer.outcome in DOWN:
            raise AgencyUnavailable("the passport service did not answer", code=answer.code)
        at = utc_now()
        async with self.database.transaction() as session:
            await take_passport(session, person_id, answer, policies=policies, at=at)
        return None if answer.record is None else is_sound(answer.record, on=day_of(at))

    async def register(self, person_id: UUID, number: str) -> bool | None:
        """Ask the register whether a passport is valid, and take its word."""
        if self.agencies.passport_register is None:
            return None
        series, digits = split_passport(number)
        question = self.agencies.passport_register.status(series=series, number=digits, context=self.context)
        answer = await ask(question, source=PASSPORT, deadline_seconds=self.deadline_seconds)
        if answer.outcome in DOWN:
            raise AgencyUnavailable("the register of passports did not answer", code=answer.code)
        valid = answer.record.valid if answer.record else None
        if valid is False:
            async with self.database.transaction() as session:
                await _void(session, person_id, number, utc_now())
        return valid


async def _void(session: AsyncSession, person_id: UUID, number: str, at: datetime) -> None:
    blocked = IdentifierStatus.BLOCKED
    await set_identifier_status(session, person_id, Scheme.PASSPORT, number, status=blocked, at=at)
    question = CaseQuestion(
        kind="STALE",
        person_id=person_id,
        field="passport",
        explanation="the passport is void in the word of its issuer: ask for the new one",
    )
    await open_case(session, question, at=at)
