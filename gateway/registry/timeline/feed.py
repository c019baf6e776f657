"""The registry's changes in an order in which none can be missed: what a change feed is read from.

Numbers are given when an event is written and seen when its transaction commits, so a smaller number may
appear after a greater one. The feed therefore shows only events of transactions older than the oldest one
still running, ordered by transaction: what was read once stays a prefix of what will be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused
from gateway.registry.model import RegistryEvent

_HORIZON = text("(select registry_xid_base() + pg_snapshot_xmin(pg_current_snapshot())::text::bigint)")
START = "0.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One change: what happened to which subject, since which day; `detail` holds references only."""

    seq: int
    type: str
    subject_type: str
    subject_id: UUID
    at: datetime
    effective_on: date | None
    detail: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Some events and the cursor to ask with next; `has_more` when some are ready beyond them."""

    events: tuple[FeedEvent, ...]
    cursor: str
    has_more: bool


async def read_feed(session: AsyncSession, *, after: str = START, limit: int = 1000) -> FeedPage:
    """Read the settled events that follow a cursor; raises InputRefused for a cursor that is none.

    A long transaction of anybody in the database delays the feed, and never makes it lose an event.
    """
    place = tuple_(RegistryEvent.xid, RegistryEvent.seq)
    statement = (
        select(RegistryEvent)
        .where(place > _place(after), RegistryEvent.xid < cast(_HORIZON, BigInteger))
        .order_by(RegistryEvent.xid, RegistryEvent.seq)
        .limit(limit + 1)
    )
    rows = (await session.execute(statement)).scalars().all()
    shown = rows[:limit]
    return FeedPage(
        events=tuple(_event(row) for row in shown),
        cursor=f"{shown[-1].xid}.{shown[-1].seq}" if shown else after,
        has_more=len(rows) > limit,
    )


async def read_event(session: AsyncSession, seq: int) -> FeedEvent | None:
    """Read one event by its number; None where there is none."""
    row = await session.scalar(select(RegistryEvent).where(RegistryEvent.seq == seq))
    return _event(row) if row else None


async def feed_lag(session: AsyncSession) -> int:
    """Count the visible events that wait behind a transaction still running."""
    found = await session.execute(select(func.count()).where(RegistryEvent.xid >= cast(_HORIZON, BigInteger)))
    return int(found.scalar_one())


def _place(cursor: str) -> tuple[int, int]:
    xid, dot, seq = cursor.partition(".")
    if not dot or not (xid.isascii() and xid.isdigit() and seq.isascii() and seq.isdigit()):
        raise InputRefused((("cursor", "NOT_A_CURSOR"),))
    return int(xid), int(seq)


def _event(row: RegistryEvent) -> FeedEvent:
    return FeedEvent(
        seq=row.seq,
        type=row.type,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        at=row.at,
        effective_on=row.effective_on,
        detail=row.detail,
    )
