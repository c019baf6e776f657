"""A SELECT written by hand inside a session's transaction: prepared by the server, at a part of a session's cost."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import psycopg
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

_Make = Callable[[Iterable[Any]], Any]


class SessionSelect:
    """A statement in psycopg's own form (`%(name)s`); every column of its answer needs a name of its own."""

    def __init__(self, statement: str) -> None:
        """Take the statement; the server prepares it once a connection."""
        self._statement = statement.encode()
        self._make: _Make | None = None

    async def rows(self, session: AsyncSession, values: Mapping[str, Any]) -> list[Any]:
        """Give the rows with their columns by name, as the session's transaction sees them.

        What the session still holds back is not flushed. Raises SQLAlchemy's OperationalError when the database is
        away.
        """
        raw = await (await session.connection()).get_raw_connection()
        driver = cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
        try:
            async with driver.cursor(binary=True, row_factory=self._row_factory) as cursor:
                await cursor.execute(self._statement, values, prepare=True)
                return await cursor.fetchall()
        except psycopg.OperationalError as error:
            raise OperationalError("select", None, error, hide_parameters=True) from error

    def _row_factory(self, cursor: "psycopg.AsyncCursor[Any]") -> _Make:
        """Make rows whose columns have names; psycopg calls it once a result."""
        if self._make is None and cursor.description:
            names = [column.name for column in cursor.description]
            kind: Any = namedtuple("Row", names)  # type: ignore[misc]  # noqa: PYI024
            self._make = kind._make
        return self._make or tuple
