"""Which school a learner's grade is one of, the eleven-year or the twelve-year: read off the journal of orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.registry.books.rules import SchoolPlace, SchoolRule
from gateway.registry.learners.orders import OPENING, Kind, Order

_FIRST_GRADE = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What follows a grade on a day: the grade, or the reason why nobody is moved."""

    grade: str | None
    reason: str = ""


def possible_places(orders: Iterable[Order], rules: Sequence[SchoolRule], grade: str) -> set[SchoolPlace]:
    """Give every place an enrolment's present grade can be, as its orders that stand tell.

    Who came before the twelve-year school began was in the eleven-year one; who began grade 1 since is in the
    twelve-year one; a jump tells it of the others.
    """
    taken_back = {order.cancels_id for order in orders if order.cancels_id}
    standing = [each for each in orders if each.movement_id not in taken_back and not each.cancels_id]
    places = {
        SchoolPlace(programme=name, grade=grade) for name in sorted({rule.at.programme for rule in rules})
    }
    for order in sorted(standing, key=lambda each: (each.effective_on, each.number)):
        if order.kind in OPENING:
            places = _opened(order, rules, grade)
        elif order.kind is Kind.PROMOTE and order.grade:
            places = _moved(places, order, rules)
    return {SchoolPlace(programme=place.programme, grade=grade) for place in places}


def next_step(places: Iterable[SchoolPlace], rules: Sequence[SchoolRule], *, on: date, sure: bool) -> Step:
    """Give the grade that follows on the first day of a school year; never by a guess.

    Where the possible places lead to different grades nobody is moved, nor by a rule no paper was seen for unless
    `sure` is False.
    """
    found = [rule for place in places for rule in rules if rule.at == place and rule.holds_on(on)]
    if not found:
        return Step(grade=None, reason="NO_RULE_FOR_THE_GRADE")
    if len({rule.to.grade if rule.to else None for rule in found}) > 1:
        return Step(grade=None, reason="SCHOOL_OF_THE_GRADE_UNKNOWN")
    if found[0].to is None:
        return Step(grade=None, reason="FINISHES_SCHOOL")
    if sure and not any(rule.confirmed for rule in found):
        return Step(grade=None, reason="RULE_NOT_CONFIRMED")
    return Step(grade=found[0].to.grade)


def _opened(order: Order, rules: Sequence[SchoolRule], grade: str) -> set[SchoolPlace]:
    begun = order.grade or grade
    since = min((rule.valid_from for rule in rules if _jumps(rule) and rule.valid_from), default=date.max)
    names = {rule.at.programme for rule in rules}
    newer = {rule.to.programme for rule in rules if rule.to and _jumps(rule)}
    if order.effective_on < since:
        names -= newer
    elif begun == _FIRST_GRADE:
        names &= newer
    return {SchoolPlace(programme=name, grade=begun) for name in names}


def _jumps(rule: SchoolRule) -> bool:
    return rule.to is not None and rule.to.programme != rule.at.programme


def _moved(places: set[SchoolPlace], order: Order, rules: Sequence[SchoolRule]) -> set[SchoolPlace]:
    led = {
        rule.to
        for place in places
        for rule in rules
        if rule.at == place and rule.holds_on(order.effective_on) and rule.to and rule.to.grade == order.grade
    }
    grade = order.grade or ""
    return led or {SchoolPlace(programme=place.programme, grade=grade) for place in places}
