"""Where a learner of the country is enrolled and was before: places whose periods cover every day of them."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from random import Random

from gateway.sandbox.country.organisations import District
from gateway.sandbox.country.plan import TODAY, Plan
from gateway.sandbox.country.values import Human, Organisation, Period, Place, Promotion

_KIND = 3
_ENTERED_AGAIN = date(2026, 8, 25)
MOVED, ON_LEAVE, SPECIAL = 0.05, 0.03, 0.004
_GROUPS = "АБВГ"


class Schooling:
    """Gives the learners of one batch their places."""

    def __init__(self, plan: Plan, batch: int, district: District, chance: Random) -> None:
        """Begin with the batch's organisations and its chance."""
        self._plan, self._batch, self._district, self._chance = plan, batch, district, chance
        self._made = 0

    def places(self, child: Human, school: Organisation) -> tuple[Place, ...]:
        """Give the places of a learner in the order of time: the school left, if any, and the present one."""
        age = (TODAY - child.birth_date).days // 365
        if age >= 18:
            return (self._study(child, age),)
        began = _first_school_day(child.birth_date)
        if began > TODAY:
            return (self._place(self._district.kindergarten, date(2025, 9, 1)),)
        if self._chance.random() < SPECIAL:
            return (self._grown(self._district.special, began, began),)
        if began < TODAY and self._chance.random() < MOVED:
            moved = began + timedelta(days=self._chance.randrange(100, (TODAY - began).days))
            left = self._grown(self._other(school), began, began, left_on=moved)
            return (left, self._grown(school, began, moved))
        return (self._grown(school, began, began),)

    def elsewhere(self, before: Place) -> Place:
        """Give a place at another school of the district, as a second entry of the same child has."""
        return self._place(self._other(before.organisation), _ENTERED_AGAIN, grade=before.grade)

    def _other(self, school: Organisation) -> Organisation:
        return self._chance.choice([each for each in self._district.schools if each is not school])

    def _grown(
        self, where: Organisation, began: date, entered: date, *, left_on: date | None = None
    ) -> Place:
        """Give a place at a school, entered and perhaps left in the course of the twelve years."""
        steps = _promotions(began, left_on or TODAY + timedelta(days=1))
        before = [each for each in steps if each.on <= entered]
        place = self._place(where, entered, grade=before[-1].to_grade if before else "1", left_on=left_on)
        return replace(place, promotions=tuple(steps[len(before) :]))

    def _study(self, child: Human, age: int) -> Place:
        where = self._district.university if self._chance.random() < 0.55 else self._district.college
        began = date(max(child.birth_date.year + 18, TODAY.year - (age - 17)), 9, 1)
        began = min(began, date(TODAY.year - 1, 9, 1))
        place = self._place(where, began)
        if self._chance.random() >= ON_LEAVE:
            return place
        gone = began + timedelta(days=self._chance.randrange(30, 200))
        back = gone + timedelta(days=120)
        periods = (
            Period("ENROLLED", began, gone),
            Period("ACADEMIC_LEAVE", gone, back),
            Period("PRESENT", back, None),
        )
        return replace(place, periods=periods)

    def _place(
        self, where: Organisation, began: date, *, grade: str | None = None, left_on: date | None = None
    ) -> Place:
        last = (Period("TRANSFERRED", left_on, None),) if left_on else ()
        self._made += 1
        return Place(
            id=self._plan.id(_KIND, self._batch, self._made),
            organisation=where,
            level=where.level,
            opened_grade=grade,
            group=self._chance.choice(_GROUPS) if grade else None,
            start_on=began,
            end_on=left_on,
            periods=(Period("ENROLLED", began, left_on), *last),
        )


def ended_by_death(place: Place, on: date) -> Place:
    """Give the place of somebody who died: what would have come later did not."""
    return replace(
        place,
        end_on=on,
        promotions=tuple(each for each in place.promotions if each.on < on),
        periods=(Period("ENROLLED", place.start_on, on), Period("DECEASED", on, None)),
    )


def _first_school_day(born: date) -> date:
    """Children went to school at seven; from those born in 2020 on, at six."""
    return date(born.year + (6 if born.year >= 2020 else 7), 9, 1)


@cache
def _promotions(began: date, until: date) -> list[Promotion]:
    """Give the yearly steps before a day; in the autumn of 2025 grades 3 and 6 stepped over one."""
    steps, grade = [], 1
    for year in range(began.year + 1, TODAY.year + 1):
        on = date(year, 9, 1)
        after = grade + (2 if year == 2025 and grade in {3, 6} else 1)
        if on < until:
            steps.append(Promotion(on, str(grade), str(after)))
        grade = after
    return steps
