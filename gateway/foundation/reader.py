"""Reading in one round trip: a prepared SELECT over connections kept for that, without session or transaction."""

import asyncio
from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_Connection: TypeAlias = "psycopg.AsyncConnection[Any]"


class PreparedSelect:
    """A SELECT with `bindparam`s, turned into SQL once; the server keeps its plan. Each column needs its own name."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        """Take the statement; it is compiled when it is first used."""
        self._statement = statement

    @cached_property
    def compiled(self) -> tuple[bytes, dict[str, Any]]:
        """Give the SQL and the values of its constants."""
        compiled = self._statement.compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
        return str(compiled).encode(), dict(compiled.params)

    @cached_property
    def _make(self) -> Callable[[Iterable[Any]], Any]:
        kind: Any = namedtuple("Row", list(self._statement.selected_columns.keys()))  # type: ignore[misc]  # noqa: PYI024
        make: Callable[[Iterable[Any]], Any] = kind._make
        return make

    def row_factory(self, _: Any) -> Callable[[Iterable[Any]], Any]:
        """Make rows whose columns have names; psycopg calls it once a result."""
        return self._make


class Reader:
    """Runs prepared SELECTs, at most `connections` at a time; each sees one state of the database."""

    def __init__(self, conninfo: str, *, connections: int) -> None:
        """Prepare; nothing is connected yet."""
        self._conninfo = conninfo
        self._turns = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []

    async def rows(self, statement: PreparedSelect, **values: Any) -> list[Any]:
        """Give the rows with their columns by name; raises psycopg.Error when the database is away or refuses.

        An idle connection may have died with a server that was restarted since: then a new one is tried.
        """
        async with self._turns:
            if self._idle:
                connection = self._idle.pop()
                try:
                    return await self._run(connection, statement, values)
                except psycopg.OperationalError:
                    if not connection.closed:
                        raise
            return await self._run(await self._connect(), statement, values)

    async def close(self) -> None:
        """Disconnect; a later read connects again."""
        while self._idle:
            await self._idle.pop().close()

    async def _run(
        self, connection: _Connection, statement: PreparedSelect, values: dict[str, Any]
    ) -> list[Any]:
        query, constants = statement.compiled
        try:
            async with connection.cursor(binary=True, row_factory=statement.row_factory) as cursor:
                await cursor.execute(query, constants | values, prepare=True)
                return await cursor.fetchall()
        finally:
            if connection.info.transaction_status is TransactionStatus.IDLE:
                self._idle.append(connection)
            else:
                await connection.close()

    async def _connect(self) -> _Connection:
        connection: _Connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, application_name="kopuro reader", connect_timeout=5
        )
        await connection.execute("set session characteristics as transaction read only")
        return connection
