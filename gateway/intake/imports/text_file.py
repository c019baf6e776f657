"""Read a CSV file line by line: its encoding, its records, and its cells without the wrappers of Excel."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from gateway.intake.imports.refusals import ImportRefused

LONGEST_LINE = 20_000
SEPARATORS = ";,\t"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\x00]")
_EXCEL_TEXT = re.compile(r'="(.*)"', re.DOTALL)


def find_encoding(content: bytes) -> str:
    """Tell the encoding by byte order mark, else UTF-8 where it fits (almost), else CP1251."""
    if content.startswith(_UTF16):
        return "utf-16"
    if b"\x00" in content:
        raise ImportRefused("NOT_TEXT")
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "cp1251" if _is_hardly_utf8(content) else "utf-8"


def _is_hardly_utf8(content: bytes) -> bool:
    """Tell whether too little of the file is UTF-8: CP1251 letters almost never are, a spoilt byte may happen."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    foreign = spoilt = 0
    for start in range(0, len(content), _PIECE):
        text = decode(content[start : start + _PIECE], final=start + _PIECE >= len(content))
        if not text.isascii():
            foreign += sum(not character.isascii() for character in text)
            spoilt += text.count("\ufffd")
    return spoilt * 10 > foreign


_PIECE = 1024 * 1024


def physical_lines(content: bytes, encoding: str, *, exact: bool = False) -> Iterator[tuple[int, str]]:
    """Give the lines of a file with their numbers, one at a time; `exact` lets them be written back as they were."""
    errors = "surrogateescape" if exact and encoding != "utf-16" else "replace"
    newline = "" if exact else None
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors=errors, newline=newline)
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
