"""A feed whose effects can be counted, followed rightly or in two ways that are wrong on purpose."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedCursor
from gateway.foundation.database import Database
from gateway.registry.repository import record_event
from sync.feeds.engine import Effect, Item, Page, follow

NAME, EVENT, PAGE, OVERLAP = "torture", "TORTURED", 20, 5


def subject_of(key: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"torture:{key}")


class TortureFeed:
    """Numbers, twenty a page, the last five of each page again on the next; an effect is an event of the registry."""

    name = NAME

    def __init__(self, numbers: int) -> None:
        self._numbers = numbers

    async def pages(self, cursor: str, *, at: datetime) -> AsyncIterator[Page]:
        for first in range(int(cursor or 0), self._numbers, PAGE):
            shown = range(max(0, first - OVERLAP), min(self._numbers, first + PAGE))
            items = tuple(Item(key=str(each), version="1", content=each) for each in shown)
            yield Page(cursor=str(first + PAGE), items=items, answered_at=at)

    def later(self, one: str, other: str) -> str:
        return str(max(int(one or 0), int(other or 0)))

    async def take(self, session: AsyncSession, item: Item, page: Page, *, at: datetime) -> Effect:
        await record_event(session, EVENT, subject_of(item.key), at=at, subject_type="NUMBER")
        await asyncio.sleep(0.003)  # so that kills find pages half taken in
        return Effect(name=EVENT, subject_id=subject_of(item.key))


async def follow_rightly(database: Database, feed: TortureFeed, *, at: datetime) -> None:
    """Follow as the product does."""
    await follow(database, feed, at=at, pages=8)


async def follow_unkeyed(database: Database, feed: TortureFeed, *, at: datetime) -> None:
    """Wrong: effects are not keyed, so what comes again acts again."""
    async for page in feed.pages(await _cursor(database), at=at):
        async with database.transaction() as session:
            for item in page.items:
                await feed.take(session, item, page, at=at)
            await _advance(session, page.cursor, at)


async def follow_cursor_first(database: Database, feed: TortureFeed, *, at: datetime) -> None:
    """Wrong: the cursor is committed before the effects, so a kill between them loses a page."""
    async for page in feed.pages(await _cursor(database), at=at):
        async with database.transaction() as session:
            await _advance(session, page.cursor, at)
        async with database.transaction() as session:
            for item in page.items[OVERLAP if int(page.cursor) > PAGE else 0 :]:
                await feed.take(session, item, page, at=at)


WAYS = {"": follow_rightly, "unkeyed": follow_unkeyed, "cursor-first": follow_cursor_first}


async def _cursor(database: Database) -> str:
    async with database.transaction() as session:
        found = await session.get(FeedCursor, NAME)
        return found.cursor if found else ""


async def _advance(session: AsyncSession, cursor: str, at: datetime) -> None:
    row = insert(FeedCursor).values(feed=NAME, cursor=cursor, changed_at=at)
    await session.execute(row.on_conflict_do_nothing())
    await session.execute(update(FeedCursor).where(FeedCursor.feed == NAME).values(cursor=cursor))
