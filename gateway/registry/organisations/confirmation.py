"""The head's confirmation of the passport: bound to its content, and good for a number of days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.foundation.errors import InputRefused
from gateway.registry.organisations.model import OrganisationConfirmation
from gateway.registry.organisations.passport import Passport, read_passport
from gateway.registry.organisations.registering import SUBJECT
from gateway.registry.reading import registry_seq
from gateway.registry.repository import record_event
from gateway.registry.writing import write

STALE_AFTER_DAYS = 180


class PassportState(StrEnum):
    """Whether the passport can be relied on."""

    NOT_CONFIRMED = "NOT_CONFIRMED"
    CONFIRMED = "CONFIRMED"
    CHANGED_AFTER_CONFIRMATION = "CHANGED_AFTER_CONFIRMATION"
    STALE = "STALE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassportStanding:
    """The passport with what its last confirmation is worth now."""

    passport: Passport
    state: PassportState
    confirmed_at: datetime | None
    confirmed_by: str | None


async def confirm_passport(
    session: AsyncSession,
    organisation_id: UUID,
    *,
    confirmed_by: str,
    at: datetime,
    signature_id: UUID | None = None,
) -> UUID:
    """Record that the head stands for the passport as it is now, and give the confirmation's id."""
    if not confirmed_by.strip():
        raise InputRefused((("confirmed_by", "MISSING"),))
    passport, confirmation_id = await read_passport(session, organisation_id, on=day_of(at)), uuid4()
    await write(
        session,
        insert(OrganisationConfirmation).values(
            id=confirmation_id,
            organisation_id=organisation_id,
            registry_seq=await registry_seq(session),
            digest=passport.digest(),
            completeness=passport.completeness,
            confirmed_by=confirmed_by,
            signature_id=signature_id,
            confirmed_at=at,
        ),
    )
    await record_event(session, "PASSPORT_CONFIRMED", organisation_id, at=at, subject_type=SUBJECT)
    return confirmation_id


async def passport_standing(
    session: AsyncSession, organisation_id: UUID, *, at: datetime, stale_after_days: int = STALE_AFTER_DAYS
) -> PassportStanding:
    """Read the passport and say whether it was confirmed as it stands, changed since, or confirmed too long ago."""
    passport = await read_passport(session, organisation_id, on=day_of(at))
    last = await _last_confirmation(session, organisation_id, at)
    return PassportStanding(
        passport=passport,
        state=_state(passport, last, at, timedelta(days=stale_after_days)),
        confirmed_at=last.confirmed_at if last else None,
        confirmed_by=last.confirmed_by if last else None,
    )


async def _last_confirmation(session: AsyncSession, organisation_id: UUID, at: datetime) -> Any:
    return await session.scalar(
        select(OrganisationConfirmation)
        .where(
            OrganisationConfirmation.organisation_id == organisation_id,
            OrganisationConfirmation.confirmed_at <= at,
        )
        .order_by(OrganisationConfirmation.confirmed_at.desc())
        .limit(1)
    )


def _state(passport: Passport, last: Any, at: datetime, good_for: timedelta) -> PassportState:
    if last is None:
        return PassportState.NOT_CONFIRMED
    if last.digest != passport.digest():
        return PassportState.CHANGED_AFTER_CONFIRMATION
    return PassportState.STALE if at - last.confirmed_at > good_for else PassportState.CONFIRMED
