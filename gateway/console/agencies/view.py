"""Each agency of the configuration with what is known of its services."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.console.exchange_links import BAD, GOOD, exchanges_link
from gateway.exchange.figures import Last, Service, Tally, Window
from gateway.foundation.settings import Agency, Settings
from gateway.operations.watch.reach import Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyService:
    """A service we ask an agency for: our name of it, its code and version, and how it goes."""

    family: str
    name: str
    service_code: str
    version: str
    subsystem_code: str
    binding: str
    tally: Tally
    last: Last | None
    href: str
    failed_href: str
    last_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyView:
    """An agency as the page shows it."""

    name: str
    agency: Agency
    services: tuple[AgencyService, ...]
    breaker: Breaker | None
    href: str

    @property
    def newest_good(self) -> datetime | None:
        """Give the last good exchange with any of its services."""
        return max(
            (each.last.good_at for each in self.services if each.last and each.last.good_at), default=None
        )


def agencies_of(
    settings: Settings,
    found: Mapping[Service, Tally],
    lasts: Mapping[Service, Last],
    breakers: Mapping[str, Breaker],
    *,
    window: Window,
) -> tuple[AgencyView, ...]:
    """Give every agency in the configuration's order."""
    return tuple(
        AgencyView(
            name=name,
            agency=agency,
            services=_services(agency, found, lasts, window),
            breaker=breakers.get(agency.member_code) if agency.enabled else None,
            href=exchanges_link(direction="OUT", agency=agency.member_code, since=window.since),
        )
        for name, agency in settings.agencies.items()
    )


def _services(
    agency: Agency, found: Mapping[Service, Tally], lasts: Mapping[Service, Last], window: Window
) -> tuple[AgencyService, ...]:
    made = []
    for family, subsystem in agency.subsystems.items():
        for name, service in subsystem.services.items():
            code, _, version = service.partition("/")
            key = Service(direction="OUT", agency=agency.member_code, service=code)
            last = lasts.get(key)
            about: dict[str, Any] = {"direction": "OUT", "agency": agency.member_code, "service": code}
            made.append(
                AgencyService(
                    family=family,
                    name=name,
                    service_code=code,
                    version=version,
                    subsystem_code=subsystem.subsystem_code,
                    binding=subsystem.binding,
                    tally=found.get(key) or Tally.empty(),
                    last=last,
                    href=exchanges_link(**about, since=window.since),
                    failed_href=exchanges_link(**about, status=BAD, since=window.since),
                    last_href=exchanges_link(**about, status=GOOD, since=last.good_at.replace(microsecond=0))
                    if last and last.good_at
                    else "",
                )
            )
    return tuple(made)
