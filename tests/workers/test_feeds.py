"""Feeds: nothing is lost or done twice, whoever dies when; what cannot be taken in stops nothing else."""

import asyncio
import random
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.exchange.dead_letters import dead_letters, settle_letter
from gateway.exchange.feed_state import feed_states, note_gap, rewind_feed, taken_items, working_time
from gateway.foundation.background_settings import FeedSettings
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable, RegistryError
from gateway.operations.actor import Actor
from gateway.operations.work import retry_letter
from sync.feeds.again import take_again
from sync.feeds.engine import follow
from tests.workers.conftest import NOW, SetClock
from tests.workers.feeds import NumberFeed

ROOT = Path(__file__).resolve().parents[2]
CHOICE = FeedSettings(agency="numbers", silent_hours=48, behind_hours=24)


async def counted(database: Database) -> tuple[int, int]:
    """Give how many effects there are, and about how many numbers."""
    async with database.transaction() as session:
        row = (
            await session.execute(
                text(
                    "select count(*) as all, count(distinct subject_id) as numbers from registry_event "
                    "where type = 'COUNTED'"
                )
            )
        ).one()
        return row.all, row.numbers


async def test_a_process_killed_in_the_middle_of_pages_loses_and_doubles_nothing(
    database: Database, database_url: str
) -> None:
    """S-10: after kills at any record of a page every record had its effect once, and the cursor is at the end."""
    chance = random.Random(7)
    for dies_at in (*(chance.randrange(200) for _ in range(3)), -1):
        ended = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.workers.feeds", database_url, "200", str(dies_at), cwd=ROOT
        )
        assert await ended.wait() in {-signal.SIGKILL, 0}
    assert await counted(database) == (200, 200)
    async with database.transaction() as session:
        (state,) = await feed_states(session)
        assert (state.cursor, state.effects) == ("200", {"COUNTED": 200})


async def test_followers_at_once_share_the_work(database: Database, clock: SetClock) -> None:
    """Several followers of one feed at the same time, and a rewind, give each record one effect."""
    await asyncio.gather(
        *(follow(database, NumberFeed(60), at=clock(), pages=1000) for _ in range(4)),
    )
    async with database.transaction() as session:
        await rewind_feed(session, "numbers", "0", at=clock())
    again = await follow(database, NumberFeed(60), at=clock(), pages=1000)
    assert again.effects == {"REPEATED": 60 + 5}
    assert await counted(database) == (60, 60)


async def test_poison_is_a_dead_letter_and_stops_nothing(database: Database, clock: SetClock) -> None:
    """A record the registry refuses leaves no effect but a letter with its cause; the others are taken in."""
    feed = NumberFeed(30, poison=frozenset({13, 14}))
    done = await follow(database, feed, at=clock(), pages=1000)
    assert done.effects == {"COUNTED": 28, "DEAD": 2, "REPEATED": 2}
    assert await counted(database) == (28, 28)
    async with database.transaction() as session:
        letters = await dead_letters(session, kind="FEED_ITEM")
        assert {(one.reference, one.cause) for one in letters} == {
            ("13@1", "REGISTRY_RULE"),
            ("14@1", "REGISTRY_RULE"),
        }
        await settle_letter(session, letters[0].letter_id, "DROPPED", by="o.p", at=clock())
        assert len(await dead_letters(session)) == 1
        with pytest.raises(RegistryError):
            await settle_letter(session, letters[0].letter_id, "DROPPED", by="o.p", at=clock())
        assert len(await taken_items(session, "numbers", effect="DEAD")) == 2


async def test_a_dead_record_is_taken_in_by_a_retry(database: Database, clock: SetClock) -> None:
    """Retried, it has its effect once and leaves the cursor alone; what dies again opens its letter; silence waits."""
    await follow(database, NumberFeed(30, poison=frozenset({13, 14})), at=clock(), pages=1000)
    letters = {}
    async with database.transaction() as session:
        for letter in await dead_letters(session, kind="FEED_ITEM"):
            await retry_letter(session, letter.letter_id, actor=Actor(reference="o.p"), reason="mended")
            letters[letter.reference] = letter
        deferred = await session.execute(
            text("select args from procrastinate_jobs where task_name = 'retry_letter'")
        )
        asked = {args["letter_id"] for args in deferred.scalars()}
        assert asked == {str(letter.letter_id) for letter in letters.values()}
        assert await dead_letters(session) == ()
    mended = NumberFeed(30, poison=frozenset({14}))
    with pytest.raises(AgencyUnavailable):
        await take_again(database, NumberFeed(30, silent_from=0), letters["13@1"], at=clock())
    assert await take_again(database, mended, letters["13@1"], at=clock()) == "COUNTED"
    assert await take_again(database, mended, letters["13@1"], at=clock()) == "COUNTED"
    assert await take_again(database, mended, letters["14@1"], at=clock()) == "DEAD"
    assert await counted(database) == (29, 29)
    async with database.transaction() as session:
        (again,) = await dead_letters(session)
        assert (again.reference, again.attempts) == ("14@1", 2)
        (state,) = await feed_states(session)
        assert (state.cursor, state.effects) == ("30", {"COUNTED": 29, "DEAD": 1})


async def test_a_page_not_answered_ends_the_walk_before_the_gap(database: Database, clock: SetClock) -> None:
    """The cursor stays before what was not answered, and goes on from there when it is."""
    silent = await follow(database, NumberFeed(50, silent_from=20), at=clock(), pages=1000)
    assert (silent.pages, silent.code) == (2, "breaker_open")
    async with database.transaction() as session:
        (state,) = await feed_states(session)
        assert (state.cursor, state.failures, state.last_code) == ("20", 1, "breaker_open")
    some = await follow(database, NumberFeed(50), at=clock(), pages=2)
    assert some.more
    await follow(database, NumberFeed(50), at=clock(), pages=1000)
    assert await counted(database) == (50, 50)


async def test_gaps_are_told(database: Database, clock: SetClock) -> None:
    """Silence on working days, a source that does not answer, and a day nobody took in are alarms with a beginning."""

    async def gap(days: float) -> str:
        clock.now = NOW + timedelta(days=days)
        async with database.transaction() as session:
            return await note_gap(session, "numbers", CHOICE, at=clock())

    await follow(database, NumberFeed(10), at=clock(), pages=1000)
    assert [await gap(days) for days in (0.5, 1.5)] == ["NONE", "BEHIND"]
    for days in (1, 2, 3):  # it answers, and tells of nothing
        clock.now = NOW + timedelta(days=days)
        await follow(database, NumberFeed(0), at=clock(), pages=1000)
        async with database.transaction() as session:
            await session.execute(text("update feed_cursor set answered_at = :now"), {"now": clock()})
    assert await gap(3) == "SILENT"
    async with database.transaction() as session:
        (state,) = await feed_states(session)
        assert state.gap_since == clock()
    assert working_time(NOW, NOW + timedelta(days=7)) == timedelta(days=5)

    async with database.transaction() as session:
        await session.execute(
            text(
                "insert into feed_cursor (feed, cursor, answered_at, changed_at) values ('days', '', now(), now())"
            )
        )
        for day in ("2026-11-01", "2026-11-02", "2026-11-04"):
            await session.execute(
                text("insert into feed_page values ('days', :day, 0, null, now())"), {"day": day}
            )
        assert await note_gap(session, "days", CHOICE, at=clock()) == "MISSING"
        await session.execute(text("insert into feed_page values ('days', '2026-11-03', 0, null, now())"))
        assert (
            await note_gap(
                session, "days", FeedSettings(agency="", silent_hours=0, behind_hours=999), at=clock()
            )
            == "NONE"
        )
