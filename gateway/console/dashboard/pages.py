"""The page of the dashboard: read anew every few seconds, and every number leads to what it counts."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from babel import dates
from markupsafe import Markup
from starlette.responses import Response

from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.console.certificate_names import say_certificate
from gateway.console.charts import Line, curves, sparkline, stacked_bars
from gateway.console.dashboard.view import (
    DAY,
    SPANS,
    Seen,
    Span,
    Step,
    agency_names,
    error_share,
    span_of,
    steps_of,
    window_of_span,
)
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchange_links import BAD, DEAD, OUR_REFUSALS, exchanges_link
from gateway.exchange.figures import lasts, steps, tallies, together
from gateway.foundation.clock import BISHKEK, utc_now
from gateway.operations.watch.sight import Sight
from gateway.pages import NavEntry, Page, Room, Visit

DASHBOARD = "/dashboard"
_READ = holder(Kind.EXCHANGE, Action.READ_MASKED)


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Dashboard(deps)
    return Room(
        pages=(
            Page(method="GET", path=DASHBOARD, answer=pages.show, policy=_READ),
            Page(method="GET", path=f"{DASHBOARD}/live", answer=pages.show_live, policy=_READ, traced=False),
        ),
        nav=(NavEntry(path=DASHBOARD, text="dashboard.nav", icon="chart", policy=_READ, order=5),),
    )


class _Dashboard:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps
        self._names = agency_names(deps.settings)

    async def show(self, visit: Visit) -> Response:
        """Show the dashboard."""
        return visit.render("console/dashboard/page.html", **await self._values(visit))

    async def show_live(self, visit: Visit) -> Response:
        """Give the part that changes."""
        return visit.render("console/dashboard/live.html", **await self._values(visit))

    async def _values(self, visit: Visit) -> dict[str, Any]:
        span, now = span_of(visit.query("window")), utc_now()
        window, known = window_of_span(span, now=now), self._deps.watcher.known
        sight = await self._deps.watcher.look()
        async with self._deps.database.transaction() as session:
            found = await tallies(session, window, known)
            course = await steps(session, window, known, step=span.step)
            last = await lasts(session, known, now=now)
        seen = Seen(
            window=window,
            found=found,
            course=course,
            lasts=last,
            breakers=sight.breakers if sight else {},
            names=self._names,
        )
        walked = steps_of(window, span, course)
        observability = self._deps.settings.observability
        return {
            "span": span,
            "spans": SPANS,
            "now": now,
            "sight": sight,
            "seen": seen,
            "steps": walked,
            "charts": _charts(visit, span, walked, target=observability.target_error_share),
            "sparkline": sparkline,
            "whole": together(found.values()),
            "whole_share": error_share(found),
            "refused": sum(tally.refused for each, tally in found.items() if each.direction == "IN"),
            "links": {
                "all": exchanges_link(since=window.since),
                "failed": exchanges_link(status=BAD, since=window.since),
                "refused": exchanges_link(direction="IN", code=OUR_REFUSALS, since=window.since),
                "dead": exchanges_link(status=DEAD),
            },
            "targets": observability,
            "newest_good": max((each.good_at for each in last.values() if each.good_at), default=None),
            "first_to_end": _first_to_end(sight),
            "certificate_said": partial(say_certificate, visit),
            "late": sum(cases.late for cases in sight.cases.values()) if sight else 0,
            "open_cases": sum(cases.open for cases in sight.cases.values()) if sight else 0,
            "clock_of": lambda at: _label(visit, span, at),
        }


def _charts(visit: Visit, span: Span, walked: Sequence[Step], *, target: float) -> dict[str, Markup]:
    """Draw the three charts: how many, how long, how bad."""
    labels = [_label(visit, span, step.since) for step in walked]
    if not walked:
        return {}
    speech, say = visit.speech, visit.say
    parts = (("good", "ok"), ("failed", "failed"))
    volume = [
        Line(
            name=say(f"dashboard.{word}"),
            values=[getattr(step, part).value for step in walked],
            links=[getattr(step, part).href for step in walked],
        )
        for part, word in parts
    ]
    latency = [
        Line(name=name, values=[step.latencies[place] for step in walked])
        for place, name in enumerate(("p50", "p95", "p99"))
    ]
    share = [
        Line(name=say("dashboard.error_share"), values=[step.error_share for step in walked]),
        Line(name=say("dashboard.target_name"), values=[target for _ in walked]),
    ]
    return {
        "volume": stacked_bars(labels, volume, shown=lambda value: speech.number(value, 0), every=span.every),
        "latency": curves(
            labels, latency, shown=lambda value: speech.latency(value * 1000), every=span.every
        ),
        "share": curves(labels, share, shown=speech.percent, every=span.every),
    }


def _label(visit: Visit, span: Span, at: datetime) -> str:
    pattern = "HH:mm" if span.length <= DAY else "d MMM" if span.step >= DAY else "d MMM HH:mm"
    return str(dates.format_datetime(at, pattern, tzinfo=BISHKEK, locale=visit.language))


def _first_to_end(sight: Sight | None) -> tuple[str, int] | None:
    """Give the certificate that ends first, with its days; one that cannot be read has none left."""
    if sight is None or not sight.certificates:
        return None
    days = [(each.name, each.days_left(sight.seen_at)) for each in sight.certificates]
    return min(((name, 0 if left is None else left) for name, left in days), key=lambda pair: pair[1])
