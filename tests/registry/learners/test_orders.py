"""Orders make periods: a pure function that leaves no gap, whatever the history."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.foundation.errors import InputRefused
from gateway.registry.entries import StatusPeriod
from gateway.registry.learners.orders import CLOSING_STATUSES, OPENING, Kind, Order, Place, place_of, standing

FIRST = date(2026, 9, 1)
LATER = sorted(set(Kind) - OPENING - {Kind.CANCEL})


def make(number: int, kind: Kind, day: int = 0, **given: object) -> Order:
    return Order(
        movement_id=UUID(int=number),
        number=number,
        kind=kind,
        effective_on=FIRST + timedelta(days=day),
        **given,
    )


def whole(place: Place) -> bool:
    """Tell whether the periods cover the place from its first to its last day, each day once."""
    due: date | None = place.start_on
    for period in place.periods:
        if period.from_on != due:
            return False
        if period.status in CLOSING_STATUSES:
            return period is place.periods[-1] and period.until_on is None and period.from_on == place.end_on
        if period.until_on is not None and period.until_on <= period.from_on:
            return False
        due = period.until_on
    return due == place.end_on


class Histories(RuleBasedStateMachine):
    """Random orders, dated back and forth, some taken back: each is accepted whole or refused."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = [make(1, Kind.ENROL, 100, grade="1")]

    def offer(self, order: Order) -> None:
        before = place_of(self.orders)
        try:
            place_of([*self.orders, order])
        except InputRefused:
            assert place_of(self.orders) == before
        else:
            self.orders.append(order)

    @rule(kind=st.sampled_from(LATER), day=st.integers(80, 140), grade=st.sampled_from([None, "2", "3"]))
    def give(self, kind: Kind, day: int, grade: str | None) -> None:
        self.offer(make(len(self.orders) + 1, kind, day, grade=grade))

    @rule(which=st.integers(0, 30))
    def cancel(self, which: int) -> None:
        order = self.orders[which % len(self.orders)]
        gone = {each.cancels_id for each in self.orders}
        if order.kind is Kind.CANCEL or order.movement_id in gone:
            return
        number = len(self.orders) + 1
        self.offer(make(number, Kind.CANCEL, (order.effective_on - FIRST).days, cancels_id=order.movement_id))

    @invariant()
    def periods_are_whole(self) -> None:
        assert whole(place_of(self.orders))

    @invariant()
    def recording_order_does_not_matter(self) -> None:
        assert place_of(reversed(self.orders)) == place_of(self.orders)

    @invariant()
    def what_was_taken_back_left_no_trace(self) -> None:
        left = standing(self.orders)
        assert not left or place_of(left) == place_of(self.orders)


TestHistories = Histories.TestCase


def test_a_leave_is_a_period_between_two_others() -> None:
    """Leave and return split the time of study; the closing order ends it on its own day."""
    place = place_of(
        [
            make(1, Kind.ENROL, 0, grade="10"),
            make(2, Kind.LEAVE, 30),
            make(3, Kind.RETURN, 60),
            make(4, Kind.GRADUATE, 90),
        ]
    )
    days = [FIRST + timedelta(days=day) for day in (0, 30, 60, 90)]
    assert place.periods == (
        StatusPeriod(status="ENROLLED", from_on=days[0], until_on=days[1]),
        StatusPeriod(status="ACADEMIC_LEAVE", from_on=days[1], until_on=days[2]),
        StatusPeriod(status="PRESENT", from_on=days[2], until_on=days[3]),
        StatusPeriod(status="GRADUATED", from_on=days[3], until_on=None),
    )
    assert (place.end_on, place.status, place.grade) == (days[3], "GRADUATED", "10")


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        ([make(1, Kind.ENROL), make(2, Kind.RETURN, 5)], "RETURN_FROM_ENROLLED"),
        ([make(1, Kind.ENROL), make(2, Kind.EXPEL, 5), make(3, Kind.LEAVE, 9)], "ENROLMENT_ENDED"),
        ([make(1, Kind.ENROL, 9), make(2, Kind.LEAVE, 5)], "NOT_ENROLLED_YET"),
        ([make(1, Kind.ENROL), make(2, Kind.LEAVE, 5), make(3, Kind.GRADUATE, 9)], "GRADUATE_FROM_ACADEMIC_LEAVE"),
        ([make(1, Kind.ENROL), make(2, Kind.TRANSFER_IN, 5)], "TRANSFER_IN_FROM_ENROLLED"),
        ([make(1, Kind.ENROL), make(2, Kind.LEAVE, 5), make(3, Kind.CANCEL, cancels_id=UUID(int=1))], "NOT_ENROLLED_YET"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_follow_is_refused_with_its_reason(orders: list[Order], reason: str) -> None:
    """What contradicts the orders that stand is refused by a code, not guessed into shape."""
    with pytest.raises(InputRefused) as error:
        place_of(orders)
    assert error.value.problems == (("order", reason),)


def test_an_enrolment_whose_opening_is_taken_back_never_counted() -> None:
    """It is annulled from its first day and covers no day."""
    place = place_of([make(1, Kind.ENROL), make(2, Kind.CANCEL, cancels_id=UUID(int=1))])
    assert (place.end_on, place.status) == (FIRST, "ANNULLED")


@given(st.permutations([(1, Kind.ENROL, 0), (2, Kind.LEAVE, 10), (3, Kind.RETURN, 20), (4, Kind.EXPEL, 30)]))
def test_late_entry_changes_nothing(told: list[tuple[int, Kind, int]]) -> None:
    """Orders recorded in any order make the same periods: the day of effect decides."""
    days = {kind: day for _, kind, day in told}
    orders = [make(n, kind, days[kind]) for n, (_, kind, _) in enumerate(told, start=1)]
    assert [period.status for period in place_of(orders).periods] == [
        "ENROLLED",
        "ACADEMIC_LEAVE",
        "PRESENT",
        "EXPELLED",
    ]
