"""A feed of numbered records whose effect can be counted, and a process that follows it and is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.repository import record_event
from sync.feeds.engine import Effect, Item, Page, follow


def subject_of(number: int) -> UUID:
    return uuid5(NAMESPACE_OID, str(number))


class NumberFeed:
    """Pages of ten numbers, the last of each page again on the next; every effect is one event of the registry."""

    name = "numbers"

    def __init__(
        self, numbers: int, *, poison: frozenset[int] = frozenset(), silent_from: int = 1 << 30
    ) -> None:
        self.numbers, self.poison, self.silent_from = numbers, poison, silent_from
        self.dies_at = -1

    async def pages(self, cursor: str, *, at: datetime) -> AsyncIterator[Page]:
        for first in range(max(0, int(cursor or 0) - 10), self.numbers, 10):
            if first >= self.silent_from:
                yield Page(cursor=str(first), code="breaker_open")
                return
            shown = range(max(0, first - 1), min(self.numbers, first + 10))
            items = tuple(Item(key=str(each), version="1", content=each) for each in reversed(shown))
            yield Page(cursor=str(first + 10), items=items, answered_at=at)

    async def again(self, key: str, page: str, *, at: datetime) -> AsyncIterator[Page]:
        async for each in self.pages(page, at=at):
            yield each

    def later(self, one: str, other: str) -> str:
        return str(max(int(one or 0), int(other or 0)))

    async def take(self, session: AsyncSession, item: Item, page: Page, *, at: datetime) -> Effect:
        number = int(item.key)
        await record_event(session, "COUNTED", subject_of(number), at=at, subject_type="NUMBER")
        if number == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if number in self.poison:
            raise RegistryError("this number is refused")
        return Effect(name="COUNTED", subject_id=subject_of(number))


async def _main(url: str, numbers: int, dies_at: int) -> None:
    database = Database(url)
    feed = NumberFeed(numbers)
    feed.dies_at = dies_at
    await follow(database, feed, at=utc_now(), pages=1000)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
