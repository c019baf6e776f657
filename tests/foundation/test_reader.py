"""Prepared reads: one round trip, shared by who asks at the same time, and nobody hurt by another's trouble."""

import asyncio
from typing import Any

import psycopg
import pytest
from sqlalchemy import ARRAY, Text, bindparam, column, func, literal_column, select, text

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.gathering import Gathering
from gateway.foundation.reader import PreparedSelect, Reader

ASKED = (
    func.unnest(bindparam("keys", type_=ARRAY(Text)))
    .table_valued(column("key", Text))
    .render_derived(name="asked")
)
ECHO = PreparedSelect(
    select(ASKED.c.key, func.upper(ASKED.c.key).label("upper")).where(ASKED.c.key != "none")
)
SLOW = PreparedSelect(select(ASKED.c.key, literal_column("pg_sleep(0.2)::text").label("slept")))
DIVIDED = PreparedSelect(select((literal_column("1") / bindparam("by", type_=None)).label("result")))
SERVER = PreparedSelect(
    select(
        func.pg_backend_pid().label("pid"),
        literal_column("current_setting('transaction_read_only')").label("only"),
    )
)


class Counted(Reader):
    """A reader that remembers what it was asked."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo, connections=2)
        self.asked: list[list[str]] = []

    async def rows(self, statement: PreparedSelect, **values: Any) -> list[Any]:
        self.asked.append(values.get("keys", []))
        return await super().rows(statement, **values)


async def test_what_is_asked_together_goes_together(database: Database) -> None:
    """A hundred questions for ten keys make two round trips at most, and each gets its own rows."""
    reader = Counted(psycopg_conninfo(database.url))
    gathering = Gathering(reader, ECHO)
    keys = [f"k{number % 10}" for number in range(100)]
    answers = await asyncio.gather(*(gathering.rows(key) for key in keys))
    assert [[row.upper for row in rows] for rows in answers] == [[key.upper()] for key in keys]
    assert reader.asked == [[f"k{number}" for number in range(10)]]
    assert await gathering.rows("none") == []
    await gathering.close()
    await reader.close()


async def test_who_asks_meanwhile_goes_with_the_next_round_trip(database: Database) -> None:
    """While one is under way the others gather; a large crowd is divided."""
    reader = Counted(psycopg_conninfo(database.url))
    gathering = Gathering(reader, SLOW)
    first = asyncio.create_task(gathering.rows("first"))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(gathering.rows(key)) for key in ("a", "b")]
    await asyncio.gather(first, *others)
    assert reader.asked == [["first"], ["a", "b"]]
    crowd = Gathering(reader, ECHO)
    await asyncio.gather(*(crowd.rows(str(number)) for number in range(150)))
    assert [len(asked) for asked in reader.asked[2:]] == [64, 64, 22]
    await reader.close()


async def test_who_leaves_takes_nobody_along(database: Database) -> None:
    """A cancelled question does not cancel its neighbours, not even for the same key."""
    reader = Counted(psycopg_conninfo(database.url))
    gathering = Gathering(reader, SLOW)
    leaving, staying = (asyncio.create_task(gathering.rows("one")) for _ in range(2))
    await asyncio.sleep(0.05)
    leaving.cancel()
    assert len(await staying) == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await reader.close()


async def test_an_idle_connection_that_died_is_replaced(database: Database) -> None:
    """After a restart of the server, which is what a terminated session looks like, the next read works."""
    (first,) = await database.read(SERVER)
    async with database.transaction() as session:
        await session.execute(text("select pg_terminate_backend(:pid)"), {"pid": first.pid})
    (second,) = await database.read(SERVER)
    assert second.pid != first.pid


async def test_readers_cannot_write(database: Database) -> None:
    """The connections are read-only, whatever a statement says."""
    (found,) = await database.read(SERVER)
    assert found.only == "on"


async def test_a_refused_statement_is_told_to_everybody_and_harms_no_one(database: Database) -> None:
    """An error reaches whoever asked, and the connection serves on."""
    with pytest.raises(psycopg.Error):
        await database.read(DIVIDED, by=0)
    (found,) = await database.read(DIVIDED, by=1)
    assert found.result == 1
    broken = PreparedSelect(select(ASKED.c.key, literal_column("1 / (length(asked.key) - 3)").label("x")))
    answers = await asyncio.gather(
        *(database.read_together(broken, key) for key in ("abc", "abcd")), return_exceptions=True
    )
    assert [isinstance(answer, psycopg.Error) for answer in answers] == [True, True]
    assert [row.x for row in await database.read_together(broken, "abcd")] == [1]


async def test_a_database_that_is_away_is_an_error_and_not_a_wait() -> None:
    """Nobody waits for ever when nothing answers."""
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(psycopg.OperationalError):
        await away.read_together(ECHO, "x")
    await away.close()
