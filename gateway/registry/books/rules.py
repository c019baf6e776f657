"""What the books decide about studies: the next grade, the marks a grade takes, the word for a learner."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.books.lookup import all_values, value_on, values_on
from gateway.registry.books.values import BookRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolPlace:
    """A grade of a programme: the eleven-year ("11") or the twelve-year ("12") school."""

    programme: str
    grade: str

    def __str__(self) -> str:
        """Write it as the books do: 12/5."""
        return f"{self.programme}/{self.grade}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Where a learner goes next; no place where school is finished. `confirmed` says whether a paper was seen."""

    to: SchoolPlace | None
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolRule:
    """A row of the book PROMOTION: from which place to which (none where school is finished), and on which days."""

    at: SchoolPlace
    to: SchoolPlace | None
    valid_from: date | None
    valid_until: date | None
    confirmed: bool

    def holds_on(self, day: date) -> bool:
        """Tell whether the rule holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day < self.valid_until
        )


async def school_rules(session: AsyncSession) -> tuple[SchoolRule, ...]:
    """Read every rule of promotion there is, those of other days too."""
    return tuple(
        SchoolRule(
            at=_place(row.code),
            to=_place(str(row.attributes["to"])) if row.attributes.get("to") else None,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            confirmed=not row.attributes.get("unconfirmed", False),
        )
        for row in await all_values(session, "PROMOTION")
    )


async def next_place(session: AsyncSession, finished: SchoolPlace, *, on: date) -> Promotion:
    """Give where a learner goes on the first day of a school year, having finished a grade.

    Raises RegistryError where the book has no rule for that day: the step is then never guessed.
    """
    rule = await value_on(session, "PROMOTION", str(finished), on=on)
    if rule is None:
        raise RegistryError(f"the book PROMOTION has no rule for grade {finished} on {on}")
    target = rule.attributes.get("to")
    return Promotion(
        to=_place(str(target)) if target else None, confirmed=not rule.attributes.get("unconfirmed", False)
    )


def _place(text: str) -> SchoolPlace:
    programme, grade = text.split("/")
    return SchoolPlace(programme=programme, grade=grade)


async def scale_of(session: AsyncSession, place: SchoolPlace, *, on: date) -> BookRow:
    """Give the grading scale of a grade on a day; raises RegistryError where the book has none."""
    grading = await value_on(session, "GRADING", str(place), on=on)
    scale = await value_on(session, "SCALE", str(grading.attributes["scale"]), on=on) if grading else None
    if scale is None:
        raise RegistryError(f"the book GRADING has no scale for grade {place} on {on}")
    return scale


async def takes_mark(session: AsyncSession, place: SchoolPlace, mark: str, *, on: date) -> bool:
    """Tell whether a grade's scale has this mark on a day; an ungraded grade has none."""
    return mark in (await scale_of(session, place, on=on)).attributes["marks"]


async def learner_category(session: AsyncSession, level_code: str, *, on: date) -> BookRow:
    """Give what a learner of a level is called: воспитанник, учащийся, студент, слушатель."""
    level = await value_on(session, "LEVEL", level_code, on=on)
    if level is None:
        raise RegistryError(f"the book LEVEL has no level {level_code} on {on}")
    category = await value_on(session, "LEARNER_CATEGORY", str(level.attributes["learner_category"]), on=on)
    if category is None:
        raise RegistryError(f"the book LEARNER_CATEGORY has no word for level {level_code}")
    return category


async def academic_year_on(session: AsyncSession, day: date) -> str:
    """Give the academic year a day lies in; raises RegistryError where the book does not reach."""
    for year in await values_on(session, "ACADEMIC_YEAR", on=day):
        starts, ends = (date.fromisoformat(year.attributes[key]) for key in ("starts", "ends"))
        if starts <= day < ends:
            return year.code
    raise RegistryError(f"the book ACADEMIC_YEAR has no year for {day}")
