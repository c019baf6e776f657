"""When a case must be answered: hours of any day or working days; while a source is asked the clock stands still."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.foundation.clock import BISHKEK

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long an answer may take: hours of any day, or working days of 24 hours in Bishkek."""

    hours: int = 0
    working_days: int = 0

    @property
    def length(self) -> timedelta:
        """Give the term as running time."""
        return timedelta(hours=self.hours) + self.working_days * _DAY

    def runs_on(self, day: date, holidays: Collection[date]) -> bool:
        """Tell whether the clock runs on a day at all."""
        return not self.working_days or (day.weekday() < 5 and day not in holidays)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which the clock stood still."""

    since: datetime
    until: datetime


def due_at(opened_at: datetime, term: Term, *, holidays: Collection[date] = frozenset()) -> datetime:
    """Give the instant (at the offset of Bishkek) at which the term has run out."""
    return _advance(opened_at, term.length, term, holidays)


def resumed(due: datetime, pause: Pause, term: Term, *, holidays: Collection[date] = frozenset()) -> datetime:
    """Give the new due instant after a pause: what was left when it began is left when it ends.

    A term that had run out before the pause stays run out.
    """
    if pause.since >= due:
        return due
    return _advance(pause.until, running_time(pause.since, due, term, holidays=holidays), term, holidays)


def running_time(
    since: datetime, until: datetime, term: Term, *, holidays: Collection[date] = frozenset()
) -> timedelta:
    """Give how long the clock ran between two instants."""
    total = timedelta()
    for begins, ends in _running(since, term, holidays):
        if begins >= until:
            return total
        total += min(ends, until) - begins
    raise AssertionError("time does not end")


def _advance(start: datetime, left: timedelta, term: Term, holidays: Collection[date]) -> datetime:
    for begins, ends in _running(start, term, holidays):
        if ends - begins >= left:
            return begins + left
        left -= ends - begins
    raise AssertionError("time does not end")


def _running(start: datetime, term: Term, holidays: Collection[date]) -> Iterator[tuple[datetime, datetime]]:
    """Give the stretches in which the clock runs, day by day for ever."""
    now = start.astimezone(BISHKEK)
    while True:
        midnight = datetime.combine(now.date() + _DAY, time(), BISHKEK)
        if term.runs_on(now.date(), holidays):
            yield now, midnight
        else:
            yield midnight, midnight
        now = midnight
