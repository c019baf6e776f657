"""Whether the agencies we ask are asked at all: each by the worst of its services' breakers."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from gateway.exchange.breaker_state import BreakerState
from gateway.foundation.settings import Settings


class Breaker(StrEnum):
    """How the way to an agency is: asked, asked by one probe, or left alone."""

    CLOSED = "closed"
    TRIAL = "trial"
    OPEN = "open"


_ORDER = tuple(Breaker)
_STATES = {"CLOSED": Breaker.CLOSED, "HALF_OPEN": Breaker.TRIAL, "OPEN": Breaker.OPEN}


def see_breakers(states: Iterable[BreakerState], settings: Settings) -> Mapping[str, Breaker]:
    """Give every agency that is switched on, by its member code, with the worst state of its services."""
    found = {agency.member_code: Breaker.CLOSED for agency in settings.agencies.values() if agency.enabled}
    for state in states:
        agency = settings.agencies.get(state.agency)
        if agency and agency.enabled:
            worse = (found[agency.member_code], _STATES[state.state])
            found[agency.member_code] = max(worse, key=_ORDER.index)
    return found
