"""At night, when UTC still has yesterday, forms take the day it is in Kyrgyzstan."""

from datetime import UTC, date, datetime
from typing import cast

import pytest

from gateway.foundation import clock
from gateway.foundation.errors import InputRefused
from gateway.pages.visit import Visit
from gateway.portal.orders import read_order


class _Sent:
    """What is read of a visit: the fields of its form."""

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def field(self, name: str) -> str:
        return self._fields.get(name, "")


def _order_of(day: str) -> Visit:
    sent = _Sent(
        kind="LEAVE",
        order_no="7",
        order_on=day,
        effective_on=day,
        enrolment_id="0" * 32,
        reason_code="ILLNESS",
    )
    return cast("Visit", sent)


def test_an_order_of_today_is_taken_at_two_in_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """20:00 in UTC is the next day at the school: its order is of today, one of the day after is refused."""
    monkeypatch.setattr(clock, "utc_now", lambda: datetime(2026, 9, 1, 20, tzinfo=UTC))
    assert read_order(_order_of("2026-09-02")).order_on == date(2026, 9, 2)
    with pytest.raises(InputRefused, match="DATE_IN_FUTURE"):
        read_order(_order_of("2026-09-03"))
