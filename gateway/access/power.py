"""How far one account's power over another goes: whom it may appoint, and whose account it manages."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.decide import decide
from gateway.access.errors import not_found, refused
from gateway.access.matrix import MATRIX, AppointmentRule
from gateway.access.model import Account, OrganisationLevel
from gateway.access.standing import grants_in_force
from gateway.access.values import Action, Caller, Grant, Kind, Level, Role, ScopeType
from gateway.registry.model import Organisation

APPOINTMENT_FORBIDDEN = "APPOINTMENT_FORBIDDEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an appointment is: its organisation as far as the rules ask."""

    organisation_id: UUID | None = None
    soate: str | None = None
    level: Level | None = None


def rule_for(by: Caller, role: Role, place: Place) -> AppointmentRule | None:
    """Find the rule by which a caller may appoint to a role at a place; None where there is none."""
    for rule in MATRIX.appointments:
        if role not in rule.roles or (rule.levels is not None and place.level not in rule.levels):
            continue
        if any(_reaches(grant, place) for grant in by.grants if grant.role is rule.by):
            return rule
    return None


def _reaches(grant: Grant, place: Place) -> bool:
    if grant.scope_type is ScopeType.REPUBLIC:
        return True
    if place.organisation_id is None:
        return False
    if grant.scope_type is ScopeType.TERRITORY:
        return bool(grant.territory and place.soate and place.soate.startswith(grant.territory))
    return grant.scope_type is ScopeType.ORGANISATION and grant.organisation_id == place.organisation_id


async def place_of(session: AsyncSession, organisation_id: UUID | None) -> Place:
    """Read a place; raises AccessError (NOT_FOUND…) for an organisation that is not there."""
    if organisation_id is None:
        return Place()
    found = await session.execute(
        select(Organisation.soate, OrganisationLevel.level)
        .join(OrganisationLevel, OrganisationLevel.organisation_id == Organisation.id, isouter=True)
        .where(Organisation.id == organisation_id)
    )
    row = found.one_or_none()
    if row is None:
        raise not_found()
    level = Level(row.level) if row.level else None
    return Place(organisation_id=organisation_id, soate=row.soate, level=level)


async def other_account(session: AsyncSession, account_id: UUID, by: Caller) -> Account:
    """Read and lock somebody else's account; raises AccessError for none and for the own one."""
    if account_id == by.account_id:
        raise refused("OWN_ACCOUNT")
    found = await session.execute(select(Account).where(Account.id == account_id).with_for_update())
    account = found.scalar_one_or_none()
    if account is None:
        raise not_found()
    return account


async def managed_account(session: AsyncSession, account_id: UUID, by: Caller) -> Account:
    """Read and lock an account the caller manages; raises AccessError, the same for none and for another's.

    Every role in force of that account must be at a place within the caller's reach, and every role given by
    order one the caller may appoint to: who may set a password may act under it.
    """
    decision = decide(by, Action.MANAGE, Kind.ACCOUNT)
    visible = await session.execute(select(Account.id).where(Account.id == account_id, decision.filter))
    if visible.scalar_one_or_none() is None:
        raise not_found()
    account = await other_account(session, account_id, by)
    for grant in await grants_in_force(session, account_id):
        place = await place_of(session, grant.organisation_id)
        if not any(_reaches(own, place) for own in decision.grants):
            raise refused(APPOINTMENT_FORBIDDEN)
        if MATRIX.roles[grant.role].order and rule_for(by, grant.role, place) is None:
            raise refused(APPOINTMENT_FORBIDDEN)
    return account
