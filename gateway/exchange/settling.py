"""Count what is settled: minute by minute the journal's rows become figures, each row once, whoever does it.

A minute is settled when it is so old that no row of it can still be on its way. Counting and moving the mark are
one transaction under a lock: a round that dies is done again, two rounds at a time are one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.figures_rows import FACTS, Known
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database

SETTLED_AFTER = timedelta(minutes=2)
_PORTION = timedelta(hours=1)
KEEP_MINUTES, KEEP_HOURS = timedelta(days=8), timedelta(days=400)

_LOCK = text("select pg_try_advisory_xact_lock(7118)")
_MARK = text("select settled_until from exchange_figure_state for update")
_NEXT = text("""
    select date_trunc('minute', min(request_in_ts)) from journal_entry
    where request_in_ts >= :since and request_in_ts < :until
""")
_MOVE = text("update exchange_figure_state set settled_until = :until")
_COUNT = text(f"""
    with fact as materialized ({FACTS}), counted as (
        select date_trunc('minute', at, 'UTC') as minute, direction, agency, service, outcome, bucket,
            count(*) as count, sum(took) as total_us
        from fact group by 1, 2, 3, 4, 5, 6
    ), grained as (
        select 'MINUTE' as grain, minute as at, direction, agency, service, outcome, bucket, count, total_us
        from counted
        union all
        select 'HOUR', date_trunc('hour', minute, 'UTC'), direction, agency, service, outcome, bucket,
            sum(count), sum(total_us)
        from counted group by 2, 3, 4, 5, 6, 7
        union all
        select 'TOTAL', timestamptz 'epoch', direction, agency, service, outcome, bucket,
            sum(count), sum(total_us)
        from counted group by 3, 4, 5, 6, 7
    ), lasting as (
        insert into exchange_last (direction, agency, service, good_at, bad_at)
        select direction, agency, service, max(at) filter (where outcome = 'OK'),
            max(at) filter (where outcome = 'FAILED')
        from fact group by 1, 2, 3
        on conflict (direction, agency, service) do update set
            good_at = greatest(exchange_last.good_at, excluded.good_at),
            bad_at = greatest(exchange_last.bad_at, excluded.bad_at)
    )
    insert into exchange_figure (grain, at, direction, agency, service, outcome, bucket, count, total_us)
    select * from grained
    on conflict (grain, at, direction, agency, service, outcome, bucket) do update set
        count = exchange_figure.count + excluded.count,
        total_us = exchange_figure.total_us + excluded.total_us
""")  # noqa: S608 – our own fragment
_PRUNE = text("delete from exchange_figure where grain = :grain and at < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Up to which instant the journal is counted now, and whether more is waiting."""

    until: datetime
    more: bool


async def settle(database: Database, known: Known, *, at: datetime | None = None) -> Settled | None:
    """Settle at most an hour of the journal; None where somebody else is at it just now."""
    now = at or utc_now()
    async with database.transaction() as session:
        if not (await session.execute(_LOCK)).scalar_one():
            return None
        mark: datetime = (await session.execute(_MARK)).scalar_one()
        end = _whole_minute(now - SETTLED_AFTER)
        if end <= mark:
            return Settled(until=mark, more=False)
        begin = (await session.execute(_NEXT, {"since": mark, "until": end})).scalar_one()
        until = min(begin + _PORTION, end) if begin else end
        if begin:
            await session.execute(_COUNT, {"since": begin, "until": until, **known.values()})
        await session.execute(_MOVE, {"until": until})
        await _prune(session, now)
    return Settled(until=until, more=until < end)


async def settle_all(database: Database, known: Known, *, at: datetime | None = None) -> None:
    """Settle until nothing is waiting, or somebody else is at it."""
    while (settled := await settle(database, known, at=at)) and settled.more:
        pass


async def _prune(session: AsyncSession, now: datetime) -> None:
    for grain, keep in (("MINUTE", KEEP_MINUTES), ("HOUR", KEEP_HOURS)):
        await session.execute(_PRUNE, {"grain": grain, "before": now - keep})


def _whole_minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
