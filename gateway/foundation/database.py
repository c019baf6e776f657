"""The one database: PostgreSQL, reached by SQLAlchemy's asyncio engine over psycopg."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import MetaData, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from gateway.foundation.errors import SettingsError
from gateway.foundation.gathering import Gathering
from gateway.foundation.reader import PreparedSelect, Reader

_READERS = 4

UNREACHABLE = "the database does not answer: check DATABASE_URL, or unset it to use the private one"

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The declarative base of every table."""

    metadata = MetaData(naming_convention=NAMES)


def sqlalchemy_url(url: str) -> URL:
    """Name the psycopg driver in a plain postgresql:// address; raises SettingsError for another database."""
    made = make_url(url)
    if made.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsError("DATABASE_URL must be a postgresql:// address: Köpürö runs on PostgreSQL only")
    return made.set(drivername="postgresql+psycopg")


def psycopg_conninfo(url: str) -> str:
    """Give the same address for psycopg itself (COPY, Procrastinate)."""
    return sqlalchemy_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """An engine and its sessions; made once per process by wiring."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Prepare the pool; nothing is connected yet."""
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url), pool_size=pool_size, pool_pre_ping=True, hide_parameters=True
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._reader = Reader(psycopg_conninfo(url), connections=min(_READERS, pool_size))
        self._gatherings: dict[PreparedSelect, Gathering] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a session in one transaction: committed at the end, rolled back on any error."""
        async with self._sessions.begin() as session:
            yield session

    async def read(self, statement: PreparedSelect, **values: Any) -> list[Any]:
        """Run one SELECT by itself, at a part of a session's cost; see Reader.rows."""
        return await self._reader.rows(statement, **values)

    async def read_together(self, statement: PreparedSelect, key: str) -> list[Any]:
        """Run one SELECT for the keys that are asked for just now, and give this key's rows; see Gathering."""
        gathering = self._gatherings.get(statement)
        if gathering is None:
            gathering = self._gatherings[statement] = Gathering(self._reader, statement)
        return await gathering.rows(key)

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises SettingsError with what to do."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("select 1"))
        except OperationalError:
            raise SettingsError(UNREACHABLE) from None

    async def close(self) -> None:
        """Give the connections back."""
        for gathering in self._gatherings.values():
            await gathering.close()
        await self._reader.close()
        await self.engine.dispose()
