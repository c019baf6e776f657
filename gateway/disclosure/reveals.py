"""Unmasking with a reason: for minutes, in one session, for one exchange; kept for ever and shown with the exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Row, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.model import Account
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Base
from gateway.foundation.errors import InputRefused

LASTS = timedelta(minutes=10)
SHORTEST_REASON, LONGEST_REASON = 10, 500
_INSTANT = DateTime(timezone=True)


class ExchangeReveal(Base):
    """One unmasking of an exchange's bodies; never changed."""

    __tablename__ = "exchange_reveal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    exchange_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    session_digest: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str]
    revealed_at: Mapped[datetime] = mapped_column(_INSTANT)
    until_at: Mapped[datetime] = mapped_column(_INSTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealing:
    """Who unmasks which exchange, in which session, and what for."""

    exchange_id: UUID
    account_id: UUID
    session_digest: bytes
    reason: str


async def reveal(session: AsyncSession, wanted: Revealing) -> datetime:
    """Unmask, and give until when; raises InputRefused without a reason that says something."""
    reason = " ".join(wanted.reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InputRefused((("reason", "REASON_TOO_SHORT"),))
    now = utc_now()
    await session.execute(
        insert(ExchangeReveal).values(
            id=uuid4(),
            exchange_id=wanted.exchange_id,
            account_id=wanted.account_id,
            session_digest=wanted.session_digest,
            reason=reason,
            revealed_at=now,
            until_at=now + LASTS,
        )
    )
    return now + LASTS


async def revealed_until(session: AsyncSession, exchange_id: UUID, session_digest: bytes) -> datetime | None:
    """Give until when this session sees an exchange unmasked; None if it does not."""
    found = await session.execute(
        select(ExchangeReveal.until_at)
        .where(
            ExchangeReveal.exchange_id == exchange_id,
            ExchangeReveal.session_digest == session_digest,
            ExchangeReveal.until_at > utc_now(),
        )
        .order_by(ExchangeReveal.until_at.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def reveals_of(session: AsyncSession, exchange_id: UUID) -> Sequence[Row[datetime, datetime, str, str]]:
    """List who unmasked an exchange, when and why, the latest first."""
    found = await session.execute(
        select(ExchangeReveal.revealed_at, ExchangeReveal.until_at, ExchangeReveal.reason, Account.login)
        .join(Account, Account.id == ExchangeReveal.account_id)
        .where(ExchangeReveal.exchange_id == exchange_id)
        .order_by(ExchangeReveal.revealed_at.desc())
        .limit(100)
    )
    return found.all()
