"""The logins behind the references of accounts: who did something is a name, never a number."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.model import Account

_ACCOUNT = "isuo."


async def logins_of(session: AsyncSession, references: Iterable[str | None]) -> Mapping[str, str]:
    """Give the login of each reference that is an account's; the machine's own name is not among them."""
    ids = {UUID(each.removeprefix(_ACCOUNT)) for each in references if each and _is_account(each)}
    if not ids:
        return {}
    found = await session.execute(select(Account.id, Account.login).where(Account.id.in_(ids)))
    return {f"{_ACCOUNT}{row.id.hex}": row.login for row in found}


def _is_account(reference: str) -> bool:
    letters = reference.removeprefix(_ACCOUNT)
    return reference.startswith(_ACCOUNT) and len(letters) == 32 and set(letters) <= set("0123456789abcdef")
