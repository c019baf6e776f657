"""Both files as columns of DuckDB: every distinct value is read once, by the functions that read a single row.

A file that is not plain CSV (ragged rows, odd quotes, Parquet) is left to `staging`, which reads row by row.
"""

# ruff: noqa: S608 - statements are made of our own words
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gateway.foundation.table_files import heading
from gateway.intake.person_rows import COLUMNS
from gateway.matching.census import Census
from gateway.matching.full_name import FullName
from gateway.matching.normalise import Part
from gateway.matching.prepared import Prepared, is_anothers
from sync.bulk.column_keys import entry_keys, lookup_keys
from sync.bulk.column_values import READ, ColumnEngine, keep_values, read_value

_PATTERNS = "*?["  # what DuckDB would take for several files
_VALUES = ("s", "g", "p", "sex", "born", "exchanged", "pin", "birth_cert", "passport", "school", "territory")


def _told(side: str) -> str:
    """Give the words that read one side: what was made of the columns, and those that are read as they stand."""
    return f"(select n.*, r.id, r.sex, r.territory from {side}_named n join {side}_row r using (unit))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The entries and the incoming records as tables of an engine: a stage that need not be laid out.

    `parts` are the parts of names by their numbers; no number is no part.
    """

    engine: ColumnEngine
    sizes: tuple[int, int]
    parts: Mapping[int | None, Part | None]
    entries: str = _told("entry")
    values: Sequence[str] = _VALUES

    def prepare(self) -> None:
        """Make the keys of entries ready: they are computed as they are asked for."""
        self.engine.view("entry_key", entry_keys())

    def lookups(self, first: int, last: int) -> str:
        """Give the query of the keys, hashed, that the incoming people numbered first … last are looked up by."""
        return lookup_keys(first, last)

    def people(self, first: int, end: int) -> Iterator[tuple[str, Prepared]]:
        """Give the incoming people numbered from `first` to before `end`: id, values."""
        rows = self.engine.rows(
            f"select id, {', '.join(_VALUES)} from {_told('incoming')} told "
            f"where unit >= {first} and unit < {end} order by unit"
        )
        for person_id, *values in rows:
            yield person_id.strip(), self.entry(values)

    def entry(self, values: Sequence[Any]) -> Prepared:
        """Read the values of one row."""
        surname, given, patronymic, sex, born, swapped, pin, certificate, passport, school, place = values
        parts = self.parts
        return Prepared(
            name=FullName(surname=parts[surname], given_name=parts[given], patronymic=parts[patronymic]),
            sex=read_value("sex", sex),
            born=born,
            born_swapped=swapped,
            pin=pin,
            pin_verified=False,
            pin_is_anothers=is_anothers(pin, born, swapped),
            birth_certificate=certificate,
            passport=passport,
            organisation=school,
            place=read_value("territory", place),
        )


def read_columns(engine: ColumnEngine, registry: Path, incoming: Path, census: Census) -> Columns | None:
    """Keep both files as columns and count the entries in the census; None where one must be read row by row."""
    try:
        entries = _read(engine, "entry_row", registry, "person_id", ordered=False)
        records = _read(engine, "incoming_row", incoming, "rec_id", ordered=True)
    except duckdb.Error:
        return None
    if entries is None or records is None:
        return None
    parts = keep_values(engine, census)
    census.size = entries
    return Columns(engine=engine, sizes=(entries, records), parts={None: None, **dict(enumerate(parts))})


def _read(engine: ColumnEngine, name: str, file: Path, identifier: str, *, ordered: bool) -> int | None:
    """Keep a file as a table, its rows numbered; gives how many there are."""
    if file.suffix.lower() in {".parquet", ".pq"} or any(each in str(file) for each in _PATTERNS):
        return None
    header, delimiter = heading(file, required=(identifier, *COLUMNS))
    places = {column: place for place, column in enumerate(header)}  # of two of one name the last counts
    told = {"id": places[identifier], **{each: places.get(each) for each in READ}}
    engine.read_csv(name, file, width=len(header), delimiter=delimiter, columns=told, ordered=ordered)
    ((count,),) = engine.rows(f"select count(*) from {name}")
    return int(count)
