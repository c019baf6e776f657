"""Admit a learner: match before create, in the caller's one transaction.

Whoever is already in the registry is linked, whoever may be is admitted provisionally with a review case, and
nobody is refused for want of a PIN or merged in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.queue import defer
from gateway.intake.agreement import fits
from gateway.intake.applications import Application
from gateway.intake.arrival import Arrival
from gateway.intake.attribution import member_for, settle_by_memory
from gateway.intake.candidacy import decide_online
from gateway.intake.cases import CaseQuestion, open_case
from gateway.intake.enrolling import amend_enrolment, enrol
from gateway.intake.family import defer_family
from gateway.intake.foreigners import defer_foreigner
from gateway.intake.policies import Policies
from gateway.intake.ports import AgencyAnswer
from gateway.intake.remembering import changed_values, digest_of, is_same_person, remember, source_record
from gateway.intake.turns import wait_for_others
from gateway.intake.verification import DOWN, Verification, apply_evidence
from gateway.matching.blocking import identifier_keys
from gateway.matching.decision import Decision, Match, Review
from gateway.matching.levels import Level, pin_level
from gateway.matching.model import MODEL, Model
from gateway.matching.record import Record
from gateway.registry.candidates import entry_record, population
from gateway.registry.card import identity_status
from gateway.registry.model import SourceRecord
from gateway.registry.projection import add_match_keys, project_person
from gateway.registry.reading import organisation_by_code, person_by_id
from gateway.registry.repository import add_assertions, claim_identifier, create_person, supersede_claims
from gateway.registry.values import IdentifierStatus, Scheme, VerificationStatus


class Result(StrEnum):
    """What an admission came to."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    MATCHED = "MATCHED"
    CASE = "CASE"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What became of an application; reasons are codes, the explanation is why the matcher decided so."""

    result: Result
    person_id: UUID | None = None
    isuo_no: str | None = None
    enrolment_id: UUID | None = None
    case_id: UUID | None = None
    reasons: tuple[str, ...] = ()
    verification: VerificationStatus = VerificationStatus.UNVERIFIED
    explanation: tuple[str, ...] = ()


async def admit(
    session: AsyncSession,
    application: Application,
    *,
    evidence: Sequence[AgencyAnswer[Any]] = (),
    policies: Policies,
    recorded_by: str,
    model: Model = MODEL,
) -> Admission:
    """Admit a learner in the caller's transaction and say what became of the application.

    The same record of the same source changes nothing twice. Locks on the person's identifiers and birth
    date are held until the transaction ends: admit one application per transaction.
    """
    organisation = await organisation_by_code(session, application.organisation_code)
    if organisation is None:
        return Admission(result=Result.REJECTED, reasons=("ORGANISATION_UNKNOWN",))
    arrival = Arrival(
        session=session,
        application=application,
        organisation=organisation,
        evidence=evidence,
        policies=policies,
        recorded_by=recorded_by,
        at=utc_now(),
        model=model,
    )
    await _lock(session, application)
    known = await source_record(arrival)
    return await _repeat(arrival, known) if known else await _first_time(arrival)


async def _first_time(arrival: Arrival) -> Admission:
    decision = await settle_by_memory(arrival.session, await _decide(arrival))
    person_id = await _entry_for(arrival, decision)
    case_id = None
    if isinstance(decision, Review):
        question = CaseQuestion(
            kind=decision.kind,
            person_id=person_id,
            explanation=decision.opinions[0].rule,
            opinions=decision.opinions,
        )
        case_id = await open_case(arrival.session, question, at=arrival.at)
    told = arrival
    if isinstance(decision, Match) and decision.opinion.seen.pin in {Level.NEAR, Level.DOUBTED}:
        told, case_id = await _without_the_slip(arrival, person_id)
    verification = await _record(told, person_id, told.application.person_values())
    enrolment_id, second_case = await enrol(arrival, person_id)
    await remember(arrival, person_id, enrolment_id)
    await _defer_verification(told, person_id, verification)
    if told.application.foreign_document:
        await defer_foreigner(arrival.session, person_id)
    if told.is_verified and not verification.contradicted:
        await defer_family(arrival.session, person_id, arrival.at)
    reasons = [decision.kind] if isinstance(decision, Review) else []
    reasons += ["PIN_CONFLICT"] if told is not arrival else []
    reasons += [*verification.reasons, *(["DUP_ENROLMENT"] if second_case else [])]
    return await _admission(
        arrival,
        person_id,
        result=_result(decision, verification),
        enrolment_id=enrolment_id,
        case_id=next((each for each in (case_id, *verification.cases, second_case) if each), None),
        reasons=tuple(dict.fromkeys(reasons)),
        explanation=_explain(decision),
    )


async def _without_the_slip(arrival: Arrival, person_id: UUID) -> tuple[Arrival, UUID]:
    """Leave a mistyped PIN out of what is recorded about a linked person, and ask which one is right."""
    question = CaseQuestion(
        kind="PIN_CONFLICT",
        person_id=person_id,
        field="pin",
        explanation="the record is this person's, but its PIN is not: a slip of the hand, or a relative's",
    )
    case_id = await open_case(arrival.session, question, at=arrival.at)
    return replace(arrival, application=replace(arrival.application, pin=None)), case_id


async def _entry_for(arrival: Arrival, decision: Decision[UUID]) -> UUID:
    if not isinstance(decision, Match):
        return await create_person(arrival.session, at=arrival.at)
    size = await population(arrival.session)
    return await member_for(arrival.session, decision.person_id, _matching_record(arrival), population=size)


def _result(decision: Decision[UUID], verification: Verification) -> Result:
    if isinstance(decision, Match):
        return Result.MATCHED
    return Result.CASE if isinstance(decision, Review) or verification.contradicted else Result.CREATED


async def _repeat(arrival: Arrival, known: SourceRecord) -> Admission:
    """Take a record the source sent before: amend what it tells anew, ask about a contradiction."""
    if known.digest == digest_of(arrival.application) and not arrival.is_verified:
        return await _admission(
            arrival, known.person_id, result=Result.UPDATED, enrolment_id=known.enrolment_id
        )
    if not await is_same_person(arrival, known.person_id):
        question = CaseQuestion(
            kind="SOURCE_CONFLICT",
            person_id=known.person_id,
            field="source_record",
            explanation="the source sent another person under the key of an earlier record",
        )
        case_id = await open_case(arrival.session, question, at=arrival.at)
        return await _admission(
            arrival,
            known.person_id,
            result=Result.CASE,
            enrolment_id=known.enrolment_id,
            case_id=case_id,
            reasons=("SOURCE_CONFLICT",),
        )
    changed = await changed_values(arrival, known.person_id)
    told = arrival
    if await _has_slipped(arrival, known.person_id):
        told, _ = await _without_the_slip(arrival, known.person_id)
        changed.pop("pin", None)
    verification = await _record(told, known.person_id, changed)
    await amend_enrolment(arrival, known.enrolment_id)
    await remember(arrival, known.person_id, known.enrolment_id)
    await _defer_verification(told, known.person_id, verification)
    return await _admission(
        arrival,
        known.person_id,
        result=Result.UPDATED,
        enrolment_id=known.enrolment_id,
        case_id=next(iter(verification.cases), None),
        reasons=verification.reasons,
    )


async def _has_slipped(arrival: Arrival, person_id: UUID) -> bool:
    """Tell whether a PIN nobody verified is one slip of the hand off the person's own."""
    record = _matching_record(arrival)
    if not record.pin or record.pin_verified:
        return False
    entry = await entry_record(arrival.session, person_id)
    return entry is not None and pin_level(record.pin, entry.pin) is Level.NEAR


async def _lock(session: AsyncSession, application: Application) -> None:
    """Let parallel admissions of the same child wait for each other: identifiers, birth date, source key."""
    record = application.record()
    keys = [
        *identifier_keys(record),
        f"born|{record.birth_date}",
        f"source|{application.source}|{application.organisation_code}|{application.source_record_key}",
    ]
    await wait_for_others(session, keys)


async def _decide(arrival: Arrival) -> Decision[UUID]:
    return await decide_online(arrival.session, _matching_record(arrival), model=arrival.model)


def _matching_record(arrival: Arrival) -> Record:
    """Give the record to match by: its PIN verified, or left out where the source contradicts it."""
    record = arrival.application.record()
    answers = [answer.record for answer in arrival.evidence if answer.record is not None]
    if not record.pin or not answers:
        return record
    if all(fits(record, told, pin=record.pin) for told in answers):
        return replace(record, pin_verified=True)
    return replace(record, pin=None)


async def _record(arrival: Arrival, person_id: UUID, values: dict[str, object]) -> Verification:
    """Record what the source told and what the agencies answered, and project the entry."""
    application = arrival.application
    await add_assertions(arrival.session, person_id, values, provenance=arrival.provenance)
    identifiers = (
        (Scheme.PIN, application.pin.value if application.pin else None),
        (Scheme.BIRTH_CERT, application.birth_certificate),
        (Scheme.PASSPORT, application.passport),
        (Scheme.FOREIGN_DOC, application.foreign_document),
    )
    for scheme, value in identifiers:
        if value:
            await supersede_claims(arrival.session, person_id, scheme, keep=value, at=arrival.at)
            await claim_identifier(
                arrival.session, person_id, scheme, value, status=IdentifierStatus.CLAIMED, at=arrival.at
            )
    if arrival.evidence:
        await project_person(arrival.session, person_id, arrival.policies, at=arrival.at)
    await add_match_keys(arrival.session, person_id, application.record())
    pin = application.pin.value if application.pin else None
    return await apply_evidence(arrival.session, person_id, arrival.evidence, arrival.policies, pin=pin)


async def _defer_verification(arrival: Arrival, person_id: UUID, verification: Verification) -> None:
    """Leave the check to the background where there is a PIN and no source has spoken about it yet."""
    silent = not arrival.evidence or any(answer.outcome in DOWN for answer in arrival.evidence)
    if arrival.application.pin and silent and not verification.contradicted:
        await defer(arrival.session, "verify_person", lock=f"person:{person_id}", person_id=str(person_id))


async def _admission(arrival: Arrival, person_id: UUID, **values: Any) -> Admission:
    entry = await person_by_id(arrival.session, person_id)
    assert entry is not None, "the entry was just written"
    status = await identity_status(arrival.session, entry.person_id, at=arrival.at)
    return Admission(person_id=entry.person_id, isuo_no=entry.isuo_no, verification=status, **values)


def _explain(decision: Decision[UUID]) -> tuple[str, ...]:
    opinions = [decision.opinion] if isinstance(decision, Match) else decision.opinions[:1]
    lines = []
    for opinion in opinions:
        lines.append(f"{opinion.rule} ({opinion.weight:+.1f} bits)")
        lines += [f"{item.field}: {item.text} ({item.weight:+.1f})" for item in opinion.evidence]
    return tuple(lines)
