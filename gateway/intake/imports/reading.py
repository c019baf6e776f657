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
from gateway.intake.imports.layout import Layout
from gateway.intake.imports.text_file import LONGEST_LINE, clean_cell, physical_lines, split_line
from gateway.intake.imports.workbook import Workbook, column_letters

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """A row as it stands in the file: its text (of a text file), its cells, and what keeps it from being a row."""

    line: int
    text: str = ""
    cells: tuple[str, ...] = ()
    broken: str = ""
    detail: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing stands in the row."""
        return not self.broken and not any(cell.strip() for cell in self.cells)


def rows(content: bytes, layout: Layout) -> Iterator[Row]:
    """Read the rows under the headings, one at a time; empty lines are passed over."""
    for raw in raw_rows(content, layout):
        if raw.line > layout.heading_line and not raw.is_empty:
            yield _named(raw, layout)


def raw_rows(content: bytes, layout: Layout, *, exact: bool = False) -> Iterator[RawRow]:
    """Read every row of a file, those above the headings too; `exact` keeps bytes that are no letters."""
    if layout.sheet is None:
        yield from _text_rows(content, layout, exact=exact)
        return
    for number, cells in Workbook(content).rows(layout.sheet):
        yield RawRow(line=number, cells=tuple(cells))


def _named(raw: RawRow, layout: Layout) -> Row:
    if raw.broken:
        return _broken(raw.line, raw.broken, raw.detail)
    known: dict[str, str] = {}
    others: dict[str, str] = {}
    for place, cell in enumerate(raw.cells):
        column = layout.columns[place] if place < len(layout.columns) else None
        if column:
            known[column] = clean_cell(cell)
        elif cell:
            heading = layout.headings[place] if place < len(layout.headings) else ""
            others[heading or column_letters(place)] = clean_cell(cell)
    if known and all(column_of(value) == column for column, value in known.items() if value):
        return _broken(raw.line, "ROW_HEADINGS_REPEATED")
    return Row(line=raw.line, cells=known, others=others, headings=layout.known)


def _broken(number: int, reason: str, detail: str = "") -> Row:
    return Row(line=number, cells={}, others={}, broken=reason, detail=detail)


def _text_rows(content: bytes, layout: Layout, *, exact: bool) -> Iterator[RawRow]:
    waiting: deque[tuple[int, str]] = deque()
    source = physical_lines(content, layout.encoding, exact=exact)
    while (item := _next(waiting, source)) is not None:
        number, line = item
        if number <= layout.heading_line or not line.strip(f"\r\n {layout.separator}"):
            yield RawRow(line=number, text=line)
        else:
            yield _text_row(number, line, layout, (waiting, source))


_Source = tuple[deque[tuple[int, str]], Iterator[tuple[int, str]]]


def _text_row(number: int, line: str, layout: Layout, source: _Source) -> RawRow:
    if len(line) > LONGEST_LINE:
        return RawRow(line=number, text=line, broken="ROW_TOO_LONG", detail=str(LONGEST_LINE))
    cells, text = split_line(line, layout.separator), line
    if cells is None:
        cells, text = _join(line, layout, source)
    if cells is None:
        return RawRow(line=number, text=text, broken="ROW_QUOTE_OPEN")
    width = len(layout.columns)
    if len(cells) != width and (len(cells) < width or any(cell.strip() for cell in cells[width:])):
        return RawRow(
            line=number,
            text=text,
            cells=tuple(cells),
            broken="ROW_CELL_COUNT",
            detail=f"{len(cells)} ≠ {width}",
        )
    return RawRow(line=number, text=text, cells=tuple(cells))


def _join(line: str, layout: Layout, source: _Source) -> tuple[list[str] | None, str]:
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
            return cells, whole
    waiting.extendleft(reversed(taken))
    return None, line


def _split_joined(text: str, separator: str) -> list[str] | None:
    parsed = list(csv.reader(io.StringIO(text.rstrip("\r\n") + "\n", newline=""), delimiter=separator))
    if len(parsed) != 1 or (parsed[0] and parsed[0][-1].endswith("\n")):
        return None
    return parsed[0]


def _next(waiting: deque[tuple[int, str]], source: Iterator[tuple[int, str]]) -> tuple[int, str] | None:
    return waiting.popleft() if waiting else next(source, None)
