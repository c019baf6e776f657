"""The trace: chained, append-only, and honest about what was changed."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.access.acts import Act, first_broken_act, head_of_acts, record_act
from gateway.foundation.database import Database


async def _record(database: Database, number: int) -> None:
    async with database.transaction() as session:
        await record_act(session, Act(act="VIEW", object="PERSON", object_id=str(number)))


async def test_acts_written_at_once_make_one_chain(database: Database) -> None:
    """Twenty writers at the same time leave neither gap nor fork."""
    await asyncio.gather(*(_record(database, number) for number in range(20)))
    async with database.transaction() as session:
        assert await first_broken_act(session) is None
        assert (await head_of_acts(session))[0] == 20


@pytest.mark.parametrize(
    "statement", ["update access_act set reason = 'x'", "delete from access_act", "truncate access_act"]
)
async def test_an_act_is_never_changed(database: Database, statement: str) -> None:
    """Not even the owner of the table changes or deletes an act while the triggers stand."""
    await _record(database, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.transaction() as session:
            await session.execute(text(statement))


@pytest.mark.parametrize(
    ("forgery", "found_at"),
    [
        ("update access_act set allowed = not allowed where seq = 3", 3),
        ("delete from access_act where seq = 2", 3),
        ("update access_act set seq = seq + 10 where seq = 4", 14),
    ],
)
@pytest.mark.requirement("R-060")
async def test_a_forged_act_is_named(database: Database, forgery: str, found_at: int) -> None:
    """With the triggers taken away, a changed, a missing and a moved act are each found at their place."""
    for number in range(4):
        await _record(database, number)
    async with database.transaction() as session:
        await session.execute(text("alter table access_act disable trigger user"))
        await session.execute(text(forgery))
        assert await first_broken_act(session) == found_at
