"""How an account stands now: its grants in force, its undertaking, and what still keeps it out."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Label, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.classes import taught_classes
from gateway.access.errors import refused
from gateway.access.matrix import MATRIX
from gateway.access.model import Account, RoleGrant, Undertaking
from gateway.access.values import AccountState, Caller, Grant, Role, ScopeType
from gateway.foundation.clock import today

BLOCKED, NO_APPOINTMENT, UNDERTAKING_REQUIRED = "BLOCKED", "NO_APPOINTMENT", "UNDERTAKING_REQUIRED"


async def read_caller(session: AsyncSession, account_id: UUID) -> Caller:
    """Read an account as a caller; raises AccessError while it is not identified, blocked or appointed nowhere."""
    row = (
        await session.execute(
            select(Account.state, Account.person_id, Account.login, _undertaken(account_id)).where(
                Account.id == account_id
            )
        )
    ).one()
    if row.state != AccountState.ACTIVE:
        raise refused(row.state)
    grants = await grants_in_force(session, account_id)
    if not grants:
        raise refused(NO_APPOINTMENT)
    return Caller(
        account_id=account_id,
        person_id=row.person_id,
        login=row.login,
        grants=grants,
        undertaken=row.undertaken,
    )


async def admitted_caller(session: AsyncSession, account_id: UUID) -> Caller:
    """Read an account that signs in: besides, every role that asks for an undertaking must have one."""
    caller = await read_caller(session, account_id)
    if not caller.undertaken and any(MATRIX.roles[role].undertaking for role in caller.roles):
        raise refused(UNDERTAKING_REQUIRED)
    return caller


def needs_second_factor(caller: Caller) -> bool:
    """Tell whether a role of the caller asks for a second factor."""
    return any(MATRIX.roles[role].second_factor for role in caller.roles)


async def grants_in_force(session: AsyncSession, account_id: UUID) -> tuple[Grant, ...]:
    """Read the grants that count today."""
    day = today()
    found = await session.execute(
        select(RoleGrant).where(
            RoleGrant.account_id == account_id,
            RoleGrant.ended_at.is_(None),
            RoleGrant.valid_from <= day,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > day),
        )
    )
    grants = tuple(grant_of(row) for row in found.scalars())
    return tuple(
        [
            replace(grant, classes=await taught_classes(session, account_id, grant, on=day))
            if grant.scope_type is ScopeType.CLASS
            else grant
            for grant in grants
        ]
    )


def grant_of(row: RoleGrant) -> Grant:
    """Turn a row into a value."""
    return Grant(
        role=Role(row.role),
        scope_type=ScopeType(row.scope_type),
        territory=row.territory,
        organisation_id=row.organisation_id,
        class_id=row.class_id,
        child_id=row.child_id,
        supervisory_body=row.supervisory_body,
        valid_until=row.valid_until,
        grant_id=row.id,
    )


def _undertaken(account_id: UUID) -> Label[bool]:
    return (
        exists()
        .where(
            Undertaking.account_id == account_id,
            Undertaking.withdrawn_at.is_(None),
            or_(Undertaking.valid_until.is_(None), Undertaking.valid_until > today()),
        )
        .label("undertaken")
    )
