"""The time, in UTC, behind one name so that tests and simulations can set it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Give the present instant in UTC."""
    return datetime.now(UTC)
