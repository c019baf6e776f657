"""The ground: a private PostgreSQL, migrations, jobs in the caller's transaction."""

import pytest
from sqlalchemy import text

from gateway.foundation.database import Database, sqlalchemy_url
from gateway.foundation.errors import SettingsError
from gateway.foundation.queue import defer


async def test_a_rolled_back_transaction_leaves_no_job(database: Database) -> None:
    """A job deferred in a transaction exists only if that transaction commits."""
    with pytest.raises(RuntimeError, match="changed my mind"):
        async with database.transaction() as session:
            await defer(session, "verify_person", person_id="x")
            raise RuntimeError("changed my mind")
    async with database.transaction() as session:
        await defer(session, "verify_person", person_id="y")
    async with database.transaction() as session:
        rows = (
            (await session.execute(text("select args->>'person_id' from procrastinate_jobs"))).scalars().all()
        )
    assert rows == ["y"]


def test_only_postgresql_is_taken() -> None:
    """Another database is refused with a sentence, not met half-way."""
    with pytest.raises(SettingsError, match="PostgreSQL only"):
        sqlalchemy_url("sqlite:///x.db")
