"""The page of agencies and certificates."""

import asyncio
from datetime import timedelta
from functools import partial

from starlette.responses import Response

from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.console.agencies.examination import Examination, examine
from gateway.console.agencies.view import agencies_of
from gateway.console.certificate_names import say_certificate
from gateway.console.dependencies import ConsoleDependencies
from gateway.exchange.figures import lasts, tallies, window_of
from gateway.foundation.clock import utc_now
from gateway.operations.watch.certificates import see_certificates
from gateway.pages import NavEntry, Page, Room, Visit

AGENCIES = "/agencies"
_READ = holder(Kind.EXCHANGE, Action.READ_MASKED)
_CHECK = holder(Kind.WORK, Action.READ)
_DAY = timedelta(days=1)


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Agencies(deps)
    return Room(
        pages=(
            Page(method="GET", path=AGENCIES, answer=pages.show, policy=_READ),
            Page(method="POST", path=f"{AGENCIES}/check", answer=pages.check, policy=_CHECK),
        ),
        nav=(NavEntry(path=AGENCIES, text="agencies.nav", icon="agency", policy=_READ, order=60),),
    )


class _Agencies:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps
        self._examined: dict[str, Examination] = {}
        self._turn = asyncio.Lock()

    async def show(self, visit: Visit) -> Response:
        """Show every agency, every certificate, and what the doctor said last."""
        now, settings = utc_now(), self._deps.settings
        window, known = window_of(_DAY, now=now), self._deps.watcher.known
        sight = await self._deps.watcher.look()
        async with self._deps.database.transaction() as session:
            found = await tallies(session, window, known)
            last = await lasts(session, known, now=now)
        breakers = sight.breakers if sight else {}
        certificates = await asyncio.to_thread(see_certificates, settings)
        ends = sorted(certificates, key=lambda each: (each.ends_at is not None, each.ends_at))
        return visit.render(
            "console/agencies/page.html",
            agencies=agencies_of(settings, found, last, breakers, window=window),
            certificates=ends,
            certificate_said=partial(say_certificate, visit),
            now=now,
            warning_days=settings.observability.certificate_warning_days,
            target=settings.observability.target_error_share,
            examination=self._examined.get(visit.language),
        )

    async def check(self, visit: Visit) -> Response:
        """Let the doctor examine this installation; one examination at a time."""
        async with self._turn:
            self._examined[visit.language] = await examine(visit.language, by=visit.account_id)
        return visit.redirect(f"/console{AGENCIES}#check")
