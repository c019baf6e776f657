"""Read the sheets of an Excel workbook as rows of text, one row at a time and in bounded memory.

A library's reader is not used here: openpyxl's warns with the value of a cell (a PIN in a column of dates),
keeps something of every row, and fails in a dozen ways on a damaged file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from openpyxl.styles.numbers import is_date_format

from gateway.intake.imports.container import Container, make_parser
from gateway.intake.imports.refusals import ImportRefused

MOST_SHEETS = 50
MOST_COLUMNS = 200
LAST_ROW = 1_048_576
LONGEST_CELL = 32_767
_MOST_STRINGS = 2_000_000
_BUILT_IN_DATES = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_LAST_DATE = 73_050  # 31.12.2099; a greater number under a date's format is no date, but perhaps a PIN
_PLACE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
Cells = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet people can see, and the part that holds it."""

    name: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What cells refer to: shared texts, which styles are dates, the day that counts as 0."""

    strings: list[str]
    date_styles: frozenset[int]
    day_zero: date


class Workbook:
    """A workbook of which the list of sheets has been read; raises ImportRefused wherever it is damaged."""

    def __init__(self, content: bytes) -> None:
        """Read what every sheet needs: the list of sheets, the shared texts, the formats."""
        self._container = Container(content)
        root = next(
            (path for kind, path in self._container.related("").values() if kind == "officeDocument"), ""
        )
        if not self._container.has(root):
            raise ImportRefused("WORKBOOK_BROKEN")
        links = self._container.related(root)
        told = self._container.starts(root)
        self.sheets = _sheets(self._container, told, links)
        parts = {kind: path for kind, path in links.values() if kind in {"sharedStrings", "styles"}}
        from_1904 = any(
            name == "workbookPr" and given.get("date1904") in {"1", "true"} for name, given in told
        )
        self._form = _Form(
            strings=_strings(self._container, parts.get("sharedStrings", "")),
            date_styles=_date_styles(self._container.starts(parts.get("styles", ""))),
            day_zero=date(1904, 1, 1) if from_1904 else date(1899, 12, 30),
        )

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, Cells]]:
        """Give the rows that hold something, with their numbers as Excel shows them."""
        reader = _SheetReader(self._form)
        parser = make_parser(reader.start, reader.end, reader.text)
        for _ in self._container.read(sheet.part, parser):
            yield from reader.ready
            reader.ready.clear()


def _sheets(
    container: Container, told: list[tuple[str, dict[str, str]]], links: dict[str, tuple[str, str]]
) -> tuple[Sheet, ...]:
    listed = [given for name, given in told if name == "sheet"]
    if len(listed) > MOST_SHEETS:
        raise ImportRefused("WORKBOOK_TOO_LARGE", f"> {MOST_SHEETS}")
    found = []
    for given in listed:
        kind, part = links.get(given.get("id", ""), ("", ""))
        if kind == "worksheet" and container.has(part) and given.get("state", "visible") == "visible":
            found.append(Sheet(name=given.get("name", ""), part=part))
    return tuple(found)


def _date_styles(told: list[tuple[str, dict[str, str]]]) -> frozenset[int]:
    """Give the numbers of the cell styles that show a date."""
    dates = set(_BUILT_IN_DATES)
    found, number, inside = set(), 0, False
    for name, given in told:
        if name == "numFmt" and is_date_format(given.get("formatCode", "")):
            dates.add(_number(given.get("numFmtId")))
        elif name in {"cellXfs", "cellStyles", "dxfs"}:
            inside = name == "cellXfs"
        elif name == "xf" and inside:
            if _number(given.get("numFmtId", "0")) in dates:
                found.add(number)
            number += 1
    return frozenset(found)


def _strings(container: Container, part: str) -> list[str]:
    """Read the shared texts."""
    reader = _StringReader()
    if container.has(part):
        for _ in container.read(part, make_parser(reader.start, reader.end, reader.text)):
            if len(reader.found) > _MOST_STRINGS:
                raise ImportRefused("WORKBOOK_TOO_LARGE", f"> {_MOST_STRINGS}")
    return reader.found


@dataclass(slots=True)
class _StringReader:
    """The state of reading shared texts; how a text is to be pronounced is left out."""

    found: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    taking: bool = False
    pronounced: bool = False

    def start(self, name: str, _: dict[str, str]) -> None:
        """Note where a text or its pronunciation begins."""
        self.taking = self.taking or name == "t"
        self.pronounced = self.pronounced or name == "rPh"

    def end(self, name: str) -> None:
        """Note where they end, and keep a finished text."""
        if name == "t":
            self.taking = False
        elif name == "rPh":
            self.pronounced = False
        elif name == "si":
            self.found.append("".join(self.pieces)[:LONGEST_CELL])
            self.pieces.clear()

    def text(self, piece: str) -> None:
        """Take a piece of a text."""
        if self.taking and not self.pronounced:
            self.pieces.append(piece)


@dataclass(slots=True)
class _SheetReader:
    """The state of reading one sheet: the row and cell at hand, and the rows that are ready."""

    form: _Form
    ready: list[tuple[int, Cells]] = field(default_factory=list)
    row: int = 0
    cells: Cells = field(default_factory=list)
    column: int = -1
    kind: str = "n"
    style: int = 0
    value: list[str] = field(default_factory=list)
    taking: bool = False
    pronounced: bool = False
    length: int = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        """Note where a row, a cell or a value begins."""
        if name == "c":
            place = _PLACE.fullmatch(given.get("r", ""))
            self.column = _column(place[1]) if place else self.column + 1
            self.kind, self.style = given.get("t", "n"), _number(given.get("s", "0"))
            self.length = 0
            self.value.clear()
        elif name in {"v", "t"}:
            self.taking = True
        elif name == "rPh":
            self.pronounced = True
        elif name == "row":
            number = _number(given.get("r")) if "r" in given else self.row + 1
            if not self.row < number <= LAST_ROW:
                raise ImportRefused("WORKBOOK_BROKEN")
            self.row, self.column = number, -1
            self.cells = []

    def end(self, name: str) -> None:
        """Put a finished cell into its row, and a finished row on the pile."""
        if name == "c":
            text = self._text()
            if text and 0 <= self.column < MOST_COLUMNS:
                self.cells.extend([""] * (self.column + 1 - len(self.cells)))
                self.cells[self.column] = text
        elif name in {"v", "t"}:
            self.taking = False
        elif name == "rPh":
            self.pronounced = False
        elif name == "row" and self.cells:
            self.ready.append((self.row, self.cells))

    def text(self, piece: str) -> None:
        """Take a piece of a value."""
        if self.taking and not self.pronounced and self.length < LONGEST_CELL:
            self.value.append(piece)
            self.length += len(piece)

    def _text(self) -> str:
        raw = "".join(self.value)[:LONGEST_CELL]
        if self.kind == "s":
            place = _number(raw)
            if not 0 <= place < len(self.form.strings):
                raise ImportRefused("WORKBOOK_BROKEN")
            return self.form.strings[place]
        if self.kind == "n":
            return _shown(raw, self.form, is_date=self.style in self.form.date_styles)
        return {"0": "FALSE", "1": "TRUE"}.get(raw, raw) if self.kind == "b" else raw


def _shown(raw: str, form: _Form, *, is_date: bool) -> str:
    """Give a number in full, as no column is too narrow to show it, or the day it stands for (DD.MM.YYYY)."""
    try:
        number = Decimal(raw.strip() or "x")
    except InvalidOperation:
        return raw
    if not number.is_finite() or abs(number.adjusted()) > 20:
        return raw
    if is_date and 1 <= number <= _LAST_DATE:
        day = form.day_zero + timedelta(days=int(number))
        return f"{day:%d.%m.%Y}"
    return str(int(number)) if number == int(number) else format(number.normalize(), "f")


def _column(letters: str) -> int:
    """Give the place of a column, A being 0."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 64
    return place - 1


def column_letters(place: int) -> str:
    """Give a column's letters, 0 being A."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _number(text: str | None) -> int:
    if text is None or not re.fullmatch(r"\d{1,9}", text):
        raise ImportRefused("WORKBOOK_BROKEN")
    return int(text)
