"""A clock that tests set, and breakers as several processes see them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.sync.conftest import key_file, start_worker, until, work

__all__ = ["clock", "key_file", "start_worker", "until", "work"]

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class SetClock:
    """A clock that goes only when it is told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, **units: float) -> None:
        self.now += timedelta(**units)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()
