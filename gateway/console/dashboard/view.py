"""The dashboard's numbers, each with the exchanges behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.console.exchange_links import BAD, GOOD, OUR_REFUSALS, exchanges_link
from gateway.exchange.figures import Last, Service, Tally, Window, together
from gateway.exchange.figures_rows import OTHER
from gateway.foundation.settings import Settings
from gateway.operations.watch.reach import Breaker

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHARES = (0.5, 0.95, 0.99)
_BISHKEK_AHEAD = 6 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window one may choose: its length, the step of its charts, every how many steps a label stands."""

    name: str
    length: timedelta
    step: timedelta
    every: int


SPANS = (
    Span(name="15m", length=15 * MINUTE, step=MINUTE, every=3),
    Span(name="1h", length=HOUR, step=2 * MINUTE, every=5),
    Span(name="24h", length=DAY, step=HOUR, every=4),
    Span(name="7d", length=7 * DAY, step=6 * HOUR, every=4),
    Span(name="30d", length=30 * DAY, step=DAY, every=5),
)


def window_of_span(span: Span, *, now: datetime) -> Window:
    """Make the window of a span, begun on a whole step of the clock in Bishkek."""
    begin = now - span.length + _BISHKEK_AHEAD
    past = timedelta(seconds=begin.timestamp() % span.step.total_seconds())
    return Window(since=begin - past - _BISHKEK_AHEAD, until=now)


def span_of(name: str) -> Span:
    """Give the window of a name, an hour for any other."""
    return next((span for span in SPANS if span.name == name), SPANS[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number and the address of what it counts ("" where there is none)."""

    value: float | None
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service of one agency over the window."""

    service: Service
    name: str
    volume: Number
    failed: Number
    refused: Number
    error_share: float
    latencies: tuple[Number, ...]
    course: tuple[int, ...]
    last: Last | None
    last_href: str
    breaker: Breaker | None

    @property
    def is_known(self) -> bool:
        """Tell whether the configuration names the agency."""
        return self.service.agency != OTHER


def agency_names(settings: Settings) -> Mapping[str, str]:
    """Give the configuration's name of every member code it knows."""
    names: dict[str, str] = {}
    for name, agreement in settings.agreements.items():
        for code in agreement.client.split("/")[2:3]:
            names.setdefault(code, name)
    return names | {agency.member_code: name for name, agency in settings.agencies.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything the dashboard shows numbers of."""

    window: Window
    found: Mapping[Service, Tally]
    course: Mapping[Service, Sequence[Tally]]
    lasts: Mapping[Service, Last]
    breakers: Mapping[str, Breaker]
    names: Mapping[str, str]

    def rows(self, direction: str) -> list[Row]:
        """Make a row of every service that was ever used, the busiest first."""
        services = {each for each in (*self.found, *self.lasts) if each.direction == direction}
        made = [self._row(each) for each in services]
        return sorted(
            made, key=lambda row: (-(row.volume.value or 0), row.service.agency, row.service.service)
        )

    def _row(self, service: Service) -> Row:
        tally, last = self.found.get(service) or Tally.empty(), self.lasts.get(service)
        asked = service.direction == "OUT"
        return Row(
            service=service,
            name=self.names.get(service.agency, ""),
            volume=Number(value=tally.volume, href=self.link(service)),
            failed=Number(value=tally.failed + tally.refused, href=self.link(service, status=BAD)),
            refused=Number(
                value=None if asked else tally.refused,
                href="" if asked else self.link(service, code=OUR_REFUSALS),
            ),
            error_share=error_share({service: tally}),
            latencies=tuple(self._latency(service, tally, share) for share in SHARES),
            course=tuple(each.volume for each in self.course.get(service, ())),
            last=last,
            last_href=self._last(service, last),
            breaker=self.breakers.get(service.agency) if asked else None,
        )

    def link(self, service: Service, **more: Any) -> str:
        """Give the address of a service's exchanges in the window, narrowed by more words of the query."""
        return exchanges_link(
            direction=service.direction,
            agency=service.agency,
            service=service.service,
            since=self.window.since,
            **more,
        )

    def _latency(self, service: Service, tally: Tally, share: float) -> Number:
        value = tally.percentile(share)
        return Number(value=value, href=self.link(service, slower_than=value) if value else "")

    def _last(self, service: Service, last: Last | None) -> str:
        if last is None or last.good_at is None:
            return ""
        begin = last.good_at.replace(microsecond=0)
        return exchanges_link(
            agency=service.agency,
            service=service.service,
            status="succeeded",
            since=begin,
            until=begin + MINUTE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a chart: when it begins, how many exchanges, how long they took, how many were errors."""

    since: datetime
    good: Number
    failed: Number
    latencies: tuple[float | None, ...]
    error_share: float | None


def steps_of(window: Window, span: Span, course: Mapping[Service, Sequence[Tally]]) -> list[Step]:
    """Make the chart's steps of all services together."""
    number = max((len(tallies) for tallies in course.values()), default=0)
    return [
        _step(
            window.since + place * span.step,
            span.step,
            {service: tallies[place] for service, tallies in course.items()},
        )
        for place in range(number)
    ]


def _step(since: datetime, length: timedelta, found: Mapping[Service, Tally]) -> Step:
    whole, until = together(found.values()), since + length
    bad = whole.failed + whole.refused
    return Step(
        since=since,
        good=Number(value=whole.volume - bad, href=exchanges_link(status=GOOD, since=since, until=until)),
        failed=Number(value=bad, href=exchanges_link(status=BAD, since=since, until=until)),
        latencies=tuple(whole.percentile(share) for share in SHARES),
        error_share=error_share(found) if whole.volume else None,
    )


def error_share(found: Mapping[Service, Tally]) -> float:
    """Give the share of errors: what failed, and what others refused us; what we refused others is no error."""
    volume = sum(tally.volume for tally in found.values())
    errors = sum(
        tally.failed + (tally.refused if service.direction == "OUT" else 0)
        for service, tally in found.items()
    )
    return errors / volume if volume else 0.0
