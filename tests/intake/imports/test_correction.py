"""The file given back: the same rows in the same form, comments in front, nothing a spreadsheet would run."""

import csv
import io

import openpyxl
import pytest

from gateway.intake.imports.correction import with_comments
from gateway.intake.imports.layout import find_layout
from gateway.intake.imports.preparing import prepare
from gateway.intake.imports.reading import rows

HEADING = "Фамилия;Имя;Отчество;ПИН;Дата рождения;Код организации;Дата зачисления"
GOOD = "Асанова;Айгуль;;11509201500123;15.09.2015;12345678;01.09.2022"
BAD = "Асанова;Айгуль;;123;15.09.2015;12345678;01.09.2022"
TEXT = f"{HEADING}\r\n{GOOD}\r\n{BAD}\r\n"


def test_a_text_file_keeps_its_encoding_separator_and_bytes() -> None:
    """Every line is as it was behind its comment: CP1251 stays CP1251, line ends and stray bytes included."""
    content = TEXT.encode("cp1251").replace(b"\xc0\xf1\xe0", b"\xc0\x98\xe0", 1)
    given = with_comments(content, {3: "ПИНде 14 цифра: Ң ≠"}, language="ru")
    lines = given.split(b"\r\n")
    original = content.split(b"\r\n")
    assert lines[0] == "Kopuro: комментарий;".encode("cp1251") + original[0]
    assert lines[1] == b";" + original[1]
    assert lines[2] == "ПИНде 14 цифра: Н #;".encode("cp1251") + original[2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_encoding_comes_back_as_itself(encoding: str) -> None:
    """The file with comments is read by the same layout as the one that was sent."""
    content = TEXT.encode(encoding)
    given = with_comments(content, {3: "плохо"}, language="ky")
    before, after = find_layout(content), find_layout(given)
    assert (after.encoding, after.separator, after.known) == (before.encoding, before.separator, before.known)
    assert [row.cells for row in rows(given, after)] == [row.cells for row in rows(content, before)]
    assert after.ignored == ()


def test_comments_are_replaced_not_piled_up() -> None:
    """A file that is given back twice has one column of comments, those of the second time."""
    once = with_comments(TEXT.encode(), {3: "первый"}, language="ru")
    twice = with_comments(once, {2: "второй"}, language="en")
    table = list(csv.reader(io.StringIO(twice.decode()), delimiter=";"))
    assert [line[0] for line in table] == ["Köpürö: comment", "второй", ""]
    assert [";".join(line[1:]) for line in table] == [HEADING, GOOD, BAD]


def test_a_broken_line_stays_legible_and_costs_no_neighbour() -> None:
    """A line with an open quote is given back with its words in their cells, and the next line stands alone."""
    content = f'sep=;\n{HEADING}\n"Асанова;Айгуль;"";1\n{GOOD}\nкороткая;строка\n'.encode()
    given = with_comments(content, {3: "кавычка", 5: "мало ячеек"}, language="ru").decode()
    assert given.startswith("sep=;\n")
    table = list(csv.reader(io.StringIO(given), delimiter=";"))
    assert table[2] == ["кавычка", '"Асанова', "Айгуль", '""', "1"]
    assert ";".join(table[3]) == f";{GOOD}"
    assert table[4] == ["мало ячеек", "короткая", "строка"]


EVIL = ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1")


def test_no_cell_of_a_text_file_is_a_formula() -> None:
    """Cells and comments a spreadsheet would run come back as text, and are read again as what they were."""
    lines = [";".join([evil, *GOOD.split(";")[1:]]) for evil in EVIL]
    content = "\n".join([HEADING, *lines, ""]).encode()
    given = with_comments(content, {2: "=1+1"}, language="ru")
    table = list(csv.reader(io.StringIO(given.decode()), delimiter=";"))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in table for cell in line)
    before, after = ([row.cells for row in prepare(each)] for each in (content, given))
    assert before == after


def test_a_workbook_comes_back_as_text_with_its_rows_in_place() -> None:
    """Numbers, dates and formulas of a workbook are text cells on the rows they stood on, and import as before."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Список"
    for line in (
        HEADING.split(";"),
        [],
        ["Асанова", "Айгүл", None, 11509201500123, *GOOD.split(";")[4:]],
        [*EVIL],
    ):
        sheet.append(line)
    for cell in sheet[4]:
        cell.data_type = "s"
    out = io.BytesIO()
    made.save(out)
    given = with_comments(out.getvalue(), {4: "=плохо"}, language="ru")
    back = openpyxl.load_workbook(io.BytesIO(given))["Список"]
    assert [cell.value for cell in back[1]] == ["Köpürö: комментарий", *HEADING.split(";")]
    assert [cell.value for cell in back[3]][:5] == [None, "Асанова", "Айгүл", None, "11509201500123"]
    assert [cell.value for cell in back[4] if cell.value] == ["=плохо", *EVIL]
    assert {cell.data_type for line in back for cell in line if cell.value} == {"s"}
    before, after = ([row.cells for row in prepare(each)] for each in (out.getvalue(), given))
    assert before == after
