"""Accounts with their grants, as those see them who manage them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.model import Account, RoleGrant, Undertaking
from gateway.access.values import AccountState, Role, ScopeType
from gateway.foundation.clock import today


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEntry:
    """A role with its reach and time."""

    id: UUID
    role: Role
    scope_type: ScopeType
    territory: str | None
    organisation_id: UUID | None
    class_id: UUID | None
    order_no: str | None
    order_on: date | None
    valid_from: date
    valid_until: date | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEntry:
    """An account with what it is appointed to."""

    id: UUID
    person_id: UUID
    login: str
    state: AccountState
    identified_kind: str | None
    identified_ref: str | None
    identified_at: datetime | None
    blocked_at: datetime | None
    blocked_reason: str
    undertaken_until: date | None
    undertaken: bool
    grants: tuple[GrantEntry, ...]


async def list_accounts(
    session: AsyncSession, within: ColumnElement[bool], *, limit: int, account_id: UUID | None = None
) -> list[AccountEntry]:
    """Read accounts within reach with what they are appointed to; by id, that one."""
    wanted = Account.id == account_id if account_id else true()
    found = await session.execute(
        select(Account).where(within, wanted).order_by(Account.created_at, Account.id).limit(limit)
    )
    shown = list(found.scalars())
    grants = await _grants(session, [account.id for account in shown])
    papers = await _papers(session, [account.id for account in shown])
    return [_entry(account, grants.get(account.id, ()), papers) for account in shown]


def _entry(account: Account, grants: tuple[GrantEntry, ...], papers: dict[UUID, Undertaking]) -> AccountEntry:
    paper = papers.get(account.id)
    return AccountEntry(
        id=account.id,
        person_id=account.person_id,
        login=account.login,
        state=AccountState(account.state),
        identified_kind=account.identified_kind,
        identified_ref=account.identified_ref,
        identified_at=account.identified_at,
        blocked_at=account.blocked_at,
        blocked_reason=account.blocked_reason,
        undertaken=paper is not None,
        undertaken_until=paper.valid_until if paper else None,
        grants=grants,
    )


async def _grants(session: AsyncSession, account_ids: list[UUID]) -> dict[UUID, tuple[GrantEntry, ...]]:
    found = await session.execute(
        select(RoleGrant)
        .where(RoleGrant.account_id.in_(account_ids))
        .order_by(RoleGrant.granted_at, RoleGrant.id)
    )
    grouped: dict[UUID, tuple[GrantEntry, ...]] = {}
    for row in found.scalars():
        grouped[row.account_id] = (*grouped.get(row.account_id, ()), _grant(row))
    return grouped


async def _papers(session: AsyncSession, account_ids: list[UUID]) -> dict[UUID, Undertaking]:
    found = await session.execute(
        select(Undertaking)
        .where(
            Undertaking.account_id.in_(account_ids),
            Undertaking.withdrawn_at.is_(None),
            or_(Undertaking.valid_until.is_(None), Undertaking.valid_until > today()),
        )
        .order_by(Undertaking.signed_on)
    )
    return {row.account_id: row for row in found.scalars()}


def _grant(row: RoleGrant) -> GrantEntry:
    return GrantEntry(
        id=row.id,
        role=Role(row.role),
        scope_type=ScopeType(row.scope_type),
        territory=row.territory,
        organisation_id=row.organisation_id,
        class_id=row.class_id,
        order_no=row.order_no,
        order_on=row.order_on,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_at=row.ended_at,
    )
