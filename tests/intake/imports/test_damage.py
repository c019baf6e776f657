"""Damage done by spreadsheet programs: found, explained, never quoted."""

import pytest

from gateway.intake.imports.damage import Problem, find_damage, repair
from gateway.intake.imports.reading import Row
from gateway.intake.imports.reasons import explain

GOOD = {
    "pin": "11509201500123",
    "surname": "Асанова",
    "given_name": "Айгүл",
    "birth_date": "15.09.2015",
    "organisation_code": "12345678",
}


def find(others: dict[str, str] | None = None, **changes: str) -> list[Problem]:
    row = Row(line=2, cells={**GOOD, **changes}, others=others or {})
    return find_damage(row, repair(row))


def test_a_sound_row_has_no_damage() -> None:
    """Nothing is reported where nothing is wrong, whatever letters the name has."""
    assert find() == []
    assert find(surname="Өмүрзакова", given_name="Ыңтымак", patronymic="Рысбек кызы") == []
    assert find(surname="Рысбеков", given_name="Сапар") == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("pin", "1,15E+13", "PIN_SPOILED_BY_SPREADSHEET"),
        ("pin", "1.15092E+13", "PIN_SPOILED_BY_SPREADSHEET"),
        ("pin", "1509201500123", "PIN_FIRST_DIGIT_LOST"),
        ("pin", "01509201500123", "PIN_OF_ORGANISATION"),
        ("pin", "15.09.2015", "PIN_IS_A_DATE"),
        ("pin", "#########", "CELL_TOO_NARROW"),
        ("birth_date", "42262", "DATE_IS_A_NUMBER"),
        ("birth_date", "15.09.15", "DATE_SHORT_YEAR"),
        ("birth_date", "9/15/2015", "DATE_MONTH_FIRST"),
        ("birth_date", "#Н/Д", "CELL_FORMULA_FAILED"),
        ("organisation_code", "2,03E+12", "CODE_SPOILED_BY_SPREADSHEET"),
        ("organisation_code", "2312199710123", "CODE_LEADING_ZERO_LOST"),
        ("surname", "?м?рзакова", "LETTERS_LOST"),
        ("given_name", "Айг\ufffdл", "LETTERS_LOST"),
        ("surname", "Асанова".encode().decode("cp1251", errors="ignore"), "LETTERS_GARBLED"),
        ("surname", "Иванов".encode().decode("latin-1"), "LETTERS_GARBLED"),
    ],
)
def test_each_damage_is_explained(field: str, value: str, reason: str) -> None:
    """Every known damage has its own reason, and the reason never repeats the value."""
    told = find(**{field: value})
    assert [(item.field, item.reason) for item in told] == [(field, reason)]
    assert all(value not in explain(item, language) for item in told for language in ("ky", "ru", "en"))


def test_a_pin_in_another_column_is_found() -> None:
    """A PIN that slipped into another column is told by the column's name, known to us or not."""
    (slipped,) = find(pin="", patronymic="11509201500123")
    assert (slipped.reason, slipped.detail) == ("PIN_IN_ANOTHER_COLUMN", "patronymic")
    (slipped,) = find({"Телефон": "11509201500123"}, pin="12345")
    assert "«Телефон»" in explain(slipped, "ru")
    assert find({"Телефон": "11509201500123"}) == []


def test_what_can_be_undone_without_a_guess_is_undone() -> None:
    """Spaces inside a PIN and a `.0` behind it lose nothing and cost nobody a correction."""
    row = Row(line=2, cells={**GOOD, "pin": "1 1509 2015 00123"}, others={})
    assert repair(row)["pin"] == "11509201500123"
    row = Row(line=2, cells={**GOOD, "pin": "11509201500123.0"}, others={})
    assert repair(row)["pin"] == "11509201500123"
