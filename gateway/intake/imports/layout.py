"""Find out how a learners' file is written: encoding, separator, and which line names which columns."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.foundation.errors import RegistryError
from gateway.intake.imports.headings import column_of

LARGEST_BYTES = 10 * 1024 * 1024
LONGEST_LINE = 20_000
_SEPARATORS = ";,\t"
_HEADING_WITHIN = 20  # a title, a date and empty lines often stand above the headings
_NEEDED = ("surname", "given_name", "organisation_code", "start_on")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\x00]")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)


class ImportRefused(RegistryError):
    """The file as a whole cannot be read; the message says what to do with it."""


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
    for number, line in physical_lines(content, encoding):
        if number > _HEADING_WITHIN:
            break
        for separator in _SEPARATORS:
            found = _as_layout(encoding, separator, number, line)
            if best is None or len(found.known) > len(best.known):
                best = found
    if best is None or not best.known:
        raise ImportRefused("no headings were found: the first lines must name the columns")
    _refuse_unusable(best)
    return best


def _as_layout(encoding: str, separator: str, number: int, line: str) -> Layout:
    cells = split_line(line[:LONGEST_LINE], separator) or []
    headings = tuple(clean_cell(cell) for cell in cells)
    while headings and not headings[-1]:
        headings = headings[:-1]
    return Layout(
        encoding=encoding,
        separator=separator,
        heading_line=number,
        headings=headings,
        columns=tuple(column_of(heading) for heading in headings),
    )


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
    if content.startswith(_UTF16):
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
    if b"\x00" in content and not content.startswith(_UTF16):
        raise ImportRefused("this is not a text file: save the table as «CSV UTF-8»")


def physical_lines(content: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a file with their numbers, one at a time."""
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace", newline=None)
    yield from enumerate(text, start=1)


def split_line(line: str, separator: str) -> list[str] | None:
    """Split one record; None when a quote stays open."""
    cells = next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=separator), [])
    # an open quote swallows the line's own end, a closed one never does
    return None if cells and cells[-1].endswith("\n") else cells


def clean_cell(cell: str) -> str:
    """Drop what cannot be seen and the wrappers Excel keeps text in: ="…" and a leading apostrophe."""
    text = _INVISIBLE.sub("", cell).strip()
    if (match := _EXCEL_TEXT.fullmatch(text)) is not None:
        text = match[1]
    return " ".join(text.removeprefix("'").split())
