"""What the books decide about studies: promotion, grading, the word for a learner."""

from datetime import date

import pytest

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.books.files import packaged_books
from gateway.registry.books.lookup import values_on
from gateway.registry.books.rules import (
    SchoolPlace,
    academic_year_on,
    learner_category,
    next_place,
    scale_of,
    takes_mark,
)

PLACES = sorted({row.code for book in packaged_books() if book.code == "GRADING" for row in book.rows})


def place(text: str) -> SchoolPlace:
    programme, grade = text.split("/")
    return SchoolPlace(programme=programme, grade=grade)


STEPS = (
    ("11/3", 2024, "11/4"),
    ("11/6", 2024, "11/7"),
    ("11/3", 2025, "12/5"),
    ("11/6", 2025, "12/8"),
    ("11/4", 2025, "11/5"),
    ("11/PREP", 2024, "11/1"),
    ("11/PREP", 2025, "12/2"),
    ("11/9", 2025, "11/10"),
    ("12/5", 2026, "12/6"),
    ("11/11", 2025, None),
    ("12/12", 2031, None),
)


async def test_the_next_grade_comes_from_the_table(database: Database) -> None:
    """Who finished grade 3 or 6 in 2025 skips a grade into the 12-year school; others go on by one."""
    async with database.transaction() as session:
        for finished, year, expected in STEPS:
            found = await next_place(session, place(finished), on=date(year, 9, 1))
            assert (str(found.to) if found.to else None) == expected


async def test_a_rule_no_paper_was_seen_for_says_so(database: Database) -> None:
    """The jump of 2025 is confirmed, that of 2026 is not."""
    async with database.transaction() as session:
        assert (await next_place(session, place("11/3"), on=date(2025, 9, 1))).confirmed
        assert not (await next_place(session, place("11/3"), on=date(2026, 9, 1))).confirmed


async def test_no_step_is_guessed(database: Database) -> None:
    """A grade of the 12-year school that nobody could have finished yet has no rule, and none is made up."""
    async with database.transaction() as session:
        with pytest.raises(RegistryError, match="no rule"):
            await next_place(session, place("12/5"), on=date(2025, 9, 1))


async def test_every_rule_leads_upward_to_a_grade_that_exists_then(database: Database) -> None:
    """On the first day of any school year every rule leads to a higher grade of the book that day."""
    for year in range(2019, 2028):
        day = date(year, 9, 1)
        async with database.transaction() as session:
            grades = {
                row.code: number for number, row in enumerate(await values_on(session, "GRADE", on=day))
            }
            for rule in await values_on(session, "PROMOTION", on=day):
                found = await next_place(session, place(rule.code), on=day)
                if found.to:
                    assert grades[found.to.grade] > grades[place(rule.code).grade]


async def test_a_grade_takes_the_marks_of_its_scale_and_no_other(database: Database) -> None:
    """Ungraded grades refuse every mark; every other grade accepts exactly its scale's marks."""
    day = date(2026, 9, 1)
    async with database.transaction() as session:
        for each in map(place, PLACES):
            scale = await scale_of(session, each, on=day)
            taken = [str(n) for n in range(-1, 12) if await takes_mark(session, each, str(n), on=day)]
            assert taken == scale.attributes["marks"]
            assert (taken == []) == (scale.code == "UNGRADED")


async def test_grade_two_refuses_marks_and_grade_eleven_takes_two_to_five(database: Database) -> None:
    """The ungraded second grade has no mark; the eleventh of the 11-year school has 2 to 5."""
    day = date(2026, 9, 1)
    async with database.transaction() as session:
        assert not await takes_mark(session, place("12/2"), "5", on=day)
        assert not await takes_mark(session, place("11/2"), "5", on=day)
        assert await takes_mark(session, place("11/11"), "5", on=day)
        assert not await takes_mark(session, place("11/11"), "1", on=day)


@pytest.mark.requirement("R-006")
async def test_a_learner_is_called_by_the_level(database: Database) -> None:
    """A kindergarten has воспитанники, a school учащиеся, a university студенты."""
    async with database.transaction() as session:
        words = [
            (await learner_category(session, level, on=date(2026, 9, 1))).names.ru
            for level in ("PRESCHOOL", "PRIMARY", "VPO", "ADDITIONAL_PROFESSIONAL")
        ]
    assert words == ["воспитанник", "учащийся", "студент", "слушатель"]


async def test_a_day_lies_in_one_academic_year(database: Database) -> None:
    """31 August still belongs to the year before, 1 September to the new one."""
    async with database.transaction() as session:
        assert await academic_year_on(session, date(2026, 8, 31)) == "2025/26"
        assert await academic_year_on(session, date(2026, 9, 1)) == "2026/27"
        with pytest.raises(RegistryError):
            await academic_year_on(session, date(1999, 1, 1))
