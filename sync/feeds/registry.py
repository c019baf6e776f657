"""Our own events as a feed: what must follow from a change follows from its event, once."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.corrections import UNMERGED, VALUE_RETRACTED, examine_changes
from gateway.foundation.background_settings import FeedSettings
from gateway.foundation.database import Database
from gateway.intake.reactions import DECEASED, REVOKED, close_ways_in, open_ways_in
from gateway.registry.timeline.feed import START, FeedEvent, read_event, read_feed
from sync.feeds.engine import Effect, Item, Page

NAME = "registry"
_PAGE = 500


class RegistryFeed:
    """The registry's events in the order in which they were settled."""

    name = NAME

    def __init__(self, database: Database, choice: FeedSettings) -> None:
        """Take where the events stand."""
        self._database, self._choice = database, choice

    async def pages(self, cursor: str, *, at: datetime) -> AsyncIterator[Page]:
        """Walk on from the cursor as far as events are settled; only those with consequences become items."""
        place = cursor or START
        more = True
        while more:
            async with self._database.transaction() as session:
                found = await read_feed(session, after=place, limit=_PAGE)
            items = (
                Item(key=str(event.seq), version="", content=event)
                for event in found.events
                if event.type in CONSEQUENCES
            )
            yield Page(cursor=found.cursor, items=tuple(items), answered_at=at)
            place, more = found.cursor, found.has_more

    async def again(self, key: str, page: str, *, at: datetime) -> AsyncIterator[Page]:
        """Give the event anew by its number."""
        async with self._database.transaction() as session:
            event = await read_event(session, int(key))
        items = (Item(key=key, version="", content=event),) if event else ()
        yield Page(cursor=page, items=items, answered_at=at)

    def later(self, one: str, other: str) -> str:
        """Give the cursor that lies further on."""
        return max(one or START, other or START, key=_place)

    async def take(self, session: AsyncSession, item: Item, page: Page, *, at: datetime) -> Effect:  # noqa: ARG002
        """Let an event have its consequences."""
        event = item.content
        if not isinstance(event, FeedEvent):
            raise TypeError("this is no event of the registry")
        name = await CONSEQUENCES[event.type](session, event, at)
        return Effect(name=name, subject_id=event.subject_id)


async def _close(session: AsyncSession, event: FeedEvent, at: datetime) -> str:
    return "CLOSED" if await close_ways_in(session, event.subject_id, at=at) else "NOTHING"


async def _open(session: AsyncSession, event: FeedEvent, at: datetime) -> str:  # noqa: ARG001
    return "OPENED" if await open_ways_in(session, event.subject_id) else "NOTHING"


async def _examine(session: AsyncSession, event: FeedEvent, at: datetime) -> str:  # noqa: ARG001
    return "MARKED" if await examine_changes(session, at=at) else "NOTHING"


CONSEQUENCES = {DECEASED: _close, REVOKED: _open, UNMERGED: _examine, VALUE_RETRACTED: _examine}


def _place(cursor: str) -> tuple[int, int]:
    xid, _, seq = cursor.partition(".")
    return int(xid), int(seq)
