"""Who is worth comparing with a record: the same few online as in memory, in blocks of any size."""

from datetime import date

import psycopg
import pytest

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.intake.person_rows import record_of
from gateway.matching.blocking import LARGEST_BLOCK, is_worth_comparing
from gateway.matching.bulk import gather
from gateway.matching.record import Record
from gateway.registry.candidates import find
from tests.benchmarks.registry_rows import fill
from tests.matching.generator import Row, generate

PLACEHOLDER = date(1900, 1, 1)


def _crowd() -> list[Row]:
    """A registry with one block of a placeholder for a birth date, in which many bear one given name."""
    rows = generate(83, registry=700, incoming=1).registry
    crowd = [
        row | {"birth_date": PLACEHOLDER.isoformat(), "given": "Азамат"} for row in rows[: LARGEST_BLOCK + 60]
    ]
    return [*crowd, *rows[len(crowd) :]]


def _asked(rows: list[Row]) -> list[Record]:
    bare = {"pin": "", "birth_cert": "", "passport": "", "school_id": "", "territory": ""}
    return [record_of(row | bare) for row in rows]


async def test_online_and_in_memory_the_same_entries_are_compared(
    database: Database, database_url: str
) -> None:
    """Blocks small, crowded and empty give the same candidates by look-ups as by letting the registry flow by."""
    rows = _crowd()
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = fill(connection, rows)
    asked = _asked(rows[60:180:3])
    gathered = gather(((row["person_id"], record_of(row)) for row in rows), asked)
    for record, places in zip(asked, gathered.candidates, strict=True):
        async with database.transaction() as session:
            found = await find(session, record)
        expected = {ids[gathered.entry_ids[place]] for place in places}
        assert {str(each.person_id) for each in found.candidates} == expected
        assert found.population == len(rows)


async def test_nobody_is_lost_in_a_huge_block_nor_all_of_it_compared(
    database: Database, database_url: str
) -> None:
    """Of those who share a placeholder and a given name, each still finds itself and few others."""
    rows = _crowd()
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = fill(connection, rows)
    compared = 0
    for row, record in zip(rows[:80], _asked(rows[:80]), strict=True):
        async with database.transaction() as session:
            found = await find(session, record)
        assert ids[row["person_id"]] in {str(each.person_id) for each in found.candidates}
        compared += len(found.candidates)
    assert compared / 80 < (LARGEST_BLOCK + 60) / 3


async def test_a_record_nobody_is_like_finds_nobody(database: Database) -> None:
    """Without an entry that shares a key there is nothing to compare."""
    async with database.transaction() as session:
        found = await find(session, Record(surname="Асанов", given_name="Үсөн", birth_date=date(2015, 3, 4)))
    assert (found.candidates, found.population) == ((), 0)


@pytest.mark.parametrize(
    ("shared", "size", "worth"),
    [
        (["pin|1"], LARGEST_BLOCK, True),
        (["pin|1"], LARGEST_BLOCK + 1, False),
        (["given|2015-03-04|asan"], 5, True),
        (["born|2015-03-04|asan"], 1, False),
        (["names|a b c"], 3, True),
        (["names|a b c"], 4, False),
        (["names|a b c", "year|2015|a b"], 4, True),
        (["names|a b c", "year|2015|a b"], LARGEST_BLOCK + 1, False),
        (["initials|2015-03-04|ab"], 1, False),
        (["initials|2015-03-04|ab", "school|2015-03-04|s1"], 9, True),
        (["given|2015-03-04|a", "born|2015-03-04|b"], 10_000, True),
    ],
)
def test_what_is_enough_alone_and_what_needs_company(shared: list[str], size: int, worth: bool) -> None:  # noqa: FBT001
    """Identifiers and the given name with the day count alone in a block of usual size; the rest only in company."""
    assert is_worth_comparing(shared, dict.fromkeys(shared, size)) is worth
