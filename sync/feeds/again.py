"""Try a record of a feed anew that became a dead letter: its page is asked for again, the cursor stays where it is."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import FeedCursor, FeedItem
from gateway.exchange.dead_letters import Cause, Death, Letter, bury
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from sync.feeds.engine import DEAD, Feed, Page, let_act, take_item

UNREADABLE, GONE = "unreadable", "not_there_any_more"


async def take_again(database: Database, feed: Feed, letter: Letter, *, at: datetime) -> str:
    """Take a dead record in and give the name of its effect; one that dies again opens its letter anew.

    Raises AgencyUnavailable where the page is not answered.
    """
    key, _, version = letter.reference.rpartition("@")
    async with database.transaction() as session:
        known = await _row(session, feed.name, key, version)
    if known is not None and known.effect != DEAD:
        return known.effect  # somebody took it in meanwhile
    place = known.page if known else version  # what could not be read is kept under its page
    cause = GONE
    async for page in feed.again(key, place, at=at):
        if page.code:
            raise AgencyUnavailable("the feed did not answer", code=page.code)
        async with database.transaction() as session:
            effect = await _take(session, feed, page, letter, at)
        if effect:
            return effect
        cause = UNREADABLE if key in page.unreadable else cause
    async with database.transaction() as session:
        await bury(session, _death(letter, cause), at=at)
    return DEAD


async def _take(session: AsyncSession, feed: Feed, page: Page, letter: Letter, at: datetime) -> str:
    """Take the record from a page; "" where it is not there. Followers of the feed wait meanwhile."""
    await session.execute(select(FeedCursor.cursor).where(FeedCursor.feed == feed.name).with_for_update())
    key, _, version = letter.reference.rpartition("@")
    known = await _row(session, feed.name, key, version)
    for item in page.items:
        if known is not None and (item.key, item.version) == (key, version):
            return await let_act(session, feed, item, page, at=at, attempts=letter.attempts + 1)
        if known is None and item.key == key:
            return await take_item(session, feed, item, page, at)  # it could not be read before
    return ""


async def _row(session: AsyncSession, feed: str, key: str, version: str) -> FeedItem | None:
    row: FeedItem | None = await session.scalar(
        select(FeedItem).where(FeedItem.feed == feed, FeedItem.item_key == key, FeedItem.version == version)
    )
    return row


def _death(letter: Letter, error: str) -> Death:
    return Death(
        kind="FEED_ITEM",
        name=letter.name,
        reference=letter.reference,
        cause=Cause.BROKEN_ANSWER,
        error=error,
        attempts=letter.attempts + 1,
    )
