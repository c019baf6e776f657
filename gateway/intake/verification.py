"""Check a person against the sources: what they told becomes assertions, what contradicts becomes a case.

Nothing a source told about somebody else is stored: only that it contradicted.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.breaker import NOT_ASKED
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.intake.agreement import fits
from gateway.intake.asking import ask
from gateway.intake.autofill import PERSON_FIELDS, field_text
from gateway.intake.cases import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, Outcome, PassportRecord, PersonRecord
from gateway.registry.candidates import entry_record
from gateway.registry.group import root_of
from gateway.registry.model import Person
from gateway.registry.policy import ATTEMPT, Projection
from gateway.registry.projection import project_person
from gateway.registry.reading import current_identifiers, enrolments
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    claim_identifier,
    holders,
    record_event,
    retract_value,
    set_identifier_status,
)
from gateway.registry.values import (
    PASSPORT,
    ZAGS,
    IdentifierStatus,
    Scheme,
    VerificationStatus,
    passport_number,
    split_passport,
)

Answers = Sequence[AgencyAnswer[Any]]
DOWN = frozenset({Outcome.UNAVAILABLE, Outcome.PROVIDER_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What checking came to: the identity's worth, the cases opened, whether the PIN is another's."""

    status: VerificationStatus
    cases: tuple[UUID, ...] = ()
    reasons: tuple[str, ...] = ()
    contradicted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One person being checked by one PIN, in one transaction."""

    session: AsyncSession
    person_id: UUID
    pin: str
    at: datetime
    cases: list[tuple[str, UUID]]

    async def open(
        self, kind: str, explanation: str, *, field: str = "", others: tuple[UUID, ...] = ()
    ) -> None:
        question = CaseQuestion(
            kind=kind, person_id=self.person_id, explanation=explanation, field=field, others=others
        )
        self.cases.append((kind, await open_case(self.session, question, at=self.at)))

    async def tell(self, answer: AgencyAnswer[Any], values: dict[str, object]) -> None:
        passport = answer.record if isinstance(answer.record, PassportRecord) else None
        provenance = Provenance(
            source=answer.source,
            recorded_at=self.at,
            exchange_id=answer.exchange_id,
            message_id=answer.message_id,
            verified_at=answer.answered_at if answer.outcome is Outcome.FOUND else None,
            document_on=passport.issued_on if passport else None,
            document_until=passport.expires_on if passport else None,
        )
        await add_assertions(self.session, self.person_id, values, provenance=provenance)

    async def set_pin(self, status: IdentifierStatus) -> None:
        await set_identifier_status(
            self.session, self.person_id, Scheme.PIN, self.pin, status=status, at=self.at
        )


async def apply_evidence(
    session: AsyncSession, person_id: UUID, answers: Answers, policies: Policies, *, pin: str | None = None
) -> Verification:
    """Let what agencies answered about a person's PIN fill, verify or dispute the entry, and project it.

    `pin` is the PIN they were asked about; by default the entry's own.
    """
    at = utc_now()
    cases: list[tuple[str, UUID]] = []
    asked = pin or await current_pin(session, person_id)
    contradicted = False
    if asked and answers:
        check = _Check(session=session, person_id=person_id, pin=asked, at=at, cases=cases)
        contradicted = await _take_answers(check, answers)
    projection = await project_person(session, person_id, policies, at=at)
    if not contradicted:
        await _open_conflicts(session, person_id, projection, cases, at)
    return Verification(
        status=identity_status(projection),
        cases=tuple(case_id for _, case_id in cases),
        reasons=tuple(dict.fromkeys(kind for kind, _ in cases)),
        contradicted=contradicted,
    )


def identity_status(projection: Projection) -> VerificationStatus:
    """Give the worth of the identity: that of the PIN, UNVERIFIED without one."""
    shown = projection.fields.get("pin")
    return shown.status if shown else VerificationStatus.UNVERIFIED


async def current_pin(session: AsyncSession, person_id: UUID) -> str | None:
    """Give the PIN an entry stands with or claims, the verified one first."""
    return await _current(session, person_id, Scheme.PIN)


async def _current(session: AsyncSession, person_id: UUID, scheme: Scheme) -> str | None:
    rows = [row for row in await current_identifiers(session, [person_id]) if row[1] == scheme]
    best = sorted(rows, key=lambda row: row[3] is not IdentifierStatus.VERIFIED)
    return best[0][2] if best else None


async def _take_answers(check: _Check, answers: Answers) -> bool:
    """Take every answer; True when one of them says the PIN is somebody else's."""
    entry = await entry_record(check.session, check.person_id)
    records = [answer.record for answer in answers if answer.record is not None]
    if entry and any(not fits(entry, record, pin=check.pin) for record in records):
        await _dispute(check, [answer for answer in answers if answer.record is not None])
        return True
    for answer in answers:
        if answer.record is not None:
            await _accept(check, answer, answer.record)
        elif answer.source == ZAGS:
            await _note_attempt(check, answer)
    return False


async def _dispute(check: _Check, found: Answers) -> None:
    for answer in found:
        await check.tell(answer, {ATTEMPT: "CONTRADICTED"})
    await check.set_pin(IdentifierStatus.DISPUTED)
    others = await holders(check.session, Scheme.PIN, check.pin, other_than=check.person_id)
    await check.open("PIN_CONFLICT", "the source knows another person under this PIN", others=tuple(others))


async def _note_attempt(check: _Check, answer: AgencyAnswer[Any]) -> None:
    await check.tell(answer, {ATTEMPT: answer.outcome})
    if answer.outcome is Outcome.NOT_FOUND:
        await check.open("PIN_NOT_FOUND", "the civil registry has no such PIN")


async def _accept(check: _Check, answer: AgencyAnswer[Any], record: PersonRecord) -> None:
    values: dict[str, object] = {name: field_text(record, name) for name in PERSON_FIELDS}
    if record.death_date and not await _take_death(check, record.death_date):
        values["death_date"] = None
    if isinstance(record, PassportRecord):
        await check.tell(answer, values | await _take_passport(check, record))
        return
    pin = await _take_pin(check, record)
    await check.tell(answer, values | {"pin": pin, ATTEMPT: answer.outcome})


async def _take_pin(check: _Check, record: PersonRecord) -> str:
    """Verify the PIN, follow a replacement, or mark it blocked; give the PIN that stands now."""
    pin = record.pin or check.pin
    if pin != check.pin:
        await check.set_pin(IdentifierStatus.REPLACED)
        await retract_value(
            check.session,
            check.person_id,
            "pin",
            check.pin,
            reason="the civil registry replaced the PIN",
            at=check.at,
        )
        await record_event(check.session, "PIN_REPLACED", check.person_id, at=check.at)
    rivals = await holders(check.session, Scheme.PIN, pin, other_than=check.person_id)
    wanted = IdentifierStatus.BLOCKED if record.pin_blocked else IdentifierStatus.VERIFIED
    await claim_identifier(check.session, check.person_id, Scheme.PIN, pin, status=wanted, at=check.at)
    if record.pin_blocked:
        await check.open("PIN_BLOCKED", "the civil registry has blocked the PIN")
    if rivals:
        await check.open("PIN_CONFLICT", "another entry stands with this PIN", others=tuple(rivals))
    return pin


async def _take_passport(check: _Check, record: PassportRecord) -> dict[str, object]:
    if not record.series or not record.number:
        return {}
    number = passport_number(record.series + record.number)
    status = IdentifierStatus.BLOCKED if record.valid is False else IdentifierStatus.VERIFIED
    await claim_identifier(
        check.session, check.person_id, Scheme.PASSPORT, number, status=status, at=check.at
    )
    return {"passport": number}


async def _take_death(check: _Check, died_on: date) -> bool:
    """Believe a death unless the person was enrolled after it; True when the date may be shown."""
    root = await root_of(check.session, check.person_id)
    if any(each.start_on > died_on for each in await enrolments(check.session, root)):
        await check.open("FALSE_DEATH", "a death is reported, but an enrolment began after it")
        return False
    changed = await check.session.execute(
        update(Person)
        .where(Person.id == root, Person.status == "ACTIVE")
        .values(status="DECEASED")
        .returning(Person.id)
    )
    if changed.first():
        await record_event(check.session, "PERSON_DECEASED", root, at=check.at)
    await check.open("DEATH", "a death is recorded: the head signs the order")
    return True


async def _open_conflicts(
    session: AsyncSession,
    person_id: UUID,
    projection: Projection,
    cases: list[tuple[str, UUID]],
    at: datetime,
) -> None:
    for conflict in projection.conflicts:
        question = CaseQuestion(
            kind="SOURCE_CONFLICT",
            person_id=person_id,
            field=conflict.field,
            explanation=f"{conflict.field}: {conflict.other} told otherwise than {conflict.kept}",
        )
        cases.append(("SOURCE_CONFLICT", await open_case(session, question, at=at)))


async def ask_about(
    agencies: Agencies,
    pin: str | None,
    *,
    passport: str | None,
    context: AskContext,
    deadline_seconds: float,
) -> tuple[AgencyAnswer[Any], ...]:
    """Ask the connected sources side by side about a PIN, and about a passport where one is known."""
    questions: list[Awaitable[AgencyAnswer[Any]]] = []
    if agencies.civil_registry and pin:
        asked = agencies.civil_registry.person_by_pin(pin, context=context)
        questions.append(ask(asked, source=ZAGS, deadline_seconds=deadline_seconds))
    if agencies.passports and pin and passport:
        series, number = split_passport(passport)
        about = agencies.passports.passport(pin, series=series, number=number, context=context)
        questions.append(ask(about, source=PASSPORT, deadline_seconds=deadline_seconds))
    return tuple(await asyncio.gather(*questions))


async def verify_person(
    database: Database,
    agencies: Agencies,
    person_id: UUID,
    *,
    policies: Policies,
    context: AskContext,
    deadline_seconds: float = 30.0,
) -> Verification | None:
    """Ask the sources about an entry outside any transaction, then apply what they told in one.

    An entry without a PIN is left as it is (None). Raises AgencyUnavailable when a source was down, after
    SOURCE_UNAVAILABLE was made visible: the job may be retried, a repeat changes nothing twice. Its code is one of
    NOT_ASKED where nobody was asked, because the sources are left alone.
    """
    async with database.transaction() as session:
        pin = await current_pin(session, person_id)
        passport = await _current(session, person_id, Scheme.PASSPORT)
    if pin is None:
        return None
    answers = await ask_about(
        agencies, pin, passport=passport, context=context, deadline_seconds=deadline_seconds
    )
    async with database.transaction() as session:
        verification = await apply_evidence(session, person_id, answers, policies, pin=pin)
    silent = [answer.code for answer in answers if answer.outcome in DOWN]
    if silent or not answers:
        code = min(silent, key=lambda each: each in NOT_ASKED, default="")
        raise AgencyUnavailable("a source did not answer about a person", code=code)
    return verification
