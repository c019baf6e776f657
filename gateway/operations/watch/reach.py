"""Whether the agencies we ask can be reached: what an observer of the journal sees, whatever stands in between.

`open` is an agency that only failed lately, at least five times: asking it again is of no use until it recovers.
`trial` is one whose last failure was not yet followed by an answer. Refusals are answers.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.exchange.figures import Last, Service, Tally

LATELY = timedelta(minutes=5)
_FAILURES = 5


class Breaker(StrEnum):
    """How the way to an agency is."""

    CLOSED = "closed"
    TRIAL = "trial"
    OPEN = "open"


def see_breakers(
    recent: Mapping[Service, Tally], lasts: Mapping[Service, Last], agencies: tuple[str, ...], *, at: datetime
) -> Mapping[str, Breaker]:
    """Judge every agency we ask by its services' last minutes."""
    failures: dict[str, int] = defaultdict(int)
    answers: dict[str, int] = defaultdict(int)
    for service, tally in recent.items():
        if service.direction == "OUT":
            failures[service.agency] += tally.failed
            answers[service.agency] += tally.volume - tally.failed
    return {
        agency: _judge(failures[agency], answers[agency], _failing(agency, lasts, at)) for agency in agencies
    }


def _judge(failures: int, answers: int, failing: bool) -> Breaker:  # noqa: FBT001 – three facts of one agency
    if not failing:
        return Breaker.CLOSED
    return Breaker.OPEN if failures >= _FAILURES and not answers else Breaker.TRIAL


def _failing(agency: str, lasts: Mapping[Service, Last], at: datetime) -> bool:
    """Tell whether an agency's newest failure is fresh and nothing was answered since."""
    ours = [last for service, last in lasts.items() if (service.direction, service.agency) == ("OUT", agency)]
    bad = max((last.bad_at for last in ours if last.bad_at), default=None)
    good = max((last.good_at for last in ours if last.good_at), default=None)
    return bad is not None and bad > at - 12 * LATELY and (good is None or bad > good)
