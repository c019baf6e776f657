"""What is asked at the same time goes in one SELECT, the way the journal's writer shares its commits."""

import asyncio
from collections.abc import Iterator
from typing import Any, TypeAlias

import psycopg

from gateway.foundation.reader import PreparedSelect, Reader

_MOST_KEYS = 64
_Future: TypeAlias = "asyncio.Future[list[Any]]"
_Waiting: TypeAlias = dict[str, list[_Future]]


class Gathering:
    """Answers one SELECT for many keys: it takes the text array `keys`, and its column `key` tells whose a row is.

    One round trip is under way at a time; who asks meanwhile goes with the next one.
    """

    def __init__(self, reader: Reader, statement: PreparedSelect) -> None:
        """Prepare; nothing is asked yet."""
        self._reader = reader
        self._statement = statement
        self._waiting: _Waiting = {}
        self._work: asyncio.Task[None] | None = None

    async def rows(self, key: str) -> list[Any]:
        """Give the rows of one key; raises psycopg.Error when the database is away or refuses."""
        loop = asyncio.get_running_loop()
        future: _Future = loop.create_future()
        self._waiting.setdefault(key, []).append(future)
        if self._work is None:  # it begins after everybody who can run now has asked
            self._work = loop.create_task(self._serve(), name="gathering")
        return await future

    async def close(self) -> None:
        """Answer who waits."""
        if self._work is not None:
            await self._work

    async def _serve(self) -> None:
        try:
            while self._waiting:
                await self._answer({key: self._waiting.pop(key) for key in list(self._waiting)[:_MOST_KEYS]})
        finally:
            self._work = None

    async def _answer(self, waiting: _Waiting) -> None:
        found: dict[str, list[Any]] = {key: [] for key in waiting}
        try:
            for row in await self._reader.rows(self._statement, keys=list(waiting)):
                found[row.key].append(row)
            for key, future in _still(waiting):
                future.set_result(found[key])
        except (psycopg.Error, OSError) as error:
            for _, future in _still(waiting):
                future.set_exception(error)
        finally:
            for _, future in _still(waiting):  # nobody waits for ever
                future.cancel()


def _still(waiting: _Waiting) -> Iterator[tuple[str, _Future]]:
    """Give who has neither been told nor left."""
    for key, futures in waiting.items():
        for future in futures:
            if not future.done():
                yield key, future
