"""Figures: every settled row counts once, the newest ones too, and a percentile is one of the latencies."""

import asyncio
import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.exchange.figures import Service, Tally, lasts, steps, tallies, together, totals, window_of
from gateway.exchange.figures_rows import bucket_edge
from gateway.exchange.settling import settle, settle_all
from tests.exchange.journal import Journal
from tests.observe.traffic import FUND, KNOWN, ZAGS, inbound, outbound

NOW = datetime(2026, 11, 23, 9, 30, 30, tzinfo=UTC)
FROM_FUND = Service(direction="IN", agency=FUND, service="getLearnerStatus")
TO_ZAGS = Service(direction="OUT", agency=ZAGS, service="zagsDataByPin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def counted(journal: Journal) -> Journal:
    """Half an hour of traffic, the mark before it."""
    async with journal.database.transaction() as session:
        await session.execute(text("update exchange_figure_state set settled_until = :at"), {"at": NOW - DAY})
    for minute in range(30):
        at = NOW - timedelta(minutes=minute, seconds=10)
        await inbound(journal.writer, at, seconds=0.01 * (minute + 1))
        await outbound(journal.writer, at, "AgencyUnavailable", "OK")
    await outbound(journal.writer, NOW - 5 * HOUR / 6, "AgencyUnavailable", "AgencyUnavailable")
    await inbound(
        journal.writer, NOW - HOUR / 4, succeeded=False, outcome="FAULT", fault_code="Client.REPLAY"
    )
    await inbound(
        journal.writer, NOW - HOUR / 4, succeeded=False, outcome="FAULT", fault_code="Server.INTERNAL"
    )
    return journal


async def _tallies(journal: Journal, length: timedelta):
    async with journal.database.transaction() as session:
        return await tallies(session, window_of(length, now=NOW), KNOWN)


async def test_settling_changes_no_number(counted: Journal) -> None:
    """Before, while and after rows are settled, twice and by several at a time, every number is the same."""
    before = await _tallies(counted, HOUR)
    assert before[FROM_FUND].outcomes == {"OK": 30, "REFUSED": 1, "FAILED": 1}
    assert before[TO_ZAGS].outcomes == {"OK": 30, "FAILED": 1, "RETRIED": 31}
    assert before[TO_ZAGS].volume == 31
    await settle(counted.database, KNOWN, at=NOW - HOUR / 2)
    assert await _tallies(counted, HOUR) == before
    await asyncio.gather(*(settle_all(counted.database, KNOWN, at=NOW) for _ in range(3)))
    await settle_all(counted.database, KNOWN, at=NOW)
    assert await _tallies(counted, HOUR) == before
    assert await _tallies(counted, 3 * DAY) == before
    async with counted.database.transaction() as session:
        assert await totals(session, KNOWN, now=NOW) == before
        kept = (
            await session.execute(text("select sum(count) from exchange_figure where grain='MINUTE'"))
        ).scalar_one()
    assert 0 < kept < sum(sum(tally.outcomes.values()) for tally in before.values())


async def test_what_strangers_write_is_not_repeated(counted: Journal) -> None:
    """A service or an agency nobody configured is counted as other, whatever is written in its name."""
    await inbound(
        counted.writer, NOW - HOUR / 8, client="KG/GOV/21503201500001/x", service="a/b/c/d/Асанова/v1"
    )
    await settle_all(counted.database, KNOWN, at=NOW)
    found = await _tallies(counted, HOUR)
    assert found[Service(direction="IN", agency="other", service="other")].volume == 1
    assert {service.agency for service in found} == {"other", FUND, ZAGS}


async def test_steps_add_up_to_the_window(counted: Journal) -> None:
    """A chart's steps hold the same exchanges as the window, each in its place."""
    await settle_all(counted.database, KNOWN, at=NOW)
    window = window_of(HOUR, now=NOW)
    async with counted.database.transaction() as session:
        found = await steps(session, window, KNOWN, step=timedelta(minutes=5))
        whole = await tallies(session, window, KNOWN)
    assert len(found[FROM_FUND]) == 13
    for service, tally in whole.items():
        assert together(found[service]).outcomes == tally.outcomes
    assert [tally.volume for tally in found[FROM_FUND]][:5] == [0, 0, 0, 0, 0]


async def test_the_last_good_and_bad_ones_are_known(counted: Journal) -> None:
    """When a service last answered and last failed is the same settled or not; a refusal is no failure."""
    async with counted.database.transaction() as session:
        before = await lasts(session, KNOWN, now=NOW)
    await settle_all(counted.database, KNOWN, at=NOW)
    async with counted.database.transaction() as session:
        after = await lasts(session, KNOWN, now=NOW)
    assert before == after
    assert after[FROM_FUND].good_at == NOW - timedelta(seconds=10)
    assert after[FROM_FUND].bad_at == NOW - HOUR / 4
    assert after[TO_ZAGS].bad_at == NOW - 5 * HOUR / 6 + timedelta(seconds=1)


def test_a_percentile_is_close_to_the_exact_one() -> None:
    """From buckets alone p50, p95 and p99 are at most 7 % from those of the latencies themselves."""
    chance = random.Random(2026)
    latencies = sorted(chance.lognormvariate(-3, 1.2) for _ in range(5_000))
    tally = Tally.empty()
    for latency in latencies:
        bucket = next(number for number in range(181) if bucket_edge(number) >= latency)
        tally.add("OK", bucket, 1, round(latency * 1e6))
    exact = statistics.quantiles(latencies, n=100)
    for share, wanted in ((0.5, exact[49]), (0.95, exact[94]), (0.99, exact[98])):
        assert tally.percentile(share) == pytest.approx(wanted, rel=0.07)
    assert Tally.empty().percentile(0.95) is None
