"""The passport of an employee, and what the Social Fund says of the work: information, a case, never a silence."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.access.model import Account, RoleGrant
from gateway.foundation.clock import day_of
from gateway.intake.case_opening import CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.intake.ports import AgencyAnswer, Outcome, PassportRecord
from gateway.registry.model import Person, PersonIdentifier
from gateway.registry.projection import project_person
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    claim_identifier,
    set_identifier_status,
)
from gateway.registry.staff.employing import SocialFund, note_social_fund
from gateway.registry.staff.model import Employment
from gateway.registry.values import IdentifierStatus, Scheme


async def take_passport(
    session: AsyncSession,
    person_id: UUID,
    answer: AgencyAnswer[PassportRecord],
    *,
    policies: Policies,
    at: datetime,
) -> tuple[UUID, ...]:
    """Take the passport agency's word about an employee's passport, and give the cases it opens.

    The same passport with another person is disputed on the later entry and asked about (DUP_STAFF_DOCUMENT); one the
    agency calls void or expired is asked about (STALE).
    """
    record = answer.record
    if answer.outcome is not Outcome.FOUND or record is None or not record.number:
        return ()
    number = f"{record.series or ''}{record.number}"
    holders = await _other_holders(session, person_id, number)
    provenance = Provenance(
        source=answer.source,
        recorded_at=at,
        exchange_id=answer.exchange_id,
        message_id=answer.message_id or "",
        verified_at=answer.answered_at,
        document_on=record.issued_on,
        document_until=record.expires_on,
    )
    await add_assertions(session, person_id, {"passport": number}, provenance=provenance)
    void = is_sound(record, on=day_of(at)) is False
    status = IdentifierStatus.CLAIMED if void or holders else IdentifierStatus.VERIFIED
    await claim_identifier(session, person_id, Scheme.PASSPORT, number, status=status, at=at)
    if void:
        blocked = IdentifierStatus.BLOCKED
        await set_identifier_status(session, person_id, Scheme.PASSPORT, number, status=blocked, at=at)
    await project_person(session, person_id, policies, at=at)
    return (
        *([await _ask_about_double(session, person_id, holders, at)] if holders else []),
        *([await _ask_about_void(session, person_id, at)] if void else []),
    )


def is_sound(passport: PassportRecord, *, on: date) -> bool | None:
    """Tell whether a passport is valid on a day in the agency's word; None where it does not say."""
    if passport.expires_on is not None and passport.expires_on <= on:
        return False
    return passport.valid


async def take_social_fund_word(
    session: AsyncSession, employment_id: UUID, status: SocialFund, *, provenance: Provenance
) -> UUID | None:
    """Note what the fund says; where it ended the work of somebody who has access there, ask to block the access.

    The fund's word ends nothing by itself: it may be late or about another employer. Gives the case, if any.
    """
    await note_social_fund(session, employment_id, status, provenance=provenance)
    if status != "ENDED":
        return None
    row = (
        await session.execute(
            select(Employment.person_id).where(Employment.id == employment_id, _has_access())
        )
    ).scalar_one_or_none()
    if row is None:
        return None
    question = CaseQuestion(
        kind="EMPLOYMENT_MISMATCH",
        person_id=row,
        field="access",
        explanation="the fund says that this work has ended: block the access, or correct the employment",
    )
    return await open_case(session, question, at=provenance.recorded_at)


def _has_access() -> ColumnElement[bool]:
    worker, own = aliased(Person), aliased(Person)
    return exists().where(
        worker.id == Employment.person_id,
        Account.person_id == own.id,
        (own.id == worker.id) | (own.id == worker.master_id) | (own.master_id == worker.id),
        Account.state == "ACTIVE",
        RoleGrant.account_id == Account.id,
        RoleGrant.organisation_id == Employment.organisation_id,
        RoleGrant.ended_at.is_(None),
    )


async def _other_holders(session: AsyncSession, person_id: UUID, number: str) -> tuple[UUID, ...]:
    holder, own = aliased(Person), aliased(Person)
    found = await session.execute(
        select(PersonIdentifier.person_id)
        .join(holder, holder.id == PersonIdentifier.person_id)
        .join(own, own.id == person_id)
        .where(
            PersonIdentifier.scheme == Scheme.PASSPORT,
            PersonIdentifier.value == number,
            PersonIdentifier.valid_until.is_(None),
            PersonIdentifier.status.in_((IdentifierStatus.CLAIMED, IdentifierStatus.VERIFIED)),
            holder.id != own.id,
            holder.master_id.is_distinct_from(own.id),
            own.master_id.is_distinct_from(holder.id),
        )
    )
    return tuple(found.scalars())


async def _ask_about_double(
    session: AsyncSession, person_id: UUID, holders: tuple[UUID, ...], at: datetime
) -> UUID:
    question = CaseQuestion(
        kind="DUP_STAFF_DOCUMENT",
        person_id=person_id,
        field="passport",
        explanation="another person's entry stands with this passport",
        others=holders,
    )
    return await open_case(session, question, at=at)


async def _ask_about_void(session: AsyncSession, person_id: UUID, at: datetime) -> UUID:
    question = CaseQuestion(
        kind="STALE",
        person_id=person_id,
        field="passport",
        explanation="the passport agency calls this passport void or expired",
    )
    return await open_case(session, question, at=at)
