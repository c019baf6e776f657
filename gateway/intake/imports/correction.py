"""Give a file back with a column of comments in front: the same rows, the same form, ready to be mended and sent.

The comments stand first, where no open quote swallows them and no short row moves them. Text that needs no
change is copied as it is; cells a spreadsheet would run become text, which an import reads as before.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from gateway.foundation.tables import TextWorkbook, safe_cell
from gateway.intake.imports.layout import Layout, find_layout
from gateway.intake.imports.reading import RawRow, raw_rows
from gateway.intake.imports.reasons import COMMENT_HEADING
from gateway.intake.imports.text_file import split_line
from gateway.intake.imports.workbook import Workbook

_LARGEST_GAP = 10_000  # empty rows that are kept so that the numbers of rows stay the same
_PLAIN = str.maketrans("ҢңӨөҮүöü≠", "НнОоУуou#")
Comments = Mapping[int, str]


def with_comments(content: bytes, comments: Comments, *, language: str) -> bytes:
    """Write the file again with `comments` (by line) in a first column; raises ImportRefused if it is unreadable.

    A text file keeps its encoding, separator and line ends; a workbook becomes one sheet of text cells.
    """
    layout = find_layout(content)
    write = _workbook if layout.sheet else _text
    return write(content, layout, {**comments, layout.heading_line: COMMENT_HEADING[language]})


def _workbook(content: bytes, layout: Layout, comments: Comments) -> bytes:
    book = TextWorkbook()
    title = layout.sheet.name[:31] if layout.sheet else ""
    widths = (60.0, *(18.0 for _ in layout.headings))
    book.add_sheet(title, _sheet_rows(content, layout, comments), widths=widths, bold_row=layout.heading_line)
    return book.content()


def _sheet_rows(content: bytes, layout: Layout, comments: Comments) -> Iterator[Sequence[str]]:
    expected = 1
    if layout.sheet is None:
        return
    for number, cells in Workbook(content).rows(layout.sheet):
        if number - expected <= _LARGEST_GAP:
            yield from ([] for _ in range(expected, number))
        expected = number + 1
        yield [comments.get(number, ""), *(cells[1:] if layout.is_commented else cells)]


def _text(content: bytes, layout: Layout, comments: Comments) -> bytes:
    out = io.BytesIO()
    errors = "replace" if layout.encoding == "utf-16" else "surrogateescape"
    writer = io.TextIOWrapper(out, encoding=layout.encoding, errors=errors, newline="")
    for raw in raw_rows(content, layout, exact=True):
        writer.write(_text_row(raw, layout, comments.get(raw.line, "")))
    writer.flush()
    return out.getvalue()


def _text_row(raw: RawRow, layout: Layout, comment: str) -> str:
    if raw.text.lower().startswith("sep="):
        return raw.text  # Excel looks for it in the first line's first place
    ending = raw.text[len(raw.text.rstrip("\r\n")) :]
    cells = _cells(raw, layout.separator)
    rest = cells[1:] if layout.is_commented else cells
    if rest is cells and not raw.broken and not any(safe_cell(cell) != cell for cell in cells):
        before = _written([_encodable(comment, layout.encoding)], layout.separator)
        return f"{before}{layout.separator}{raw.text}"
    safe = [_encodable(comment, layout.encoding), *map(safe_cell, rest)]
    return _written(safe, layout.separator) + ending


def _cells(raw: RawRow, separator: str) -> Sequence[str]:
    """Give the cells of a row; of one with an open quote, what stands between the separators."""
    if raw.cells:
        return raw.cells
    line = raw.text.rstrip("\r\n")
    return (None if raw.broken else split_line(line, separator)) or line.split(separator)


def _written(cells: Sequence[str], separator: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="").writerow(cells)
    return "" if list(cells) == [""] else out.getvalue()


def _encodable(comment: str, encoding: str) -> str:
    """Write a comment with the letters the file's encoding has."""
    if encoding != "cp1251":
        return safe_cell(comment)
    return safe_cell(comment.translate(_PLAIN)).encode(encoding, "replace").decode(encoding)
