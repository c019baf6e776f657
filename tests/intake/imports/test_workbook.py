"""Excel workbooks as Excel, LibreOffice and mischief write them: read in full, bounded, never run."""

import html
import io
import re
import tracemalloc
import warnings
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.intake.imports import container
from gateway.intake.imports.layout import find_layout
from gateway.intake.imports.preparing import prepare
from gateway.intake.imports.reading import Row, rows
from gateway.intake.imports.refusals import ImportRefused, explain_refusal
from gateway.intake.imports.workbook import Workbook, column_letters

HEADINGS = ("Фамилия", "Имя", "Отчество", "ПИН", "Дата рождения", "Код организации", "Дата зачисления")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRINGS = "xl/sharedStrings.xml"
GOOD = ("Асанова", "Айгүл", None, "11509201500123", "15.09.2015", "12345678", "01.09.2022")


def book(*sheets: Sequence[Sequence[Any]], formats: dict[str, str] | None = None) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for number, lines in enumerate(sheets):
        sheet = made.create_sheet(f"Лист{number + 1}")
        for line in lines:
            sheet.append(list(line))
        for place, number_format in (formats or {}).items():
            sheet[place].number_format = number_format
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(content: bytes) -> list[Row]:
    return list(rows(content, find_layout(content)))


def changed(content: bytes, part: str, text: bytes | None, *, more: dict[str, bytes] | None = None) -> bytes:
    """Give a workbook with another text in one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) if name != part or text is None else text)
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return out.getvalue()


def shared(content: bytes) -> bytes:
    """Keep the texts of the first sheet in a table of shared texts, as Excel does."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        links = archive.read("xl/_rels/workbook.xml.rels").decode()
    texts: list[str] = []

    def keep(found: re.Match[str]) -> str:
        texts.append(found[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    sheet = re.sub(r't="inlineStr"><is>(.*?)</is>', keep, sheet)
    table = f'<sst xmlns="{MAIN}">' + "".join(f"<si>{each}</si>" for each in texts) + "</sst>"
    link = '<Relationship Id="rIdS" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    content = changed(content, "xl/worksheets/sheet1.xml", sheet.encode())
    content = changed(content, "xl/_rels/workbook.xml.rels", links.replace("</Relationships>", link).encode())
    return changed(content, "", None, more={STRINGS: table.encode()})


def refused(content: bytes) -> str:
    with pytest.raises(ImportRefused) as caught:
        read(content)
    for language in ("ky", "ru", "en"):
        assert explain_refusal(caught.value, language)
    return caught.value.code


def test_cells_of_every_kind_become_the_text_a_person_sees() -> None:
    """Texts, whole numbers, dates and booleans are read in full, whatever the column's width shows."""
    line = ("Асанова", "Айгүл", True, 11509201500123, date(2015, 9, 15), 12345678, date(2022, 9, 1))
    (row,) = read(book([HEADINGS, line]))
    assert row.line == 2
    assert list(row.cells.values()) == [
        "Асанова", "Айгүл", "TRUE", "11509201500123", "15.09.2015", "12345678", "01.09.2022",
    ]  # fmt: skip


def test_a_pin_shown_as_a_power_of_ten_or_as_a_date_is_whole_underneath() -> None:
    """A PIN kept as a number loses nothing to its format, and nobody is warned with its digits."""
    line = (*GOOD[:3], 11509201500123, *GOOD[4:])
    for number_format in ("0.00E+00", "DD.MM.YYYY", "General"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (row,) = read(book([HEADINGS, line], formats={"D2": number_format}))
        assert row.cells["pin"] == "11509201500123"


def test_a_pin_rounded_by_excel_is_told() -> None:
    """2.01E+13 that became a number again ends in zeros: it is told as spoilt, not as a wrong date."""
    for spoilt in (20100000000000, "2.01E+13"):
        content = book([HEADINGS, (*GOOD[:3], spoilt, *GOOD[4:])])
        (prepared,) = prepare(content)
        assert [each.reason for each in prepared.problems] == ["PIN_SPOILED_BY_SPREADSHEET"]


def test_the_days_of_a_macintosh_workbook_are_the_same_days() -> None:
    """A workbook that counts from 1904 gives the dates it shows."""
    made = openpyxl.Workbook()
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    made.active.append(HEADINGS)  # type: ignore[union-attr]
    made.active.append([*GOOD[:4], date(2015, 9, 15), *GOOD[5:]])  # type: ignore[union-attr]
    out = io.BytesIO()
    made.save(out)
    assert read(out.getvalue())[0].cells["birth_date"] == "15.09.2015"


def test_merged_headings_over_two_rows_are_understood() -> None:
    """A group over its columns, a cell merged downwards and a name split over two rows name one column each."""
    content = book(
        [
            ("Список", None, None, None, None, None, None),
            ("Ученик", None, None, "ПИН", "Дата", None, "Код организации"),
            ("Фамилия", "Имя", "Отчество", None, "рождения", "зачисления", None),
            ("Асанова", "Айгүл", "Бакытовна", "11509201500123", "15.09.2015", "01.09.2022", "12345678"),
        ]
    )
    layout = find_layout(content)
    assert layout.heading_line == 3
    (row,) = rows(content, layout)
    assert (row.line, row.cells["birth_date"], row.cells["start_on"]) == (4, "15.09.2015", "01.09.2022")
    assert row.cells["organisation_code"] == "12345678"
    text = "Ученик;;;ПИН;Дата;;Код организации\nФамилия;Имя;Отчество;;рождения;зачисления;\nА;Б;;;1;2;3\n"
    assert find_layout(text.encode()).heading_line == 2


def test_the_sheet_with_the_list_is_found_and_two_lists_are_asked_about() -> None:
    """Notes on other sheets are passed over; a second list is never left out in silence."""
    notes = [("как заполнять", ""), ("ПИН", "14 цифр")]
    assert len(read(book(notes, [HEADINGS, GOOD], []))) == 1
    assert refused(book([HEADINGS, GOOD], [HEADINGS, GOOD])) == "SEVERAL_SHEETS"


def test_gaps_and_columns_without_headings_keep_their_places() -> None:
    """Row numbers are those Excel shows, and a PIN beside the table is found."""
    content = book([HEADINGS, [], [], (*GOOD[:3], None, *GOOD[4:], None, "11509201500123")])
    (prepared,) = prepare(content)
    assert prepared.line == 4
    assert [(each.reason, each.detail) for each in prepared.problems] == [("PIN_IN_ANOTHER_COLUMN", "I")]
    assert [column_letters(place) for place in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_a_formula_is_its_last_value_and_never_computed() -> None:
    """What a formula came to when the file was saved is read; one that was never computed is empty."""
    plain = book([HEADINGS, (*GOOD[:2], "=1+1", *GOOD[3:])])
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>1+1</f>" in sheet
    assert read(plain)[0].cells.get("patronymic", "") == ""
    computed = sheet.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>").replace(
        b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"
    )
    assert read(changed(plain, "xl/worksheets/sheet1.xml", computed))[0].cells["patronymic"] == "2"


def test_texts_in_pieces_are_one_text_without_their_pronunciation() -> None:
    """A cell with several fonts is one text; what a reader is told aloud is not part of it."""
    plain = shared(book([HEADINGS, GOOD]))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        strings = archive.read("xl/sharedStrings.xml").decode()
    rich = html.unescape(strings).replace(
        "<t>Асанова</t>", "<r><t>Аса</t></r><r><t>нова</t></r><rPh sb='0' eb='1'><t>Asanova</t></rPh>"
    )
    assert "<rPh" in rich
    assert read(changed(plain, "xl/sharedStrings.xml", rich.encode()))[0].cells["surname"] == "Асанова"


def _bomb(megabytes: int) -> bytes:
    lines = b"<si><t>" + b"0" * (megabytes * 1024 * 1024) + b"</t></si>"
    return changed(shared(book([HEADINGS, GOOD])), STRINGS, b"<sst>" + lines + b"</sst>")


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """A small file that would unpack to very much is refused from its table of contents, in little memory."""
    content = _bomb(80)
    assert len(content) < 200_000
    tracemalloc.start()
    assert refused(content) == "WORKBOOK_TOO_LARGE"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000
    many = {f"xl/media/{number}.bin": b"" for number in range(container.MOST_PARTS)}
    assert refused(changed(book([HEADINGS, GOOD]), "", None, more=many)) == "WORKBOOK_BROKEN"


def test_a_size_that_lies_unpacks_to_no_more_than_it_says() -> None:
    """A part that declares few bytes and holds many is broken, not large."""
    content = bytearray(_bomb(2))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        size = archive.getinfo("xl/sharedStrings.xml").file_size
    lied = bytes(content).replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lied != bytes(content)
    assert refused(lied) == "WORKBOOK_BROKEN"


@pytest.mark.parametrize(
    "declared", [b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'>"]
)
@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_document_type_ends_the_reading(part: str, declared: bytes) -> None:
    """No part of a workbook may declare entities or refer to other files."""
    plain = shared(book([HEADINGS, GOOD]))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        text = archive.read(part)
    start = text.find(b"?>") + 2 if text.startswith(b"<?xml") else 0
    assert refused(changed(plain, part, text[:start] + declared + text[start:])) == "WORKBOOK_BROKEN"


def test_macros_passwords_and_old_workbooks_are_refused_with_the_cure() -> None:
    """What a plain table does not have is refused with a sentence of its own."""
    plain = book([HEADINGS, GOOD])
    assert refused(changed(plain, "", None, more={"xl/vbaProject.bin": b"x"})) == "WORKBOOK_MACROS"
    assert refused(b"\xd0\xcf\x11\xe0" + b"\x00" * 600) == "WORKBOOK_OLD"
    assert refused(changed(plain, "xl/workbook.xml", b"<workbook/>")) == "NO_HEADINGS"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        other.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert refused(out.getvalue()) == "WORKBOOK_BROKEN"
    assert refused(book([("Цвет", "Размер")])) == "NO_HEADINGS"
    assert refused(book([("Фамилия", "Имя")])) == "COLUMNS_MISSING"


def test_rows_that_do_not_rise_are_refused() -> None:
    """A sheet whose rows are numbered backwards or beyond Excel's last row is no sheet."""
    plain = book([HEADINGS, GOOD])
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    for number in (b"1", b"0", b"99999999", b"9" * 30, b"x"):
        wrong = sheet.replace(b'<row r="2"', b'<row r="' + number + b'"')
        assert wrong != sheet
        assert refused(changed(plain, "xl/worksheets/sheet1.xml", wrong)) == "WORKBOOK_BROKEN"


_PLAIN = shared(book([HEADINGS, GOOD, GOOD]))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(_PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 60),
)
def test_a_damaged_workbook_is_read_or_refused(changes: list[tuple[int, int]], cut: int) -> None:
    """Whatever happened to the bytes on the way, the answer is rows or a refusal, never another error."""
    spoilt = bytearray(_PLAIN)
    for place, byte in changes:
        spoilt[place] = byte
    with suppress(ImportRefused):
        assert all(row.line > 0 for row in prepare(bytes(spoilt[: len(spoilt) - cut])))


def test_a_sheet_is_read_in_memory_that_does_not_follow_its_rows() -> None:
    """Ten times the rows cost hardly more memory while they are read one by one."""
    peaks = []
    for count in (500, 5_000):
        made = openpyxl.Workbook(write_only=True)
        sheet = made.create_sheet("x")
        for line in (HEADINGS, *([GOOD] * count)):
            sheet.append(line)
        out = io.BytesIO()
        made.save(out)
        workbook = Workbook(out.getvalue())
        tracemalloc.start()
        assert sum(1 for _ in workbook.rows(workbook.sheets[0])) == count + 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000
