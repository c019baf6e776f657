"""Link or deduplicate any tables of people as a TOML file describes them, and measure it where the truth is known."""

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.foundation.errors import SettingsError
from gateway.foundation.table_files import read_table
from gateway.matching.generic import Description, Field, Linked, Task, groups, pairs_of

KINDS = ("exact", "text", "digits", "identifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The files of one run; without `incoming` the registry itself is deduplicated."""

    registry: Path
    incoming: Path | None
    truth: Path | None
    out: Path


def link_tables(config: Path, tables: Tables) -> Mapping[str, Any]:
    """Link the tables, write decisions.csv (or pairs.csv), and give the measures where the truth is known."""
    description = read_description(config)
    right = list(read_table(tables.registry, required=_columns(description)))
    left = list(read_table(tables.incoming, required=_columns(description))) if tables.incoming else right
    task = Task(description=description, left=left, right=right)
    links = task.solve()
    truth = _truth(tables.truth)
    if task.deduplicates:
        found = pairs_of(groups(links, len(right)))
        ids = [row[description.id] for row in right]
        _write(
            tables.out / "pairs.csv",
            ("left", "right"),
            ((ids[one], ids[other]) for one, other in sorted(found)),
        )
        expected = pairs_of([_number(truth, each) for each in ids]) if truth else set()
        return _measures(len(found), len(expected), len(found & expected)) if truth else {"pairs": len(found)}
    rows = _decisions(task, links)
    _write(tables.out / "decisions.csv", ("rec_id", "decision", "entry", "weight", "explanation"), rows)
    right_ones = sum(truth.get(row[0]) == row[2] for row in rows if row[2])
    expected_ones = sum(bool(each) for each in truth.values())
    return _measures(len(links), expected_ones, right_ones) if truth else {"links": len(links)}


def read_description(file: Path) -> Description:
    """Read what tables hold; raises SettingsError where the file does not say it."""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
        return Description(
            id=told["id"],
            fields=tuple(_field(each) for each in told["fields"]),
            blocks=tuple(tuple(block) for block in told["blocks"]),
            one_to_one=bool(told.get("one_to_one", False)),
            probability=float(told.get("probability", 0.5)),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise SettingsError(f"{file.name} does not describe tables: {error}") from None


def _field(told: Mapping[str, str]) -> Field:
    if told.get("compare", "text") not in KINDS:
        raise ValueError(f"compare must be one of {', '.join(KINDS)}")
    return Field(**told)  # type: ignore[arg-type]


def _columns(description: Description) -> tuple[str, ...]:
    return (description.id, *(field.column for field in description.fields))


def _truth(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    return {row["rec_id"]: row["truth_id"] for row in read_table(file, required=("rec_id", "truth_id"))}


def _number(truth: Mapping[str, str], rec_id: str) -> int:
    """Give the group of the truth a number; a row it does not know is alone."""
    return hash(truth.get(rec_id) or ("alone", rec_id))


def _decisions(task: Task, links: Sequence[Linked]) -> list[tuple[str, str, str, str, str]]:
    best: dict[int, Linked] = {}
    for each in links:
        best.setdefault(each.left, each)
    name = task.description.id
    rows = []
    for place, row in enumerate(task.left):
        link = best.get(place)
        if link is None:
            rows.append((row[name], "new", "", "", "nobody alike"))
            continue
        levels = zip(task.description.fields, task.pattern(link.left, link.right), strict=True)
        reasons = "; ".join(f"{field.column}: {level.lower()}" for field, level in levels)
        rows.append((row[name], "match", task.right[link.right][name], f"{link.weight:.2f}", reasons))
    return rows


def _measures(found: int, expected: int, right: int) -> Mapping[str, Any]:
    return {
        "links": found,
        "expected": expected,
        "right_links": right,
        "precision": round(right / found, 6) if found else 1.0,
        "recall": round(right / expected, 6) if expected else 1.0,
        "f1": round(2 * right / (found + expected), 6) if found + expected else 1.0,
    }


def _write(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
