"""Turn the bytes of a learners' file into rows, whatever a spreadsheet program did to it on the way.

One broken line never costs its neighbours: a quote that is not closed is reported on its own line and the
reading goes on below it. Rows come one at a time, so memory is bounded by the file itself.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.intake.imports.headings import column_of
from gateway.intake.imports.layout import LONGEST_LINE, Layout, clean_cell, physical_lines, split_line

_MOST_JOINED = 4  # a cell with line breaks may run over this many further lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the line it starts on, its cells by our column names, the cells of other columns by heading.

    `headings` tells what the file calls our columns. `broken` is the reason (with `detail`) why the line
    cannot be split into cells; they are empty then.
    """

    line: int
    cells: Mapping[str, str]
    others: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""
    detail: str = ""


def rows(content: bytes, layout: Layout) -> Iterator[Row]:
    """Read the rows under the headings, one at a time; empty lines are passed over."""
    waiting: deque[tuple[int, str]] = deque()
    source = physical_lines(content, layout.encoding)
    while (item := _next(waiting, source)) is not None:
        number, line = item
        if number > layout.heading_line and line.strip(f"\r\n {layout.separator}"):
            yield _row(number, line, layout, (waiting, source))


_Source = tuple[deque[tuple[int, str]], Iterator[tuple[int, str]]]


def _row(number: int, line: str, layout: Layout, source: _Source) -> Row:
    if len(line) > LONGEST_LINE:
        return _broken(number, "ROW_TOO_LONG", str(LONGEST_LINE))
    cells = split_line(line, layout.separator)
    if cells is None:
        cells = _join(line, layout, source)
    if cells is None:
        return _broken(number, "ROW_QUOTE_OPEN")
    width = len(layout.columns)
    if len(cells) != width and (len(cells) < width or any(cell.strip() for cell in cells[width:])):
        return _broken(number, "ROW_CELL_COUNT", f"{len(cells)} ≠ {width}")
    return _named(number, cells, layout)


def _named(number: int, cells: list[str], layout: Layout) -> Row:
    known: dict[str, str] = {}
    others: dict[str, str] = {}
    for heading, column, cell in zip(layout.headings, layout.columns, cells, strict=False):
        if column:
            known[column] = clean_cell(cell)
        else:
            others[heading] = clean_cell(cell)
    if known and all(column_of(value) == column for column, value in known.items() if value):
        return _broken(number, "ROW_HEADINGS_REPEATED")
    return Row(line=number, cells=known, others=others, headings=layout.known)


def _broken(number: int, reason: str, detail: str = "") -> Row:
    return Row(line=number, cells={}, others={}, broken=reason, detail=detail)


def _join(line: str, layout: Layout, source: _Source) -> list[str] | None:
    """Take further lines into a quoted cell; give them back when that does not make a row."""
    waiting, lines = source
    taken: list[tuple[int, str]] = []
    whole = line
    for _ in range(_MOST_JOINED):
        item = _next(waiting, lines)
        if item is None:
            break
        taken.append(item)
        whole += item[1]
        cells = _split_joined(whole, layout.separator)
        if cells is not None and len(cells) == len(layout.columns):
            return cells
    waiting.extendleft(reversed(taken))
    return None


def _split_joined(text: str, separator: str) -> list[str] | None:
    parsed = list(csv.reader(io.StringIO(text.rstrip("\r\n") + "\n", newline=""), delimiter=separator))
    if len(parsed) != 1 or (parsed[0] and parsed[0][-1].endswith("\n")):
        return None
    return parsed[0]


def _next(waiting: deque[tuple[int, str]], source: Iterator[tuple[int, str]]) -> tuple[int, str] | None:
    return waiting.popleft() if waiting else next(source, None)
