"""Make of every row of a file an application, or the list of everything that is wrong with it. Pure functions."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.foundation.errors import InputRefused
from gateway.intake.applications import Application, parse_application
from gateway.intake.imports.damage import Problem, find_damage, repair
from gateway.intake.imports.layout import find_layout
from gateway.intake.imports.reading import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A row after repair: what will be admitted, or every problem found before."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...]


def prepare(content: bytes, *, after: int = 0) -> Iterator[Prepared]:
    """Read, repair and examine the rows below line `after`; record ids are compared over the whole file."""
    seen: dict[int, int] = {}
    for row in rows(content, find_layout(content)):
        cells = repair(row)
        repeated = [*_repeated(seen, row.line, cells)]
        if row.line > after:
            problems = (*find_damage(row, cells), *repeated)
            yield Prepared(line=row.line, cells=_keyed(cells), problems=problems)


def _repeated(seen: dict[int, int], line: int, cells: Mapping[str, str]) -> Iterator[Problem]:
    """Report a record id that stands on two lines: the second would amend the first person."""
    record_id = cells.get("record_id", "")
    if not record_id:
        return
    named = f"{cells.get('organisation_code', '')}\n{record_id}".encode()
    # a digest in place of the texts keeps the memory of a long file small
    first = seen.setdefault(int.from_bytes(hashlib.blake2b(named, digest_size=8).digest()), line)
    if first != line:
        yield Problem(field="record_id", reason="RECORD_ID_REPEATED", detail=str(first))


def _keyed(cells: dict[str, str]) -> dict[str, str]:
    """Name the row by the school's own id, or else by what it says."""
    own = cells.pop("record_id", "")
    said = "\n".join(f"{column}={value.casefold()}" for column, value in sorted(cells.items()) if value)
    key = f"id:{own}" if own else f"row:{hashlib.sha256(said.encode()).hexdigest()}"
    return {**cells, "source_record_key": key}


def examine(row: Prepared) -> tuple[Application | None, tuple[Problem, ...]]:
    """Read an application from a row, or give every problem of it; a damage stands for its own field."""
    if any(not problem.field for problem in row.problems):
        return None, row.problems
    told = {problem.field for problem in row.problems}
    try:
        application = parse_application(row.cells)
    except InputRefused as refused:
        more = (
            Problem(field=field, reason=reason) for field, reason in refused.problems if field not in told
        )
        return None, (*row.problems, *more)
    return (None, row.problems) if row.problems else (application, ())
