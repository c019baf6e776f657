"""Figures of exchanges: volume, errors and latencies per agency and service, over a window or step by step.

What is settled is read from the minutes or hours; the last few minutes straight from the journal, by its index
on time. So the cost follows the number of services and steps, not the number of exchanges.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.figures_rows import FACTS, Known, bucket_edge, bucket_middle

_MINUTES_UP_TO = timedelta(hours=6)
_READ = f"""
    with mark as (select settled_until from exchange_figure_state), kept as (
        select {{step}} as step, direction, agency, service, outcome, bucket, sum(count) as exchanges,
            sum(total_us) as total_us
        from exchange_figure where grain = :grain {{when}}
        group by 1, 2, 3, 4, 5, 6
    ), live as (
        select {{step}} as step, direction, agency, service, outcome, bucket, count(*) as exchanges,
            sum(took) as total_us
        from ({FACTS}) fact where at >= (select settled_until from mark)
        group by 1, 2, 3, 4, 5, 6
    )
    select * from kept union all select * from live
"""  # noqa: S608 – our own fragments
_WITHIN = _READ.replace("{when}", "and at >= :since and at < :until")
_WHOLE = text(_WITHIN.replace("{step}", "0"))
_STEPS = text(_WITHIN.replace("{step}", "floor(extract(epoch from at - :since) / :seconds)::int"))
_EVER = text(_READ.replace("{when}", "").replace("{step}", "0"))
_MARK = text("select settled_until from exchange_figure_state")
_LAST = text(f"""
    select direction, agency, service, max(good_at) as good_at, max(bad_at) as bad_at from (
        select direction, agency, service, good_at, bad_at from exchange_last
        union all
        select direction, agency, service, case when outcome = 'OK' then at end,
            case when outcome = 'FAILED' then at end
        from ({FACTS}) fact
    ) found group by 1, 2, 3
""")  # noqa: S608 – our own fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when until when; the beginning lies on a whole minute, or on a whole hour where hours are read."""

    since: datetime
    until: datetime

    @property
    def grain(self) -> str:
        """Give which figures answer for it."""
        return "MINUTE" if self.until - self.since <= _MINUTES_UP_TO else "HOUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Whom an exchange is with: IN where we answer them, OUT where we ask."""

    direction: str
    agency: str
    service: str


@dataclass(slots=True)
class Tally:
    """Exchanges by outcome, and the latencies of all but the retried attempts by bucket."""

    outcomes: dict[str, int]
    buckets: dict[int, int]
    total_us: int = 0

    @classmethod
    def empty(cls) -> "Tally":
        """Make a tally of nothing."""
        return cls(defaultdict(int), defaultdict(int))

    def add(self, outcome: str, bucket: int, count: int, total_us: int) -> None:
        """Add a number of exchanges of one kind."""
        self.outcomes[outcome] += count
        if outcome != "RETRIED":
            self.buckets[bucket] += count
            self.total_us += total_us

    @property
    def volume(self) -> int:
        """Count the exchanges; attempts that were followed by another one are none."""
        return sum(self.buckets.values())

    @property
    def failed(self) -> int:
        """Count those nobody got an answer from."""
        return self.outcomes.get("FAILED", 0)

    @property
    def refused(self) -> int:
        """Count those that were refused because of what was asked."""
        return self.outcomes.get("REFUSED", 0)

    @property
    def error_share(self) -> float:
        """Give failed exchanges as a share of all, 0 where there were none."""
        return self.failed / self.volume if self.volume else 0.0

    def percentile(self, share: float) -> float | None:
        """Give the latency in seconds that this share of exchanges kept within, at most 6 % off; None of none."""
        wanted, seen = share * self.volume, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen and seen >= wanted:
                return bucket_middle(bucket)
        return None

    def within(self, seconds: float) -> int:
        """Count the exchanges in buckets that end by this latency."""
        return sum(
            count for bucket, count in self.buckets.items() if bucket_edge(bucket) <= seconds * 1.000001
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """When a service last answered well, and when it last failed."""

    good_at: datetime | None
    bad_at: datetime | None


def window_of(length: timedelta, *, now: datetime) -> Window:
    """Make the window of this length that ends now."""
    since = (now - length).replace(second=0, microsecond=0)
    made = Window(since=since, until=now)
    return made if made.grain == "MINUTE" else Window(since=since.replace(minute=0), until=now)


async def tallies(session: AsyncSession, window: Window, known: Known) -> Mapping[Service, Tally]:
    """Tally every service of a window."""
    return _gathered(await session.execute(_WHOLE, _values(window, known)))


async def totals(session: AsyncSession, known: Known, *, now: datetime) -> Mapping[Service, Tally]:
    """Tally every service since the journal began: numbers that only grow."""
    mark = (await session.execute(_MARK)).scalar_one()
    values = {"since": mark, "until": now, "grain": "TOTAL", **known.values()}
    return _gathered(await session.execute(_EVER, values))


async def steps(
    session: AsyncSession, window: Window, known: Known, *, step: timedelta
) -> Mapping[Service, Sequence[Tally]]:
    """Tally every service step by step, for charts; a step is at least a minute, of long windows an hour."""
    seconds = step.total_seconds()
    number = int((window.until - window.since).total_seconds() // seconds) + 1
    found: dict[Service, list[Tally]] = defaultdict(lambda: [Tally.empty() for _ in range(number)])
    for row in await session.execute(_STEPS, {**_values(window, known), "seconds": seconds}):
        tally = found[_service(row)][min(row.step, number - 1)]
        tally.add(row.outcome, row.bucket, int(row.exchanges), int(row.total_us))
    return dict(found)


async def lasts(session: AsyncSession, known: Known, *, now: datetime) -> Mapping[Service, Last]:
    """Give each service's last good and last failed exchange."""
    since = (await session.execute(_MARK)).scalar_one()
    rows = await session.execute(_LAST, {"since": since, "until": now, **known.values()})
    return {_service(row): Last(good_at=row.good_at, bad_at=row.bad_at) for row in rows}


def together(found: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    whole = Tally.empty()
    for tally in found:
        for outcome, count in tally.outcomes.items():
            whole.outcomes[outcome] += count
        for bucket, count in tally.buckets.items():
            whole.buckets[bucket] += count
        whole.total_us += tally.total_us
    return whole


def _gathered(rows: Iterable[Any]) -> Mapping[Service, Tally]:
    found: dict[Service, Tally] = defaultdict(Tally.empty)
    for row in rows:
        found[_service(row)].add(row.outcome, row.bucket, int(row.exchanges), int(row.total_us))
    return dict(found)


def _values(window: Window, known: Known) -> dict[str, Any]:
    return {"since": window.since, "until": window.until, "grain": window.grain, **known.values()}


def _service(row: Any) -> Service:
    return Service(direction=row.direction, agency=row.agency, service=row.service)
