"""Where a learner of the country is enrolled and was before: places whose periods cover every day of them."""

from datetime import date, timedelta
from random import Random

from gateway.sandbox.country.organisations import District
from gateway.sandbox.country.plan import TODAY, Plan
from gateway.sandbox.country.values import Human, Organisation, Period, Place

_KIND = 3
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
        if age < 6:
            return (self._place(self._district.kindergarten, None, date(2025, 9, 1)),)
        grade = min(max(age - 5, 1), 12)
        began = date(TODAY.year - grade + 1, 9, 1)
        if self._chance.random() < SPECIAL:
            return (self._place(self._district.special, str(grade), began),)
        others = [each for each in self._district.schools if each is not school]
        if grade > 1 and self._chance.random() < MOVED:
            moved = began + timedelta(days=self._chance.randrange(100, (TODAY - began).days))
            left = self._place(
                self._chance.choice(others), str(grade - 1), began, closed=("TRANSFERRED", moved)
            )
            return (left, self._place(school, str(grade), moved))
        return (self._place(school, str(grade), began),)

    def elsewhere(self, school: Organisation, grade: str | None) -> Place:
        """Give a place at another school of the district, as a second entry of the same child has."""
        others = [each for each in self._district.schools if each is not school]
        return self._place(self._chance.choice(others), grade, date(TODAY.year - 1, 9, 1))

    def _study(self, child: Human, age: int) -> Place:
        where = self._district.university if self._chance.random() < 0.55 else self._district.college
        began = date(max(child.birth_date.year + 18, TODAY.year - (age - 17)), 9, 1)
        began = min(began, date(TODAY.year - 1, 9, 1))
        if self._chance.random() >= ON_LEAVE:
            return self._place(where, None, began)
        gone = began + timedelta(days=self._chance.randrange(30, 200))
        back = gone + timedelta(days=120)
        periods = (
            Period("ENROLLED", began, gone),
            Period("ACADEMIC_LEAVE", gone, back),
            Period("ENROLLED", back, None),
        )
        return self._place(where, None, began, periods=periods)

    def _place(
        self,
        where: Organisation,
        grade: str | None,
        began: date,
        *,
        closed: tuple[str, date] | None = None,
        periods: tuple[Period, ...] = (),
    ) -> Place:
        end_on = closed[1] if closed else None
        last = (Period(closed[0], closed[1], None),) if closed else ()
        self._made += 1
        return Place(
            id=self._plan.id(_KIND, self._batch, self._made),
            organisation=where,
            level=where.level,
            grade=grade,
            group=f"{grade}-{self._chance.choice(_GROUPS)}" if grade else None,
            start_on=began,
            end_on=end_on,
            periods=periods or (Period("ENROLLED", began, end_on), *last),
        )
