"""Take a feed in, page by page: inbox rows, their effects and the cursor are one transaction.

A worker killed in the middle leaves nothing of its page behind, and the page comes again; a record that came
before, on a neighbouring page or by asking again, is known by its key and version and does nothing twice.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedCursor, FeedItem, FeedPage
from gateway.exchange.dead_letters import Cause, Death, bury, cause_of
from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError

DEAD, REPEATED = "DEAD", "REPEATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A record of a feed: the source's key and version of it, and what it says (never logged)."""

    key: str
    version: str
    content: object = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a record did: a word for it, whom it was about, the case it opened."""

    name: str
    subject_id: UUID | None = None
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a feed. `cursor` is where to go on once it is taken in; a `code` says that it was not answered."""

    cursor: str
    name: str = ""
    items: tuple[Item, ...] = ()
    unreadable: tuple[str, ...] = ()
    exchange_id: UUID | None = None
    answered_at: datetime | None = None
    code: str = ""


class Feed(Protocol):
    """A feed: how its pages are got, and what a record of it does to the registry."""

    @property
    def name(self) -> str:
        """The name its cursor stands under."""

    def pages(self, cursor: str, *, at: datetime) -> AsyncIterator[Page]:
        """Walk on from a cursor ("" at the very beginning); it ends behind the first page not answered."""

    def again(self, key: str, page: str, *, at: datetime) -> AsyncIterator[Page]:
        """Walk once more over the pages on which a record stood; it ends behind the first page not answered."""

    def later(self, one: str, other: str) -> str:
        """Give the later of two cursors: a cursor never goes back by itself."""

    async def take(self, session: AsyncSession, item: Item, page: Page, *, at: datetime) -> Effect:
        """Let a record act, in the page's transaction; raises RegistryError where the registry refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What one run took in: pages, effects by name, and why it ended early, if it did."""

    pages: int
    effects: Counter[str]
    code: str = ""
    more: bool = False


async def follow(database: Database, feed: Feed, *, at: datetime, pages: int) -> Followed:
    """Take in what there is, `pages` at most, each page in a transaction of its own; a page not answered ends it."""
    effects: Counter[str] = Counter()
    async with database.transaction() as session:
        cursor = await _begin(session, feed, at)
    taken = 0
    walk = feed.pages(cursor, at=at)
    async for page in walk:
        if page.code:
            await _note_silence(database, feed, page, at)
            return Followed(pages=taken, effects=effects, code=page.code)
        async with database.transaction() as session:
            effects += await take_page(session, feed, page, at=at)
        taken += 1
        if taken >= pages:
            return Followed(pages=taken, effects=effects, more=True)
    return Followed(pages=taken, effects=effects)


async def _begin(session: AsyncSession, feed: Feed, at: datetime) -> str:
    fresh = insert(FeedCursor).values(feed=feed.name, cursor="", changed_at=at)
    await session.execute(fresh.on_conflict_do_nothing())
    asked = update(FeedCursor).where(FeedCursor.feed == feed.name).values(asked_at=at)
    return str((await session.execute(asked.returning(FeedCursor.cursor))).scalar_one())


async def _note_silence(database: Database, feed: Feed, page: Page, at: datetime) -> None:
    async with database.transaction() as session:
        await session.execute(
            update(FeedCursor)
            .where(FeedCursor.feed == feed.name)
            .values(failures=FeedCursor.failures + 1, last_code=page.code, changed_at=at)
        )


async def take_page(session: AsyncSession, feed: Feed, page: Page, *, at: datetime) -> Counter[str]:
    """Take one page in, all of it or nothing; two workers take the same feed one after the other."""
    stored = await session.execute(
        select(FeedCursor.cursor).where(FeedCursor.feed == feed.name).with_for_update()
    )
    cursor = feed.later(stored.scalar_one(), page.cursor)
    effects: Counter[str] = Counter()
    for item in page.items:
        effects[await take_item(session, feed, item, page, at)] += 1
    for key in page.unreadable:
        await bury(session, death_of(feed, f"{key}@{page.name}", Cause.BROKEN_ANSWER, "unreadable"), at=at)
        effects[DEAD] += 1
    await _note_page(session, feed, page, at)
    seen = {"seen_at": at} if effects else {}
    await session.execute(
        update(FeedCursor)
        .where(FeedCursor.feed == feed.name)
        .values(
            cursor=cursor, answered_at=page.answered_at or at, failures=0, last_code="", changed_at=at, **seen
        )
    )
    return effects


async def _note_page(session: AsyncSession, feed: Feed, page: Page, at: datetime) -> None:
    if not page.name:
        return
    told = {
        "items": len(page.items) + len(page.unreadable),
        "exchange_id": page.exchange_id,
        "taken_at": at,
    }
    row = insert(FeedPage).values(feed=feed.name, page=page.name, **told)
    await session.execute(row.on_conflict_do_update(index_elements=["feed", "page"], set_=told))


async def take_item(session: AsyncSession, feed: Feed, item: Item, page: Page, at: datetime) -> str:
    """Take a record in unless it came before; gives the name of its effect."""
    row = insert(FeedItem).values(
        feed=feed.name,
        item_key=item.key,
        version=item.version,
        page=page.name or page.cursor,
        digest=sha256(repr(item.content).encode()).digest(),
        effect="",
        received_at=at,
    )
    fresh = await session.execute(row.on_conflict_do_nothing().returning(FeedItem.item_key))
    if fresh.first() is None:
        return REPEATED
    return await let_act(session, feed, item, page, at=at)


async def let_act(
    session: AsyncSession, feed: Feed, item: Item, page: Page, *, at: datetime, attempts: int = 1
) -> str:
    """Let a record that stands in the inbox act, or be a dead letter; gives the name of its effect."""
    try:
        async with session.begin_nested():
            effect = await feed.take(session, item, page, at=at)
    except (RegistryError, DataError, IntegrityError) as error:
        if not getattr(error, "permanent", True):
            raise
        effect = Effect(name=DEAD)
        reference = f"{item.key}@{item.version}"
        died = death_of(feed, reference, cause_of(error), type(error).__name__)
        await bury(session, replace(died, attempts=attempts), at=at)
    await session.execute(
        update(FeedItem)
        .where(FeedItem.feed == feed.name, FeedItem.item_key == item.key, FeedItem.version == item.version)
        .values(effect=effect.name, subject_id=effect.subject_id, case_id=effect.case_id)
    )
    return effect.name


def death_of(feed: Feed, reference: str, cause: Cause, error: str) -> Death:
    """Say what a record of a feed died of."""
    return Death(kind="FEED_ITEM", name=feed.name, reference=reference, cause=cause, error=error)
