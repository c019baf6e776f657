"""Accounts with their grants as the API shows them."""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.listing import list_accounts
from gateway.api.access_bodies import AccountAnswer


async def account_answers(
    session: AsyncSession, within: ColumnElement[bool], *, limit: int, account_id: UUID | None = None
) -> list[AccountAnswer]:
    """Read accounts within reach with what they are appointed to; by id, that one."""
    found = await list_accounts(session, within, limit=limit, account_id=account_id)
    return [AccountAnswer.model_validate(each, from_attributes=True) for each in found]
