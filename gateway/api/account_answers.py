"""Accounts with their grants as the API shows them."""

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.model import Account, RoleGrant, Undertaking
from gateway.access.values import AccountState, Role, ScopeType
from gateway.api.access_bodies import AccountAnswer, GrantAnswer
from gateway.foundation.clock import utc_now


async def account_answers(
    session: AsyncSession, within: ColumnElement[bool], *, limit: int, account_id: UUID | None = None
) -> list[AccountAnswer]:
    """Read accounts within reach with what they are appointed to; by id, that one."""
    wanted = Account.id == account_id if account_id else true()
    found = await session.execute(
        select(Account).where(within, wanted).order_by(Account.created_at, Account.id).limit(limit)
    )
    shown = list(found.scalars())
    grants = await _grants(session, [account.id for account in shown])
    papers = await _papers(session, [account.id for account in shown])
    return [_answer(account, grants.get(account.id, []), papers) for account in shown]


def _answer(account: Account, grants: list[GrantAnswer], papers: dict[UUID, Undertaking]) -> AccountAnswer:
    paper = papers.get(account.id)
    return AccountAnswer(
        id=account.id,
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


async def _grants(session: AsyncSession, account_ids: list[UUID]) -> dict[UUID, list[GrantAnswer]]:
    found = await session.execute(
        select(RoleGrant)
        .where(RoleGrant.account_id.in_(account_ids))
        .order_by(RoleGrant.granted_at, RoleGrant.id)
    )
    grouped: dict[UUID, list[GrantAnswer]] = {}
    for row in found.scalars():
        grouped.setdefault(row.account_id, []).append(_grant(row))
    return grouped


async def _papers(session: AsyncSession, account_ids: list[UUID]) -> dict[UUID, Undertaking]:
    today = utc_now().date()
    found = await session.execute(
        select(Undertaking)
        .where(
            Undertaking.account_id.in_(account_ids),
            Undertaking.withdrawn_at.is_(None),
            or_(Undertaking.valid_until.is_(None), Undertaking.valid_until > today),
        )
        .order_by(Undertaking.signed_on)
    )
    return {row.account_id: row for row in found.scalars()}


def _grant(row: RoleGrant) -> GrantAnswer:
    return GrantAnswer(
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
