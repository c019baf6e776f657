"""Lay people out in Parquet, part by part, with their blocking keys: what every engine of the bulk reads."""

# ruff: noqa: S608 - statements are made of our own words and places
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from gateway.matching.blocking import ALONE, ALWAYS
from gateway.matching.prepared import Prepared, prepare
from gateway.matching.record import Record
from sync.bulk.engines import Engine

PART_ROWS = 50_000
FIELDS = tuple(each.name for each in fields(Record))
_KINDS = {"birth_date": pa.date32(), "pin_verified": pa.bool_()}
PEOPLE = pa.schema(
    [
        ("unit", pa.int64()),
        ("id", pa.string()),
        *((name, _KINDS.get(name, pa.string())) for name in FIELDS),
        ("match_keys", pa.list_(pa.string())),
    ]
)
Person = tuple[str, Record, tuple[str, ...]]  # id, values, blocking keys


def lay_out(people: Iterable[Person], folder: Path, *, part_rows: int = PART_ROWS) -> Iterator[int]:
    """Write people to `folder`, numbered as they come; gives after each part how many there are so far."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.parquet"):
        old.unlink()
    count = 0
    part: list[Person] = []
    for person in people:
        part.append(person)
        if len(part) == part_rows:
            count = _write(part, folder, count)
            part.clear()
            yield count
    count = _write(part, folder, count)  # a last part, empty or not: a folder without any cannot be read
    yield count


def _write(part: list[Person], folder: Path, count: int) -> int:
    ids, records, keys = zip(*part, strict=True) if part else ((), (), ())
    values = zip(*map(_values, records), strict=True) if part else [()] * len(FIELDS)
    numbers = pa.array(range(count, count + len(part)), pa.int64())
    told = [pa.array(column, kind) for column, kind in zip((ids, *values), PEOPLE.types[1:-1], strict=True)]
    ends = accumulate(map(len, keys), initial=0)
    blocks = pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(list(chain.from_iterable(keys)), pa.string())
    )
    table = pa.Table.from_arrays([numbers, *told, blocks], schema=PEOPLE)
    parquet.write_table(table, folder / f"{count:012}.parquet", compression="lz4")
    return count + len(part)


_values = attrgetter(*FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Everybody laid out in Parquet below a folder, for any engine."""

    engine: Engine
    folder: Path
    values: Sequence[str] = FIELDS

    @property
    def entries(self) -> str:
        """Give the words that read the entries."""
        return self.engine.scan(self.folder / "entries")

    def prepare(self) -> None:
        """Keep the keys of all entries, hashed."""
        alone = " ".join(f"when '{letter}' then {size}" for letter, size in ALONE.items())
        always = ", ".join(f"'{letter}'" for letter in sorted(ALWAYS))
        told = f"select unit, {self.engine.explode}(match_keys) as key from {self.entries}"
        self.engine.keep(
            "entry_key",
            f"select unit, {self.engine.digest}(key) as key, case substr(key, 1, 1) {alone} else 0 end as alone, "
            f"substr(key, 1, 1) in ({always}) as always from ({told}) told",
        )

    def lookups(self, first: int, last: int) -> str:
        """Give the query of the keys, hashed, that the incoming people numbered first … last are looked up by."""
        return (
            f"select unit, {self.engine.digest}(key) as key from (select unit, {self.engine.explode}(match_keys) "
            f"as key from {self.engine.scan(self.folder / 'incoming')} where unit between {first} and {last}) told"
        )

    def people(self, first: int, end: int) -> Iterator[tuple[str, Prepared]]:
        """Give the incoming people numbered from `first` to before `end`: id, values."""
        return (
            (person_id, prepare(record))
            for person_id, record in read_people(self.folder / "incoming", first, end)
        )

    def entry(self, values: Sequence[Any]) -> Prepared:
        """Read the values of one entry."""
        return prepare(Record(**dict(zip(FIELDS, values, strict=True))))


def read_people(folder: Path, first: int, end: int) -> Iterator[tuple[str, Record]]:
    """Give the people numbered from `first` to before `end`: id, values."""
    parts = sorted(folder.glob("*.parquet"))
    starts = [int(part.stem) for part in parts]
    for part, start, following in zip(parts, starts, [*starts[1:], end], strict=True):
        if start < end and (following > first or part is parts[-1]):
            yield from _part(part, first - start, end - start)


def _part(part: Path, first: int, end: int) -> Iterator[tuple[str, Record]]:
    table = parquet.read_table(part, columns=["id", *FIELDS]).slice(max(first, 0), end - max(first, 0))
    for person_id, *values in zip(*table.to_pydict().values(), strict=True):
        yield person_id, Record(**dict(zip(FIELDS, values, strict=True)))
