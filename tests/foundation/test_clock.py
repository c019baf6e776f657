"""The registry's day is Kyrgyzstan's, six hours ahead of UTC."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.foundation import clock

EVENING, MIDNIGHT = datetime(2026, 9, 1, 23, 30, tzinfo=UTC), datetime(2026, 9, 1, 18, tzinfo=UTC)
FIRST, SECOND = date(2026, 9, 1), date(2026, 9, 2)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (EVENING, SECOND),
        (MIDNIGHT, SECOND),
        (MIDNIGHT - timedelta(microseconds=1), FIRST),
        (EVENING.astimezone(clock.BISHKEK), SECOND),
        (datetime(2026, 12, 31, 20, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_day_is_told_by_the_clock_in_bishkek(instant: datetime, day: date) -> None:
    """An instant after 18:00 in UTC is of the next day, whatever zone it was told in."""
    assert clock.day_of(instant) == day


def test_today_is_the_day_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """At half past five in the morning it is not yesterday any more."""
    monkeypatch.setattr(clock, "utc_now", lambda: EVENING)
    assert clock.today() == SECOND


def test_a_day_begins_where_the_day_before_is_over() -> None:
    """The first instant of a day is midnight in Bishkek."""
    assert clock.start_of(SECOND) == MIDNIGHT
