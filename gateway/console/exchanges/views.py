"""Saved views of the list: a name for a query and its columns, one's own or everybody's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, Text, delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.errors import not_found
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Base
from gateway.foundation.errors import InputRefused

MOST_VIEWS = 50
LONGEST_NAME = 80


class ExchangeView(Base):
    """One saved view; `shared` ones are shown to everybody who may see the list."""

    __tablename__ = "exchange_view"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str]
    query: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    shared: Mapped[bool]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


async def views_for(session: AsyncSession, account_id: UUID) -> Sequence[ExchangeView]:
    """List one's own views and the shared ones, by name."""
    found = await session.execute(
        select(ExchangeView)
        .where(or_(ExchangeView.account_id == account_id, ExchangeView.shared))
        .order_by(ExchangeView.shared, ExchangeView.name)
        .limit(4 * MOST_VIEWS)
    )
    return found.scalars().all()


async def save_view(
    session: AsyncSession, account_id: UUID, name: str, *, query: str, columns: Sequence[str], shared: bool
) -> None:
    """Save a view; raises InputRefused for a name that is none, or for one view too many."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise InputRefused((("name", "REQUIRED"),))
    kept = select(func.count()).select_from(ExchangeView).where(ExchangeView.account_id == account_id)
    if (await session.execute(kept)).scalar_one() >= MOST_VIEWS:
        raise InputRefused((("name", "TOO_LONG"),))
    await session.execute(
        insert(ExchangeView).values(
            id=uuid4(),
            account_id=account_id,
            name=name.strip(),
            query=query,
            columns=list(columns),
            shared=shared,
            made_at=utc_now(),
        )
    )


async def remove_view(session: AsyncSession, account_id: UUID, view_id: UUID) -> None:
    """Remove one's own view; raises AccessError for another's and for none alike."""
    removed = await session.execute(
        delete(ExchangeView)
        .where(ExchangeView.id == view_id, ExchangeView.account_id == account_id)
        .returning(ExchangeView.id)
    )
    if removed.first() is None:
        raise not_found()
