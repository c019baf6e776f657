"""The time, in UTC, behind one name so that tests and simulations can set it; and the registry's day, Kyrgyzstan's."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
BISHKEK = ZoneInfo("Asia/Bishkek")


def utc_now() -> datetime:
    """Give the present instant in UTC."""
    return datetime.now(UTC)


def day_of(instant: datetime) -> date:
    """Give the day in Kyrgyzstan of an instant that knows its zone."""
    return instant.astimezone(BISHKEK).date()


def start_of(day: date) -> datetime:
    """Give the instant at which a day begins in Kyrgyzstan."""
    return datetime.combine(day, time(), BISHKEK)


def today() -> date:
    """Give the day it is in Kyrgyzstan: orders, deadlines and reports are dated by it."""
    return day_of(utc_now())
