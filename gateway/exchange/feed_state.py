"""How far every feed is, where it may have a gap, and what its records did: to be seen, and to be set back by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedCursor, FeedItem, FeedPage
from gateway.foundation.background_settings import FeedSettings
from gateway.foundation.errors import RegistryError

NONE, SILENT, BEHIND, MISSING = "NONE", "SILENT", "BEHIND", "MISSING"
_DAY = timedelta(days=1)
_WEEKEND = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed: its cursor, when it was asked, answered and told something, its gap, and its records by effect."""

    feed: str
    cursor: str
    asked_at: datetime | None
    answered_at: datetime | None
    seen_at: datetime | None
    failures: int
    last_code: str
    gap: str
    gap_since: datetime | None
    effects: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenItem:
    """A record that came, and what it did."""

    feed: str
    item_key: str
    version: str
    page: str
    effect: str
    subject_id: UUID | None
    case_id: UUID | None
    received_at: datetime


async def feed_states(session: AsyncSession) -> tuple[FeedState, ...]:
    """Read every feed that was ever asked, by name."""
    counted: dict[str, dict[str, int]] = {}
    rows = await session.execute(
        select(FeedItem.feed, FeedItem.effect, func.count()).group_by(FeedItem.feed, FeedItem.effect)
    )
    for feed, effect, number in rows:
        counted.setdefault(feed, {})[effect] = number
    return tuple(
        FeedState(
            feed=row.feed,
            cursor=row.cursor,
            asked_at=row.asked_at,
            answered_at=row.answered_at,
            seen_at=row.seen_at,
            failures=row.failures,
            last_code=row.last_code,
            gap=row.gap,
            gap_since=row.gap_since,
            effects=counted.get(row.feed, {}),
        )
        for row in await session.scalars(select(FeedCursor).order_by(FeedCursor.feed))
    )


async def taken_items(
    session: AsyncSession, feed: str, *, effect: str | None = None, limit: int = 100
) -> tuple[TakenItem, ...]:
    """Read the records of a feed, the newest first, of one effect if named."""
    asked = select(FeedItem).where(FeedItem.feed == feed).order_by(FeedItem.received_at.desc()).limit(limit)
    if effect:
        asked = asked.where(FeedItem.effect == effect)
    return tuple(
        TakenItem(
            feed=row.feed,
            item_key=row.item_key,
            version=row.version,
            page=row.page,
            effect=row.effect,
            subject_id=row.subject_id,
            case_id=row.case_id,
            received_at=row.received_at,
        )
        for row in await session.scalars(asked)
    )


async def rewind_feed(session: AsyncSession, feed: str, cursor: str, *, at: datetime) -> None:
    """Set a feed's cursor by hand; what came before does nothing twice. Raises RegistryError for an unknown one."""
    changed = await session.execute(
        update(FeedCursor)
        .where(FeedCursor.feed == feed)
        .values(cursor=cursor, changed_at=at, asked_at=None)
        .returning(FeedCursor.feed)
    )
    if changed.first() is None:
        raise RegistryError("there is no such feed, or it was never asked")


async def note_gap(session: AsyncSession, feed: str, choice: FeedSettings, *, at: datetime) -> str:
    """Look whether a feed may have a gap, write it down, and give its kind.

    MISSING: a day before the cursor was never taken in; BEHIND: the source has not answered for too long;
    SILENT: it answers and tells of nothing, for longer than usual on working days.
    """
    row = await session.scalar(select(FeedCursor).where(FeedCursor.feed == feed).with_for_update())
    if row is None:
        return NONE
    gap = await _gap(session, row, choice, at)
    if gap != row.gap:
        row.gap, row.changed_at = gap, at
        row.gap_since = None if gap == NONE else at
        await session.flush()
    return gap


async def _gap(session: AsyncSession, row: FeedCursor, choice: FeedSettings, at: datetime) -> str:
    if await missing_days(session, row.feed):
        return MISSING
    answered_at = row.answered_at
    if answered_at is None:
        return BEHIND if row.failures else NONE
    if at - answered_at > timedelta(hours=choice.behind_hours):
        return BEHIND
    quiet = row.seen_at or answered_at
    if choice.silent_hours and working_time(quiet, at) > timedelta(hours=choice.silent_hours):
        return SILENT
    return NONE


async def missing_days(session: AsyncSession, feed: str) -> tuple[date, ...]:
    """Give the days between the first and the last that were taken in and of which there is no page."""
    pages = (await session.scalars(select(FeedPage.page).where(FeedPage.feed == feed))).all()
    taken = {date.fromisoformat(page) for page in pages}
    if not taken:
        return ()
    first, last = min(taken), max(taken)
    return tuple(day for number in range((last - first).days) if (day := first + number * _DAY) not in taken)


def working_time(since: datetime, until: datetime) -> timedelta:
    """Give how much of a stretch lies on Mondays to Fridays."""
    total, now = timedelta(), since
    while now < until:
        midnight = (now + _DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        ends = min(midnight, until)
        if now.weekday() < _WEEKEND:
            total += ends - now
        now = ends
    return total
