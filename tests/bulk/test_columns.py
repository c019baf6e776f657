"""The keys made in SQL of columns are those the online path makes, one record at a time."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from gateway.intake.person_rows import record_of
from gateway.matching.blocking import blocking_keys, lookup_keys
from gateway.matching.census import Census
from sync.bulk.column_keys import entry_keys
from sync.bulk.column_keys import lookup_keys as lookups
from sync.bulk.columns import read_columns
from sync.bulk.on_duckdb import DuckDBEngine
from tests.bulk.conftest import Population
from tests.matching.evaluating import write_rows
from tests.matching.generator import Row

ODD: Sequence[dict[str, str]] = (
    {"surname": " Асанов ", "given": "Бакыт Асанович", "patronymic": "", "birth_date": "05.04.2012"},
    {"surname": "Асан уулу Бакыт", "given": "-", "birth_cert": "кр-х № 0439483"},
    {"surname": "Иванова-Петрова", "given": "Жазгүл", "patronymic": "Асан кызы", "pin": "1 2304 2012 00017"},
    {"surname": "Asan uulu", "given": "Cholpon Bek", "passport": "ан/1234_567", "birth_cert": "null"},
    {"pin": "1", "birth_cert": "KR X-0439483", "passport": "AN1234567", "school_id": " Ш-1 "},
)


def test_keys_of_columns_are_the_keys_of_records(population: Population, tmp_path: Path) -> None:
    """Each key made in SQL stands for one key of the online path and the other way round, and the census is the same."""
    registry = [*population.files.registry[:400], *_odd(population.files.registry[0], "person_id")]
    incoming = [*population.files.incoming, *_odd(population.files.incoming[0], "rec_id")]
    files = [write_rows(tmp_path / f"{name}.csv", rows) for name, rows in (("a", registry), ("b", incoming))]
    engine, census, expected = DuckDBEngine(tmp_path, memory_mb=512), Census(), Census()
    assert read_columns(engine, files[0], files[1], census) is not None
    for row in registry:
        expected.count(record_of(_stripped(row)))
    assert census == expected
    told = [
        f"select distinct unit, key from ({query})" for query in (entry_keys(), lookups(0, len(incoming)))
    ]
    words = [[blocking_keys(record_of(_stripped(row))) for row in registry]]
    words.append([lookup_keys(record_of(_stripped(row))) for row in incoming])
    holders = [
        _holders((side, unit, key) for side, query in enumerate(told) for unit, key in engine.rows(query))
    ]
    holders.append(
        _holders(
            (side, unit, key) for side in (0, 1) for unit, keys in enumerate(words[side]) for key in keys
        )
    )
    assert holders[0] == holders[1]
    engine.close()


def test_a_ragged_file_is_read_row_by_row(population: Population, tmp_path: Path) -> None:
    """A file with a row too short is no table of columns: it is left to the reader that fills rows up."""
    files = [write_rows(tmp_path / f"{name}.csv", population.files.registry[:3]) for name in "ab"]
    files[1].write_text(
        files[1].read_text(encoding="utf-8").replace("person_id", "rec_id") + "Асанов,Бакыт\n",
        encoding="utf-8",
    )
    engine = DuckDBEngine(tmp_path, memory_mb=512)
    assert read_columns(engine, files[0], files[1], Census()) is None
    engine.close()


def _odd(like: Row, identifier: str) -> list[Row]:
    bare = dict.fromkeys(like, "")
    return [bare | row | {identifier: f"odd {number}"} for number, row in enumerate(ODD)]


def _stripped(row: Row) -> Row:
    return {name: value.strip() for name, value in row.items()}


def _holders(told: Iterable[tuple[int, int, object]]) -> list[list[tuple[int, int]]]:
    """Give for every key who has it, whatever the key is written as."""
    found: dict[object, list[tuple[int, int]]] = {}
    for side, unit, key in told:
        found.setdefault(key, []).append((side, int(unit)))
    return sorted(sorted(each) for each in found.values())
