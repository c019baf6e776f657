"""Turn the bytes of a learners' file into rows, whatever a spreadsheet program did to it on the way.

One broken line never costs its neighbours: a quote that is not closed is reported on its own line and the
reading goes on below it. Rows come one at a time, so memory is bounded by the file itself.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.foundation.errors import RegistryError
from sync.headings import column_of

LARGEST_BYTES = 10 * 1024 * 1024
_SEPARATORS = ";,\t"
_HEADING_WITHIN = 20  # a title, a date and empty lines often stand above the headings
_LONGEST_LINE = 20_000
_MOST_JOINED = 4  # a cell with line breaks may run over this many further lines
_NEEDED = ("surname", "given_name", "organisation_code", "start_on")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\x00]")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)


class ImportRefused(RegistryError):  # noqa: N818 – the tree names what happened
    """The file as a whole cannot be read; the message says what to do with it."""


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
class Layout:
    """How a file is written: its encoding, separator, the line of its headings and what they mean."""

    encoding: str
    separator: str
    heading_line: int
    headings: tuple[str, ...]
    columns: tuple[str | None, ...]

    @property
    def known(self) -> dict[str, str]:
        """Give our columns with the headings they have here."""
        pairs = zip(self.headings, self.columns, strict=True)
        return {column: heading for heading, column in pairs if column}

    @property
    def ignored(self) -> tuple[str, ...]:
        """Give the headings that are not taken in."""
        pairs = zip(self.headings, self.columns, strict=True)
        return tuple(heading for heading, column in pairs if heading and not column)


def find_layout(content: bytes) -> Layout:
    """Find out how the file is written; raises ImportRefused with the cure."""
    encoding = _encoding(content)
    best: Layout | None = None
    for number, line in _physical_lines(content, encoding):
        if number > _HEADING_WITHIN:
            break
        for separator in _SEPARATORS:
            found = _as_layout(encoding, separator, number, line)
            if best is None or _known(found) > _known(best):
                best = found
    if best is None or not _known(best):
        raise ImportRefused("no headings were found: the first lines must name the columns")
    _refuse_unusable(best)
    return best


def rows(content: bytes, layout: Layout) -> Iterator[Row]:
    """Read the rows under the headings, one at a time; empty lines are passed over."""
    waiting: deque[tuple[int, str]] = deque()
    source = _physical_lines(content, layout.encoding)
    while (item := _next(waiting, source)) is not None:
        number, line = item
        if number > layout.heading_line and line.strip(f"\r\n {layout.separator}"):
            yield _row(number, line, layout, (waiting, source))


_Source = tuple[deque[tuple[int, str]], Iterator[tuple[int, str]]]


def _row(number: int, line: str, layout: Layout, source: _Source) -> Row:
    if len(line) > _LONGEST_LINE:
        return _broken(number, "ROW_TOO_LONG", str(_LONGEST_LINE))
    cells = _split(line, layout.separator)
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
            known[column] = _clean(cell)
        else:
            others[heading] = _clean(cell)
    if known and all(column_of(value) == column for column, value in known.items() if value):
        return _broken(number, "ROW_HEADINGS_REPEATED")
    return Row(line=number, cells=known, others=others, headings=layout.known)


def _broken(number: int, reason: str, detail: str = "") -> Row:
    return Row(line=number, cells={}, others={}, broken=reason, detail=detail)


def _clean(cell: str) -> str:
    """Drop what cannot be seen and the wrappers Excel keeps text in: ="…" and a leading apostrophe."""
    text = _INVISIBLE.sub("", cell).strip()
    if (match := _EXCEL_TEXT.fullmatch(text)) is not None:
        text = match[1]
    return " ".join(text.removeprefix("'").split())


def _split(line: str, separator: str) -> list[str] | None:
    """Split one record; None when a quote stays open."""
    cells = next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=separator), [])
    # an open quote swallows the line's own end, a closed one never does
    return None if cells and cells[-1].endswith("\n") else cells


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


def _physical_lines(content: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace", newline=None)
    yield from enumerate(text, start=1)


def _as_layout(encoding: str, separator: str, number: int, line: str) -> Layout:
    cells = _split(line[:_LONGEST_LINE], separator) or []
    headings = tuple(_clean(cell) for cell in cells)
    while headings and not headings[-1]:
        headings = headings[:-1]
    return Layout(
        encoding=encoding,
        separator=separator,
        heading_line=number,
        headings=headings,
        columns=tuple(column_of(heading) for heading in headings),
    )


def _known(layout: Layout) -> int:
    return len(layout.known)


def _refuse_unusable(layout: Layout) -> None:
    columns = [column for column in layout.columns if column]
    missing = [name for name in _NEEDED if name not in columns]
    if not {"birth_date", "pin"} & set(columns):
        missing.append("birth_date")
    if missing:
        raise ImportRefused(f"these columns are missing: {', '.join(missing)}")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise ImportRefused(f"these columns stand twice: {', '.join(twice)}")


def _encoding(content: bytes) -> str:
    """Tell the encoding by byte order mark, else UTF-8 where it fits (almost), else CP1251."""
    _refuse_foreign(content)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    text = content.decode("utf-8", errors="replace")
    foreign = sum(not character.isascii() for character in text)
    # CP1251 letters are almost never valid UTF-8; a UTF-8 file with a few spoilt bytes stays UTF-8
    return "cp1251" if text.count("\ufffd") * 10 > foreign else "utf-8"


def _refuse_foreign(content: bytes) -> None:
    if not content.strip():
        raise ImportRefused("the file is empty")
    if len(content) > LARGEST_BYTES:
        raise ImportRefused(f"the file is larger than {LARGEST_BYTES // 1024 // 1024} MB: send it in parts")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ImportRefused("this is an Excel workbook: save it as «CSV UTF-8» and send that file")
    if b"\x00" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ImportRefused("this is not a text file: save the table as «CSV UTF-8»")
