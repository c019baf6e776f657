"""Find out how a learners' file is written: as text or a workbook, and which row or rows name which columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from gateway.intake.imports.headings import column_of
from gateway.intake.imports.reasons import COMMENT_HEADINGS
from gateway.intake.imports.refusals import ImportRefused
from gateway.intake.imports.templates import NEEDED, stated_version
from gateway.intake.imports.text_file import (
    LONGEST_LINE,
    SEPARATORS,
    clean_cell,
    find_encoding,
    physical_lines,
    split_line,
)
from gateway.intake.imports.workbook import Sheet, Workbook

LARGEST_BYTES = 48 * 1024 * 1024
XLSX = "xlsx"
_HEADING_WITHIN = 20  # a title, a date and empty lines often stand above the headings
_ZIP, _OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
Numbered = tuple[int, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file is written: its encoding and separator or its sheet, the last line of its headings, their meaning.

    `template` is the version of our template the file states, or nothing.
    """

    encoding: str
    separator: str = ""
    sheet: Sheet | None = None
    heading_line: int = 0
    headings: tuple[str, ...] = ()
    columns: tuple[str | None, ...] = ()
    template: str = ""

    @property
    def known(self) -> dict[str, str]:
        """Give our columns with the headings they have here."""
        pairs = zip(self.headings, self.columns, strict=True)
        return {column: heading for heading, column in pairs if column}

    @property
    def ignored(self) -> tuple[str, ...]:
        """Give the headings that are not taken in."""
        pairs = zip(self.headings, self.columns, strict=True)
        return tuple(
            heading for heading, column in pairs if heading and not column and heading not in COMMENT_HEADINGS
        )

    @property
    def is_commented(self) -> bool:
        """Tell whether the file is one we gave back: its first column holds our comments."""
        return bool(self.headings) and self.headings[0] in COMMENT_HEADINGS


def find_layout(content: bytes) -> Layout:
    """Find out how the file is written; raises ImportRefused with the cure."""
    if not content.strip():
        raise ImportRefused("FILE_EMPTY")
    if len(content) > LARGEST_BYTES:
        raise ImportRefused("FILE_TOO_LARGE", str(LARGEST_BYTES // 1024 // 1024))
    if content.startswith(_OLD_WORKBOOK):
        raise ImportRefused("WORKBOOK_OLD")
    found = _in_workbook(Workbook(content)) if content.startswith(_ZIP) else _in_text(content)
    _refuse_unusable(found)
    return found


def _in_text(content: bytes) -> Layout:
    encoding = find_encoding(content)
    lines = list(islice(physical_lines(content, encoding), _HEADING_WITHIN + 1))
    tried = [
        _with_headings(Layout(encoding=encoding, separator=separator), _split(lines, separator))
        for separator in SEPARATORS
    ]
    return max(tried, key=lambda layout: len(layout.known))


def _split(lines: list[Numbered] | list[tuple[int, str]], separator: str) -> Iterator[Numbered]:
    for number, line in lines:
        yield number, split_line(str(line)[:LONGEST_LINE], separator) or []


def _in_workbook(workbook: Workbook) -> Layout:
    """Find the one sheet with headings that can be used; more than one is a question only the sender can answer."""
    tried = [
        _with_headings(Layout(encoding=XLSX, sheet=sheet), islice(workbook.rows(sheet), _HEADING_WITHIN + 1))
        for sheet in workbook.sheets
    ]
    usable = [layout for layout in tried if not _missing(layout)]
    if len(usable) > 1:
        raise ImportRefused("SEVERAL_SHEETS", *(each.sheet.name for each in usable if each.sheet))
    return max(usable or tried, key=lambda layout: len(layout.known), default=Layout(encoding=XLSX))


def _with_headings(layout: Layout, lines: Iterable[Numbered]) -> Layout:
    """Choose the row, or the two rows of merged headings, that name the most of our columns."""
    best, above, version = layout, (0, [""]), ""
    for number, given in lines:
        if number > _HEADING_WITHIN + 1:
            break
        cells = [clean_cell(cell) for cell in given]
        version = version or stated_version(cells)
        for named in (_named(cells), _two_rows(above[1], cells) if above[0] == number - 1 else []):
            columns = tuple(column for _, column in named)
            if sum(map(bool, columns)) > len(best.known):
                headings = tuple(heading for heading, _ in named)
                best = replace(best, heading_line=number, headings=headings, columns=columns)
        above = (number, cells)
    return replace(best, template=version)


_Named = list[tuple[str, str | None]]


def _named(cells: list[str]) -> _Named:
    return _trimmed([(heading, column_of(heading)) for heading in cells])


def _two_rows(upper: list[str], lower: list[str]) -> _Named:
    """Read headings merged over two rows: a merged cell keeps its text in its first column only."""
    named: _Named = []
    group = ""
    for place in range(max(len(upper), len(lower))):
        high = upper[place] if place < len(upper) else ""
        low = lower[place] if place < len(lower) else ""
        group = high or group
        whole = f"{group} {low}".strip() if low else high
        chosen = next((each for each in (low, whole) if column_of(each)), whole)
        named.append((chosen, column_of(chosen)))
    return _trimmed(named)


def _trimmed(named: _Named) -> _Named:
    while named and not named[-1][0]:
        named = named[:-1]
    return named


def _missing(layout: Layout) -> list[str]:
    missing = [name for name in NEEDED if name not in layout.known]
    return missing if {"birth_date", "pin"} & set(layout.known) else [*missing, "birth_date"]


def _refuse_unusable(layout: Layout) -> None:
    if not layout.known:
        raise ImportRefused("NO_HEADINGS")
    if missing := _missing(layout):
        raise ImportRefused("COLUMNS_MISSING", *missing)
    columns = [column for column in layout.columns if column]
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise ImportRefused("COLUMNS_TWICE", *twice)
