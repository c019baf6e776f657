"""Reading files as spreadsheet programs write them."""

import codecs

import pytest

from gateway.intake.imports.headings import HEADINGS, column_of
from gateway.intake.imports.layout import find_layout
from gateway.intake.imports.reading import Row, rows
from gateway.intake.imports.refusals import ImportRefused

HEADING = "Фамилия;Имя;Отчество;ПИН;Дата рождения;Код организации;Дата зачисления"
GOOD = "Асанова;Айгүл;Бакытовна;11509201500123;15.09.2015;12345678;01.09.2022"


def read(content: bytes | str) -> list[Row]:
    raw = content.encode() if isinstance(content, str) else content
    return list(rows(raw, find_layout(raw)))


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE)]
)
def test_an_encoding_is_recognised_with_and_without_its_mark(encoding: str, mark: bytes) -> None:
    """Kyrgyz letters arrive whole from UTF-8 (with or without a mark) and from Excel's Unicode text."""
    (row,) = read(mark + f"{HEADING}\n{GOOD}\n".encode(encoding))
    assert (row.line, row.cells["given_name"], row.cells["pin"]) == (2, "Айгүл", "11509201500123")


def test_windows_cyrillic_is_recognised() -> None:
    """A file in CP1251 gives the same letters."""
    content = f"{HEADING}\r\n{GOOD}\r\n".replace("ү", "у").encode("cp1251")
    assert find_layout(content).encoding == "cp1251"
    assert read(content)[0].cells["surname"] == "Асанова"


def test_a_few_spoilt_bytes_do_not_turn_utf8_into_cp1251() -> None:
    """One broken letter spoils its own row, not the letters of every other."""
    content = f"{HEADING}\n{GOOD}\n{GOOD}\n".encode()
    spoilt = content[:-60] + b"\xd0" + content[-60:]
    assert find_layout(spoilt).encoding == "utf-8"
    assert read(spoilt)[0].cells["given_name"] == "Айгүл"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_the_separator_is_found_from_the_headings(separator: str) -> None:
    """Semicolon, comma and tab are told apart by which of them yields known headings."""
    (row,) = read(f"{HEADING}\n{GOOD}\n".replace(";", separator))
    assert row.cells["birth_date"] == "15.09.2015"


def test_lines_above_the_headings_are_passed_over() -> None:
    """A title, `sep=;` and empty lines may stand first; line numbers stay those of the file."""
    (row,) = read(f"sep=;\nСписок учащихся;;;;;\n\n{HEADING}\n{GOOD}\n")
    assert row.line == 5


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("Туулган күнү", "birth_date"),
        ("DATE OF BIRTH", "birth_date"),
        ("Дата рождения (дд.мм.гггг)", "birth_date"),
        ("  пин ребёнка ", "pin"),
        ("given_name", "given_name"),
        ("Атасынын аты", "patronymic"),
        ("Цвет глаз", None),
    ],
)
def test_headings_are_understood_in_three_languages(heading: str, column: str | None) -> None:
    """English, Russian and Kyrgyz names of a column mean the same column."""
    assert column_of(heading) == column


def test_no_heading_means_two_columns() -> None:
    """The table of headings is a function: one name, one column."""
    names = [name for group in HEADINGS.values() for name in group]
    assert len(names) == len(set(names))


def test_unknown_columns_are_told_not_fatal() -> None:
    """An extra column is named in the layout and its cells stay at hand."""
    content = f"{HEADING};Кружок\n{GOOD};шахматы\n".encode()
    layout = find_layout(content)
    assert layout.ignored == ("Кружок",)
    assert next(rows(content, layout)).others == {"Кружок": "шахматы"}


def test_an_open_quote_costs_only_its_own_line() -> None:
    """A quote that is never closed is reported on its line; the rows below are read."""
    content = f'{HEADING}\n"{GOOD}\n{GOOD}\n{GOOD}\n'
    found = read(content)
    assert [row.line for row in found] == [2, 3, 4]
    assert found[0].broken == "ROW_QUOTE_OPEN"
    assert found[1].broken == found[2].broken == ""


def test_a_cell_may_run_over_lines() -> None:
    """A properly quoted cell with a line break is one row, numbered by its first line."""
    first, second = read(f'{HEADING}\n"Аса\nнова"{GOOD[7:]}\n{GOOD}\n')
    assert (first.line, first.cells["surname"], second.line) == (2, "Аса нова", 4)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Асанова;Айгүл", "ROW_CELL_COUNT"),
        (GOOD + ";лишнее", "ROW_CELL_COUNT"),
        (HEADING, "ROW_HEADINGS_REPEATED"),
        ("x" * 30_000, "ROW_TOO_LONG"),
    ],
)
def test_a_line_that_is_no_row_is_told(line: str, reason: str) -> None:
    """Missing and extra separators, repeated headings and endless lines are reported, and reading goes on."""
    broken, good = read(f"{HEADING}\n{line}\n{GOOD}\n")
    assert broken.broken == reason
    assert good.cells["surname"] == "Асанова"


def test_the_wrappers_of_excel_are_undone() -> None:
    """`="123"`, a leading apostrophe and unbreakable spaces are not part of a value."""
    (row,) = read(f'{HEADING}\n\u00a0Асанова ;\'Айгүл;;="11509201500123";15.09.2015;12345678;01.09.2022\n')
    assert row.cells["pin"] == "11509201500123"
    assert (row.cells["surname"], row.cells["given_name"]) == ("Асанова", "Айгүл")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "cannot be read"),
        (b"\xd0\xcf\x11\xe0rest", "old"),
        (b"a\x00b", "not a text file"),
        ("Цвет;Размер\nсиний;5\n".encode(), "no headings"),
        ("Фамилия;Имя\nА;Б\n".encode(), "missing: organisation_code, start_on, birth_date"),
        (f"{HEADING};Surname\n".encode(), "twice: surname"),
        (b"x" * (48 * 1024 * 1024 + 1), "larger than 48 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_cure(content: bytes, sentence: str) -> None:
    """A file as a whole is refused with a sentence that says what to do."""
    with pytest.raises(ImportRefused, match=sentence):
        find_layout(content)
