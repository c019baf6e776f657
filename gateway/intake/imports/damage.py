"""Recognise what spreadsheet programs do to registry data; the value itself is never repeated."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.intake.imports.headings import value_of
from gateway.intake.imports.reading import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a field (with an empty `field`: with the row), as a code of `reasons`.

    `detail` is a heading, a line number or a count that completes the sentence, never a value.
    """

    field: str
    reason: str
    detail: str = ""


_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?[eEеЕ]\+?\d+")
_ROUNDED = re.compile(r"[1-9]\d{0,4}0{9,13}")  # 2.01E+13 written out: no PIN ends in nine zeros
_WHOLE_PIN = re.compile(r"[12]\d{13}")
_SERIAL = re.compile(r"[1-6]\d{4}([.,]\d+)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_DAY = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}|\d{4}-\d{2}-\d{2}")
_SPACES = re.compile(r"[\s-]")
_NAMES = ("surname", "given_name", "patronymic")
_DATES = ("birth_date", "start_on")
_FAILED = frozenset(
    {"#N/A", "#Н/Д", "#VALUE", "#ЗНАЧ", "#REF", "#ССЫЛКА", "#NAME", "#ИМЯ", "#DIV/0", "#ДЕЛ/0"}
)


def repair(row: Row) -> dict[str, str]:
    """Give the cells with what can be undone without a guess: words for codes, a PIN with spaces or `.0`."""
    cells = {column: value_of(column, cell) for column, cell in row.cells.items()}
    for column in ("pin", "organisation_code"):
        if column in cells:
            plain = re.sub(r"(?<=\d)[.,]0$", "", cells[column])
            bare = _SPACES.sub("", plain)
            cells[column] = bare if re.fullmatch(r"\d{14}", bare) else plain
    return cells


def find_damage(row: Row, cells: Mapping[str, str]) -> list[Problem]:
    """Find every known damage in the repaired cells of a row."""
    if row.broken:
        return [Problem(field="", reason=row.broken, detail=row.detail)]
    found = [*_pin_damage(row, cells), *_code_damage(cells), *_date_damage(cells), *_letter_damage(cells)]
    return [*found, *_hidden_cells({item.field for item in found}, cells)]


def _pin_damage(row: Row, cells: Mapping[str, str]) -> Iterator[Problem]:
    pin = cells.get("pin", "")
    if _SCIENTIFIC.fullmatch(pin) or (len(pin) == 14 and _ROUNDED.fullmatch(pin)):
        yield Problem(field="pin", reason="PIN_SPOILED_BY_SPREADSHEET")
    elif elsewhere := _pin_elsewhere(row, cells):
        yield Problem(field="pin", reason="PIN_IN_ANOTHER_COLUMN", detail=elsewhere)
    elif re.fullmatch(r"\d{13}", pin) and _is_date(pin[:8]):
        yield Problem(field="pin", reason="PIN_FIRST_DIGIT_LOST")
    elif re.fullmatch(r"0\d{13}", pin):
        yield Problem(field="pin", reason="PIN_OF_ORGANISATION")
    elif _DAY.fullmatch(pin):
        yield Problem(field="pin", reason="PIN_IS_A_DATE")


def _pin_elsewhere(row: Row, cells: Mapping[str, str]) -> str | None:
    """Name the column a PIN has slipped into, when the PIN's own column holds none."""
    if _WHOLE_PIN.fullmatch(cells.get("pin", "")):
        return None
    for column, value in {**cells, **row.others}.items():
        bare = _SPACES.sub("", value)
        if column not in {"pin", "record_id"} and _WHOLE_PIN.fullmatch(bare) and _is_date(bare[1:9]):
            return row.headings.get(column, column)
    return None


def _code_damage(cells: Mapping[str, str]) -> Iterator[Problem]:
    code = cells.get("organisation_code", "")
    if _SCIENTIFIC.fullmatch(code):
        yield Problem(field="organisation_code", reason="CODE_SPOILED_BY_SPREADSHEET")
    elif re.fullmatch(r"\d{13}", code):
        yield Problem(field="organisation_code", reason="CODE_LEADING_ZERO_LOST")


def _date_damage(cells: Mapping[str, str]) -> Iterator[Problem]:
    for column in _DATES:
        value = cells.get(column, "")
        if _SERIAL.fullmatch(value):
            yield Problem(field=column, reason="DATE_IS_A_NUMBER")
        elif _SHORT_YEAR.fullmatch(value):
            yield Problem(field=column, reason="DATE_SHORT_YEAR")
        elif _month_first(value):
            yield Problem(field=column, reason="DATE_MONTH_FIRST")


def _letter_damage(cells: Mapping[str, str]) -> Iterator[Problem]:
    for column in _NAMES:
        value = cells.get(column, "")
        if "?" in value or "\ufffd" in value:
            yield Problem(field=column, reason="LETTERS_LOST")
        elif _is_garbled(value):
            yield Problem(field=column, reason="LETTERS_GARBLED")


def _hidden_cells(told: set[str], cells: Mapping[str, str]) -> Iterator[Problem]:
    for column, value in cells.items():
        if column in told:
            continue
        if re.fullmatch(r"#{3,}", value):
            yield Problem(field=column, reason="CELL_TOO_NARROW")
        elif value.upper().rstrip("!?") in _FAILED:
            yield Problem(field=column, reason="CELL_FORMULA_FAILED")


def _is_garbled(value: str) -> bool:
    """Tell UTF-8 that was read as a one-byte encoding: written back, it is valid UTF-8 again."""
    return not value.isascii() and any(_fits(value, encoding) for encoding in ("cp1251", "latin-1", "cp1252"))


def _fits(value: str, encoding: str) -> bool:
    try:
        value.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _is_date(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%d%m%Y")  # noqa: DTZ007 – a calendar date
    except ValueError:
        return False
    return True


def _month_first(value: str) -> bool:
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/\d{4}", value)
    return match is not None and int(match[1]) <= 12 < int(match[2])
