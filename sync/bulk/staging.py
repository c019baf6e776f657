"""Lay people out in Parquet, part by part, with their blocking keys: what every engine of the bulk reads."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import accumulate, chain
from operator import attrgetter
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from gateway.matching.record import Record

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
