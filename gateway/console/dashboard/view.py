"""The dashboard's numbers, each with the exchanges behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.console.exchange_links import exchanges_link
from gateway.exchange.figures import Last, Service, Tally, Window
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
            failed=Number(value=tally.failed, href=self.link(service, "failed")),
            refused=Number(value=tally.refused, href=self.link(service, "refused")),
            error_share=tally.error_share,
            latencies=tuple(self._latency(service, tally, share) for share in SHARES),
            course=tuple(each.volume for each in self.course.get(service, ())),
            last=last,
            last_href=self._last(service, last),
            breaker=self.breakers.get(service.agency) if asked else None,
        )

    def link(self, service: Service, status: str = "", *, slower_than: float | None = None) -> str:
        """Give the address of a service's exchanges in the window."""
        return exchanges_link(
            agency=service.agency,
            service=service.service,
            status=status,
            since=self.window.since,
            slower_than=slower_than,
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
    """One step of a chart: when it begins and ends, how many exchanges, how long they took."""

    since: datetime
    until: datetime
    good: Number
    refused: Number
    failed: Number
    latencies: tuple[float | None, ...]
    error_share: float | None


def steps_of(window: Window, span: Span, tallies: Sequence[Tally]) -> list[Step]:
    """Make the chart's steps of all services together."""
    return [
        _step(window.since + number * span.step, window.since + (number + 1) * span.step, tally)
        for number, tally in enumerate(tallies)
    ]


def _step(since: datetime, until: datetime, tally: Tally) -> Step:
    def number(value: int, status: str) -> Number:
        return Number(value=value, href=exchanges_link(status=status, since=since, until=until))

    return Step(
        since=since,
        until=until,
        good=number(tally.volume - tally.failed - tally.refused, "succeeded"),
        refused=number(tally.refused, "refused"),
        failed=number(tally.failed, "failed"),
        latencies=tuple(tally.percentile(share) for share in SHARES),
        error_share=tally.error_share if tally.volume else None,
    )
