"""What was seen, as Prometheus metrics: labels are agency and service codes, outcomes and names of settings."""

from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.exchange.chain_state import Chain
from gateway.exchange.figures import Service, Tally
from gateway.exchange.figures_rows import bucket_edge
from gateway.operations.watch.reach import Breaker
from gateway.operations.watch.sight import Sight

_PREFIX = "kopuro"
_BY_SERVICE = ("direction", "agency", "service")
# edges of our own buckets, so that what Prometheus computes is exact: 1 ms to 63 s
EDGES = tuple(60 + step for step in (0, 8, 14, 20, 28, 34, 40, 48, 54, 60, 68, 74, 80, 88, 96))


class SightCollector(Collector):
    """Gives the metrics of what was seen last."""

    def __init__(self, seen: Callable[[], Sight | None], journal_is_open: Callable[[], bool]) -> None:
        """Take where to find it."""
        self._seen = seen
        self._journal_is_open = journal_is_open

    def collect(self) -> Iterator[Metric]:
        """Give every metric; without a database only that it is missing."""
        sight = self._seen()
        yield _plain("database_up", "Whether the database answered the last look.", float(sight is not None))
        yield _plain(
            "journal_writer_up", "Whether exchanges can be recorded.", float(self._journal_is_open())
        )
        build = GaugeMetricFamily(f"{_PREFIX}_build_info", "The version that runs.", labels=["version"])
        build.add_metric([version("kopuro")], 1.0)
        yield build
        if sight is not None:
            yield from _metrics(sight)


def make_registry(seen: Callable[[], Sight | None], journal_is_open: Callable[[], bool]) -> CollectorRegistry:
    """Make a registry of our own: nothing another library registers gets into it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SightCollector(seen, journal_is_open))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _metrics(sight: Sight) -> Iterator[Metric]:
    yield from _exchanges(sight)
    yield from _work(sight)
    yield from _surroundings(sight)
    yield from _chain(sight)
    yield _plain("seen_timestamp_seconds", "When all this was seen.", sight.seen_at.timestamp())


def _exchanges(sight: Sight) -> Iterator[Metric]:
    counts = CounterMetricFamily(
        f"{_PREFIX}_exchanges",
        "Exchanges by how they ended; RETRIED are attempts another one followed.",
        labels=[*_BY_SERVICE, "outcome"],
    )
    times = HistogramMetricFamily(
        f"{_PREFIX}_exchange_duration_seconds",
        "From the request to the answer, retried attempts apart.",
        labels=_BY_SERVICE,
    )
    for service, tally in sorted(sight.totals.items(), key=lambda item: _labels(item[0])):
        for outcome in ("OK", "REFUSED", "FAILED", "RETRIED"):
            counts.add_metric([*_labels(service), outcome], tally.outcomes.get(outcome, 0))
        times.add_metric(_labels(service), buckets=_buckets(tally), sum_value=tally.total_us / 1e6)
    yield counts
    yield times
    for name, what in (("good", "answered well"), ("bad", "failed")):
        last = GaugeMetricFamily(
            f"{_PREFIX}_exchange_last_{name}_timestamp_seconds",
            f"When a service last {what}.",
            labels=_BY_SERVICE,
        )
        for service, found in sight.lasts.items():
            at: datetime | None = found.good_at if name == "good" else found.bad_at
            if at is not None:
                last.add_metric(_labels(service), at.timestamp())
        yield last


def _buckets(tally: Tally) -> list[tuple[str, float]]:
    within = [(f"{bucket_edge(edge):.4g}", float(tally.within(bucket_edge(edge)))) for edge in EDGES]
    return [*within, ("+Inf", float(tally.volume))]


def _work(sight: Sight) -> Iterator[Metric]:
    work = sight.work
    jobs = GaugeMetricFamily(f"{_PREFIX}_queue_jobs", "Background jobs by state.", labels=["state"])
    for state, count in (("waiting", work.waiting), ("running", work.running)):
        jobs.add_metric([state], count)
    yield jobs
    yield _plain("queue_oldest_seconds", "How long the oldest job that is due waits.", work.oldest_seconds)
    yield _plain("dead_letters", "Jobs nobody will try again by itself.", work.dead)
    open_cases = GaugeMetricFamily(
        f"{_PREFIX}_review_cases", "Open review cases.", labels=["severity", "late"]
    )
    for severity, cases in sorted(sight.cases.items()):
        open_cases.add_metric([severity, "no"], cases.open - cases.late)
        open_cases.add_metric([severity, "yes"], cases.late)
    yield open_cases


def _surroundings(sight: Sight) -> Iterator[Metric]:
    breakers = GaugeMetricFamily(
        f"{_PREFIX}_breaker_state", "1 for the state an agency is in.", labels=["agency", "state"]
    )
    for agency, found in sight.breakers.items():
        for state in Breaker:
            breakers.add_metric([agency, state.value], float(found is state))
    yield breakers
    days = GaugeMetricFamily(
        f"{_PREFIX}_certificate_days_left", "Whole days until it ends.", labels=["certificate"]
    )
    unread = GaugeMetricFamily(
        f"{_PREFIX}_certificate_unreadable", "1 for a file nobody can read.", labels=["certificate"]
    )
    for certificate in sight.certificates:
        left = certificate.days_left(sight.seen_at)
        unread.add_metric([certificate.name], float(left is None))
        if left is not None:
            days.add_metric([certificate.name], left)
    yield from (days, unread)
    skews = GaugeMetricFamily(f"{_PREFIX}_clock_skew_seconds", "Our clock minus theirs.", labels=["against"])
    for skew in sight.skews:
        skews.add_metric([skew.against], skew.seconds)
    yield skews


def _chain(sight: Sight) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        f"{_PREFIX}_journal_chain_state", "1 for the state the chain is in.", labels=["state"]
    )
    for state in Chain:
        states.add_metric([state.value], float(sight.chain.state is state))
    yield states
    yield _plain(
        "journal_unsealed_entries", "Rows that wait for a seal, at most 10,000.", sight.chain.waiting
    )
    seals = CounterMetricFamily(f"{_PREFIX}_journal_seals", "Seals made.")
    seals.add_metric([], sight.chain.seal)
    yield seals
    if sight.chain.sealed_at:
        at = sight.chain.sealed_at.timestamp()
        yield _plain("journal_last_seal_timestamp_seconds", "When the last seal was made.", at)


def _labels(service: Service) -> list[str]:
    return [service.direction, service.agency, service.service]


def _plain(name: str, what: str, value: float) -> GaugeMetricFamily:
    made = GaugeMetricFamily(f"{_PREFIX}_{name}", what)
    made.add_metric([], value)
    return made
