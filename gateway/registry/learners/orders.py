"""What the orders about one enrolment make of it: status periods, grade and end, as a pure function.

Days are half-open: the day an order takes effect is the first day of the new status, and the day of a
closing order is the first that no longer counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from gateway.foundation.errors import InputRefused
from gateway.registry.entries import StatusPeriod


class Kind(StrEnum):
    """What an order does. END closes an enrolment of which only the last day is known."""

    ENROL = "ENROL"
    TRANSFER_IN = "TRANSFER_IN"
    REINSTATE = "REINSTATE"
    ATTEND = "ATTEND"
    LEAVE = "LEAVE"
    EXCHANGE = "EXCHANGE"
    SUSPEND = "SUSPEND"
    RETURN = "RETURN"
    PROMOTE = "PROMOTE"
    REPEAT = "REPEAT"
    TRANSFER_OUT = "TRANSFER_OUT"
    GRADUATE = "GRADUATE"
    EXPEL = "EXPEL"
    DIE = "DIE"
    END = "END"
    CANCEL = "CANCEL"


OPENING = frozenset({Kind.ENROL, Kind.TRANSFER_IN, Kind.REINSTATE})
CLOSING = {
    Kind.TRANSFER_OUT: "TRANSFERRED",
    Kind.GRADUATE: "GRADUATED",
    Kind.EXPEL: "EXPELLED",
    Kind.DIE: "DECEASED",
    Kind.END: "",
}
CLOSING_STATUSES = frozenset({*CLOSING.values(), "ANNULLED"} - {""})
_STUDYING = frozenset({"ENROLLED", "PRESENT"})
_AWAY = frozenset({"ACADEMIC_LEAVE", "EXCHANGE_OUT", "SUSPENDED"})
_ALLOWED = {
    Kind.ATTEND: frozenset({"ENROLLED"}),
    Kind.LEAVE: _STUDYING,
    Kind.EXCHANGE: _STUDYING,
    Kind.SUSPEND: _STUDYING,
    Kind.RETURN: _AWAY,
    Kind.PROMOTE: _STUDYING,
    Kind.REPEAT: _STUDYING,
    Kind.GRADUATE: _STUDYING,
    Kind.TRANSFER_OUT: _STUDYING | _AWAY,
    Kind.EXPEL: _STUDYING | _AWAY,
    Kind.DIE: _STUDYING | _AWAY,
    Kind.END: _STUDYING | _AWAY,
}
_BECOMES = {
    Kind.ATTEND: "PRESENT",
    Kind.LEAVE: "ACADEMIC_LEAVE",
    Kind.EXCHANGE: "EXCHANGE_OUT",
    Kind.SUSPEND: "SUSPENDED",
    Kind.RETURN: "PRESENT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it counts: `number` grows with each order of the journal."""

    movement_id: UUID
    number: int
    kind: Kind
    effective_on: date
    grade: str | None = None
    cancels_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an enrolment is by its orders; `end_on` is the first day that no longer counts."""

    start_on: date
    end_on: date | None
    grade: str | None
    periods: tuple[StatusPeriod, ...]

    @property
    def status(self) -> str:
        """Give the status the orders end in; empty where only the last day is known."""
        last = self.periods[-1] if self.periods else None
        return last.status if last and last.until_on is None else ""


def standing(orders: Iterable[Order]) -> list[Order]:
    """Give the orders that were not taken back, in the order in which they take effect."""
    told = list(orders)
    gone = {order.cancels_id for order in told}
    left = [order for order in told if order.kind is not Kind.CANCEL and order.movement_id not in gone]
    return sorted(left, key=lambda order: (order.effective_on, order.number))


def place_of(orders: Iterable[Order]) -> Place:
    """Make an enrolment of its orders, whatever order they were recorded in.

    Raises InputRefused with the reason code of the first order that cannot follow what stands before it.
    """
    told = list(orders)
    left = standing(told)
    if not left:
        return _annulled(told)
    if left[0].kind not in OPENING:
        raise refused("NOT_ENROLLED_YET")
    changes: list[tuple[str, date]] = [("ENROLLED", left[0].effective_on)]
    grade, end_on = left[0].grade, None
    for order in left[1:]:
        if end_on is not None:
            raise refused("ENROLMENT_ENDED")
        if changes[-1][0] not in _ALLOWED.get(order.kind, frozenset()):
            raise refused(f"{order.kind}_FROM_{changes[-1][0]}")
        if order.kind in CLOSING:
            end_on = order.effective_on
            changes.append((CLOSING[order.kind], end_on))
        elif order.kind in _BECOMES:
            changes.append((_BECOMES[order.kind], order.effective_on))
        grade = order.grade or grade
    return Place(start_on=changes[0][1], end_on=end_on, grade=grade, periods=_periods(changes))


def kinds_after(status: str) -> frozenset[Kind]:
    """Give the orders that may follow a status."""
    return frozenset(kind for kind, before in _ALLOWED.items() if status in before)


def refused(reason: str) -> InputRefused:
    """Make the error of an order that cannot stand."""
    return InputRefused((("order", reason),))


def _annulled(told: Sequence[Order]) -> Place:
    """Give the place of an enrolment whose opening order was taken back: it never counted."""
    openings = [order for order in told if order.kind in OPENING]
    if not openings:
        raise refused("NOT_ENROLLED_YET")
    opening = max(openings, key=lambda order: order.number)
    period = StatusPeriod(status="ANNULLED", from_on=opening.effective_on, until_on=None)
    return Place(
        start_on=opening.effective_on, end_on=opening.effective_on, grade=opening.grade, periods=(period,)
    )


def _periods(changes: Sequence[tuple[str, date]]) -> tuple[StatusPeriod, ...]:
    """Turn changes into periods: what lasted no day is left out, what did not change is one period."""
    kept: list[tuple[str, date]] = []
    for status, from_on in changes:
        while kept and kept[-1][1] == from_on:
            kept.pop()
        if not kept or kept[-1][0] != status:
            kept.append((status, from_on))
    ends: list[date | None] = [from_on for _, from_on in kept[1:]]
    return tuple(
        StatusPeriod(status=status, from_on=from_on, until_on=until_on)
        for (status, from_on), until_on in zip(kept, [*ends, None], strict=True)
        if status
    )
