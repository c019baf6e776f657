"""Find acts of the trace, newest first, by cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.model import AccessAct, Account

PAGE = 50
_COLUMNS = (
    AccessAct.seq,
    AccessAct.at,
    AccessAct.act,
    AccessAct.object,
    AccessAct.object_id,
    AccessAct.allowed,
    AccessAct.reason,
    AccessAct.caller,
    AccessAct.account_id,
    AccessAct.peer,
    AccessAct.detail,
    Account.login,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActQuestion:
    """Which acts: of whom, about what, refused ones only, since when; None leaves a condition out."""

    login: str | None = None
    object: str | None = None
    object_id: str | None = None
    refused: bool = False
    since: datetime | None = None
    account_id: UUID | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Write the question as SQL."""
        asked = (
            (Account.login, self.login),
            (AccessAct.object, self.object),
            (AccessAct.object_id, self.object_id),
            (AccessAct.account_id, self.account_id),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in asked if value is not None]
        if self.refused:
            found.append(AccessAct.allowed.is_(False))
        if self.since is not None:
            found.append(AccessAct.at >= self.since)
        return found


async def find_acts(
    session: AsyncSession, question: ActQuestion, *, before: int | None = None, limit: int = PAGE
) -> tuple[Sequence[Row[Any]], int | None]:
    """Find a page of acts and the cursor of the next one, None on the last."""
    query = (
        select(*_COLUMNS)
        .join(Account, Account.id == AccessAct.account_id, isouter=True)
        .where(*question.conditions())
        .order_by(AccessAct.seq.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(AccessAct.seq < before)
    rows = (await session.execute(query)).all()
    return rows[:limit], rows[limit - 1].seq if len(rows) > limit else None
