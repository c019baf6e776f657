"""One database for all tests of this folder: each test's transactions are savepoints of one that is undone."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from gateway.foundation.database import Database
from tests.conftest import _admin, _with_name


class Rehearsal:
    """Stands where a Database does; what a transaction commits is checked as a commit would, and later undone."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(
            bind=self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        )
        async with session, session.begin():
            yield session
            await session.execute(text("set constraints all immediate"))
            await session.execute(text("set constraints all deferred"))


@pytest.fixture(scope="package")
def shared_url(postgres: str, template: str) -> Iterator[str]:
    """The address of the folder's database."""
    name = f"kopuro_sections_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}" template "{template}" strategy file_copy')
    yield _with_name(postgres, name)
    _admin(postgres, f'drop database "{name}" with (force)')


@pytest_asyncio.fixture
async def database(shared_url: str) -> AsyncIterator[Rehearsal]:
    """The folder's database as this test finds it: migrated, with the books, and nothing else."""
    real = Database(shared_url)
    async with real.engine.connect() as connection:
        outer = await connection.begin()
        yield Rehearsal(connection)
        await outer.rollback()
    await real.close()
