"""The reference books: whole in three languages, versioned, and the only source of coded values."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.books.files import packaged_books, parse_books, parse_soate, read_soate
from gateway.registry.books.loading import load_books, load_packaged_books
from gateway.registry.books.lookup import newest_version, subtree, value_on, values_on
from gateway.registry.books.values import Book, BookRow, Names, check_book
from tests.registry.sections.support import NOW, TODAY, saved_organisation

BOOKS = {book.code: book for book in packaged_books()}
REGULATION = {
    "PRESCHOOL", "SCHOOL", "EDUCATIONAL_COMPLEX", "AUTHOR_COMPLEX", "GYMNASIUM", "LYCEUM", "SCHOOL_COMPLEX",
    "SPECIAL_SCHOOL", "SANATORIUM_SCHOOL", "AUXILIARY_SCHOOL", "EVENING_SCHOOL", "EXTRAMURAL_SCHOOL",
    "EXPERIMENTAL_SCHOOL", "INCOMPLETE_SCHOOL", "OUT_OF_SCHOOL", "SPECIAL", "SUPPLEMENTARY", "NPO",
    "PROFESSIONAL_LYCEUM", "VOCATIONAL_SCHOOL", "SPO", "COLLEGE", "TECHNICUM", "VPO", "INSTITUTE", "ACADEMY",
    "UNIVERSITY", "CONSERVATORY", "POSTGRADUATE", "RESIDENCY", "POSTGRADUATE_STUDIES", "ADDITIONAL_PROFESSIONAL",
}  # fmt: skip
# books a value of one points into: attribute, then the book
_POINTERS = {
    "LEVEL": ("learner_category", "LEARNER_CATEGORY"),
    "ORG_TYPE": ("level", "LEVEL"),
    "SUPERVISORY_BODY": ("levels", "LEVEL"),
    "GRADE": ("level", "LEVEL"),
    "GRADING": ("scale", "SCALE"),
    "POSITION": ("category", "STAFF_CATEGORY"),
    "EDU_DOC_TYPE": ("level", "LEVEL"),
}


@pytest.mark.parametrize("book", BOOKS.values(), ids=BOOKS)
def test_every_book_is_whole_in_three_languages(book: Book) -> None:
    """Every book and every row of it has a name in Kyrgyz, Russian and English, an owner and a source."""
    assert book.owner
    assert book.source
    assert book.rows
    for names in (book.names, *(row.names for row in book.rows)):
        assert all(name.strip() == name and name for name in (names.ky, names.ru, names.en))


@pytest.mark.parametrize("code", _POINTERS)
def test_what_a_book_points_to_is_there(code: str) -> None:
    """A row that names a value of another book names one that exists."""
    attribute, other = _POINTERS[code]
    known = {row.code for row in BOOKS[other].rows}
    for row in BOOKS[code].rows:
        named = row.attributes[attribute]
        assert set([named] if isinstance(named, str) else named) <= known


@pytest.mark.requirement("R-005")
def test_the_types_are_exactly_those_of_the_regulation() -> None:
    """ORG_TYPE holds every type the regulation of 2019 names, and none besides."""
    assert {row.code for row in BOOKS["ORG_TYPE"].rows} == REGULATION


def test_positions_roll_up_to_all_four_groups() -> None:
    """Each of the four groups of staff has positions, and each position one group."""
    assert {row.attributes["category"] for row in BOOKS["POSITION"].rows} == {
        "ADMINISTRATIVE", "TEACHING", "SUPPORT", "SERVICE",
    }  # fmt: skip


def test_territories_hang_together() -> None:
    """A territory's code begins with its parent's digits, and every territory leads up to the republic."""
    units = {row.code: row for row in BOOKS["SOATE"].rows}
    assert len(units) == 66
    for row in units.values():
        if row.parent_code:
            assert row.code.startswith(row.parent_code.rstrip("0"))
            top = row
            while top.parent_code:
                top = units[top.parent_code]
            assert top.code == "41700000000000"


def test_academic_years_follow_each_other_without_a_gap() -> None:
    """Every academic year ends on the day the next one starts."""
    years = [row.attributes for row in BOOKS["ACADEMIC_YEAR"].rows]
    assert all(one["ends"] == following["starts"] for one, following in pairwise(years))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ('ky = "бир", ru = "", en = "one"', "three languages"),
        ('ky = "бир", ru = "один", en = "one", parent = "NOBODY"', "parent"),
        ('ky = "бир", ru = "один", en = "one", parent = "A"', "above itself"),
        ('ky = "бир", ru = "один", en = "one", from = 2026-01-02, until = 2026-01-01', "before it begins"),
        ('ky = "бир", ru = "один", en = "one"}, {code = "A", ky = "а", ru = "а", en = "a"', "two rows"),
        ('ky = "бир", ru = "один"', "cannot be read"),
    ],
)
def test_a_book_that_is_not_whole_is_refused(damage: str, reason: str) -> None:
    """A missing name, a lost parent, a circle, a period upside down or two rows on one day are named."""
    head = 'name = {ky = "К", ru = "К", en = "B"}\nowner = "O"\nsource = "S"\neffective_on = 2026-01-01\n'
    with pytest.raises(RegistryError, match=reason):
        parse_books(f'[TRY]\n{head}values = [{{code = "A", {damage}}}]')


async def test_loading_twice_changes_nothing(database: Database) -> None:
    """The books that come with the product are loaded once; a second run makes no version."""
    assert await load_packaged_books(database) == {}
    async with database.transaction() as session:
        versions = await session.execute(text("select book_code, max(version) from book_version group by 1"))
        assert dict(versions.all()) == dict.fromkeys(BOOKS, 1)


@pytest.mark.requirement("R-041")
async def test_a_changed_book_is_the_next_version_and_the_old_one_stays_readable(database: Database) -> None:
    """After a book changes, an entry saved before still reads as it was saved, a new one as the book now says."""
    organisation_id = await saved_organisation(database, ownership_code="PRIVATE")
    changed = _renamed(BOOKS["OWNERSHIP"], "PRIVATE", "негосударственная")
    async with database.transaction() as session:
        assert await load_books(session, [changed], at=NOW, approved_by="specialist.one") == {"OWNERSHIP": 2}
    async with database.transaction() as session:
        # touching another column leaves the version of the value as it was chosen
        await session.execute(text("update organisation set okpo = '12345678'"))
        kept = await session.scalar(
            text("select book_versions from organisation where id = :id"), {"id": organisation_id}
        )
        assert kept["ownership_code"] == 1
        old = await value_on(session, "OWNERSHIP", "PRIVATE", on=TODAY, version=kept["ownership_code"])
        new = await value_on(session, "OWNERSHIP", "PRIVATE", on=TODAY)
        assert (old.names.ru, new.names.ru) == ("частная", "негосударственная")
    later = await saved_organisation(database, "S-2", ownership_code="PRIVATE")
    async with database.transaction() as session:
        kept = await session.scalar(
            text("select book_versions from organisation where id = :id"), {"id": later}
        )
        assert kept["ownership_code"] == 2


def _renamed(book: Book, code: str, ru: str) -> Book:
    return replace(
        book,
        rows=tuple(
            replace(row, names=replace(row.names, ru=ru)) if row.code == code else row for row in book.rows
        ),
    )


async def test_an_import_names_who_approved_it(database: Database) -> None:
    """A version that did not come with the product keeps the name of its approver, and is refused without one."""
    book = _renamed(BOOKS["OWNERSHIP"], "PRIVATE", "негосударственная")
    with pytest.raises(RegistryError, match="who approved it"):
        async with database.transaction() as session:
            await load_books(session, [book], at=NOW, approved_by="")
    async with database.transaction() as session:
        await load_books(session, [book], at=NOW, approved_by="specialist.one")
        approved = await session.execute(
            text(
                "select origin, approved_by from book_version where book_code = 'OWNERSHIP' order by version"
            )
        )
        assert approved.all() == [("PACKAGE", None), ("IMPORT", "specialist.one")]


async def test_what_an_operator_imported_is_not_undone_by_the_package(database: Database) -> None:
    """A packaged book never follows an imported one."""
    imported = _renamed(BOOKS["OWNERSHIP"], "PRIVATE", "негосударственная")
    packaged = _renamed(BOOKS["OWNERSHIP"], "PRIVATE", "частная (новая редакция)")
    async with database.transaction() as session:
        assert await load_books(session, [imported], at=NOW, approved_by="specialist.one")
        assert await load_books(session, [packaged], at=NOW) == {}
        assert await newest_version(session, "OWNERSHIP") == 2


async def test_a_published_book_never_changes(database: Database) -> None:
    """The database refuses to change, delete or truncate what was published."""
    for table in ("book_version", "book_value"):
        for change in ("update {} set name_ru = 'x'", "delete from {}", "truncate {} cascade"):
            with pytest.raises(DBAPIError, match="append-only"):
                async with database.transaction() as session:
                    await session.execute(text(change.format(table)))


@pytest.mark.requirement("R-041")
async def test_a_code_means_what_it_meant_on_the_day(database: Database) -> None:
    """A value whose name changed has the old name before that day and the new one from it."""
    async with database.transaction() as session:
        before = await value_on(session, "PROVIDER", "MINISTRY", on=date(2025, 1, 31))
        after = await value_on(session, "PROVIDER", "MINISTRY", on=date(2025, 2, 1))
        assert (before.names.en, after.names.en) == (
            "Ministry of Education and Science", "Ministry of Enlightenment",
        )  # fmt: skip
        assert await value_on(session, "GRADE", "12", on=date(2025, 8, 31)) is None
        assert await value_on(session, "GRADE", "12", on=date(2025, 9, 1)) is not None


async def test_a_territory_is_found_with_all_below_it(database: Database) -> None:
    """The subtree of an oblast holds its districts and cities and nothing of its neighbours."""
    async with database.transaction() as session:
        below = await subtree(session, "SOATE", "41708000000000")
        everything = await subtree(session, "SOATE", "41700000000000")
    assert "41708203000000" in below
    assert all(code.startswith("41708") for code in below)
    assert len(below) == 10
    assert len(everything) == len(BOOKS["SOATE"].rows)


async def test_the_full_list_of_territories_comes_by_import(database: Database, tmp_path: Path) -> None:
    """A file with villages makes the next version; codes may be printed with spaces; a bad line is named."""
    packaged = "code;kind;ky;ru;en;parent;from;until;unconfirmed\n41700000000000;REPUBLIC;КР;КР;KR;;;;\n"
    village = "41707 232 815 01 0;VILLAGE;Айыл;Село;Village;41700000000000;2020-01-01;;yes\n"
    file = tmp_path / "soate.csv"
    file.write_text("# a comment\n" + packaged + village, encoding="utf-8-sig")
    book = read_soate(file, effective_on=date(2026, 1, 1))
    async with database.transaction() as session:
        assert await load_books(session, [book], at=NOW, approved_by="specialist.one") == {"SOATE": 2}
        found = await value_on(session, "SOATE", "41707232815010", on=TODAY)
        assert found.attributes == {"kind": "VILLAGE", "unconfirmed": True}
        assert len(await values_on(session, "SOATE", on=date(2019, 12, 31))) == 1
    with pytest.raises(RegistryError, match="line 3"):
        parse_soate(packaged + "123;VILLAGE;a;a;a;;;;\n", effective_on=TODAY, source="test")


_DAYS = st.integers(0, 40).map(lambda days: date(2026, 1, 1) + timedelta(days=days))
_PERIODS = st.lists(st.tuples(st.none() | _DAYS, st.none() | _DAYS), min_size=1, max_size=4)


@given(_PERIODS)
def test_no_day_has_two_rows_of_one_code(periods: list[tuple[date | None, date | None]]) -> None:
    """Whatever periods a book gives a code, it is refused or on every day at most one row holds."""
    rows = tuple(
        BookRow(code="A", names=Names(ky="а", ru="а", en="a"), valid_from=start, valid_until=end)
        for start, end in periods
    )
    names = Names(ky="К", ru="К", en="B")
    book = Book(code="TRY", names=names, owner="O", source="S", effective_on=TODAY, rows=rows)
    days = [date(2025, 12, 1) + timedelta(days=each) for each in range(90)]
    crowded = any(sum(row.holds_on(day) for row in rows) > 1 for day in days)
    upside_down = any(start and end and end <= start for start, end in periods)
    try:
        check_book(book)
    except RegistryError:
        assert crowded or upside_down
    else:
        assert not crowded
        assert not upside_down
