"""Write tables a spreadsheet program opens, in which no cell is ever run as a formula."""

import io
import os
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from gateway.foundation.errors import SettingsError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 32_767
TEXT_FORMAT = "@"


class FileFormat(StrEnum):
    """The kinds of files people exchange tables in."""

    XLSX = "xlsx"
    CSV = "csv"


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from running the text as a formula (ASVS 5.0, V1.2.10)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class TextWorkbook:
    """An .xlsx file written row by row, in which every cell is text."""

    def __init__(self) -> None:
        """Begin an empty workbook."""
        self._book = Workbook(write_only=True)

    def add_sheet(
        self,
        title: str,
        rows: Iterable[Sequence[str]],
        *,
        widths: Sequence[float] = (),
        bold_row: int = 0,
        footer: str = "",
    ) -> None:
        """Write a sheet; `bold_row` counts from 1, `widths` are in characters, `footer` stands on printed pages."""
        sheet = self._book.create_sheet(title)
        for place, width in enumerate(widths):
            column = sheet.column_dimensions[_letters(place)]
            column.width, column.number_format = width, TEXT_FORMAT
        if bold_row:
            sheet.freeze_panes = f"A{bold_row + 1}"
        sheet.oddFooter.center.text = footer.replace("&", "&&") or None
        plain: list[
            Cell
        ] = []  # cells are written at once and used again: making one costs most of writing it
        for number, row in enumerate(rows, start=1):
            while len(plain) < len(row):
                plain.append(_text_cell(sheet))
            cells = []
            for cell, text in zip(plain, row, strict=False):
                special = number == bold_row or text.startswith(_FORMULA)
                chosen = _special_cell(sheet, is_bold=number == bold_row) if special else cell
                chosen.value = _NOT_XML.sub("\ufffd", text)[:_LONGEST_CELL]
                chosen.data_type = "s"  # whatever it looks like, it is text
                cells.append(chosen)
            sheet.append(cells)

    def content(self) -> bytes:
        """Give the file's bytes; nothing can be added afterwards."""
        out = io.BytesIO()
        self._book.save(out)
        return out.getvalue()


def _text_cell(sheet: WriteOnlyWorksheet) -> Cell:
    cell = WriteOnlyCell(sheet)
    cell.number_format = TEXT_FORMAT
    return cell


def _special_cell(sheet: WriteOnlyWorksheet, *, is_bold: bool) -> Cell:
    """Make a cell that stays text when somebody edits it; `is_bold` for headings."""
    cell = _text_cell(sheet)
    cell.quotePrefix = True
    if is_bold:
        cell.font = Font(bold=True)
    return cell


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else _letters(place // 26 - 1) + chr(65 + place % 26)


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file only its owner can read; raises SettingsError when it exists or cannot be written."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as out:
            out.write(content)
    except FileExistsError:
        raise SettingsError(f"{path.name} exists already: name another file") from None
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be written: {error.strerror}") from None
