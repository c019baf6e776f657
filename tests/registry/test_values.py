"""The registry's values: PIN, documents, the permanent number."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.foundation.errors import InputRefused
from gateway.registry.values import (
    Pin,
    certificate_number,
    is_isuo_number,
    isuo_number,
    parse_date,
    parse_sex,
    passport_number,
)


@given(
    sex=st.sampled_from("12"),
    born=st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)),
    serial=st.integers(min_value=0, max_value=99_999),
)
def test_a_pin_tells_sex_and_birth_date(sex: str, born: date, serial: int) -> None:
    """Whatever PIN is written by the rule is read back with its sex and date."""
    pin = Pin.parse(f" {sex}{born:%d%m%Y}{serial:05} ")
    assert (pin.sex, pin.birth_date) == ("F" if sex == "1" else "M", born)


@given(text=st.text(max_size=20))
def test_reading_a_pin_never_repeats_it(text: str) -> None:
    """Whatever is typed, the refusal names the part that is wrong and nothing of the text."""
    try:
        pin = Pin.parse(text)
    except InputRefused as refused:
        assert str(refused) in {  # noqa: PT017 - most texts are refused, some are not
            "pin: PIN_LENGTH", "pin: PIN_DIGITS", "pin: PIN_SEX_DIGIT", "pin: PIN_DATE",
            "pin: PIN_SPOILED_BY_SPREADSHEET",
        }  # fmt: skip
    else:
        assert pin.value not in repr(pin)


@pytest.mark.parametrize("length", [13, 15])
def test_thirteen_or_fifteen_digits_are_no_pin(length: int) -> None:
    """A digit lost or doubled is named as a wrong length."""
    with pytest.raises(InputRefused, match="PIN_LENGTH"):
        Pin.parse("120520181234567"[:length])


def test_documents_are_written_one_way() -> None:
    """Cyrillic look-alikes, spaces and Latin transliterations of a series give one number."""
    assert {passport_number(text) for text in ("ID1234567", "ІD 1234567", "id-1234567")} == {"ID1234567"}
    assert {passport_number(text) for text in ("AN1234567", "АN1234567", "АН 1234567")} == {"AN1234567"}
    assert {
        certificate_number(text) for text in ("КР-Х1234567", "KP-X 1234567", "KR-X1234567", "кр х 1234567")
    } == {"КР-Х1234567"}


@given(serial=st.integers(min_value=1, max_value=10**9))
def test_the_permanent_number_carries_its_own_check(serial: int) -> None:
    """Every number is valid, and no number with one digit changed is."""
    number = isuo_number(serial)
    assert is_isuo_number(number)
    for place in range(11):
        other = str((int(number[place]) + 1) % 10)
        assert not is_isuo_number(number[:place] + other + number[place + 1 :])


def test_permanent_numbers_do_not_repeat() -> None:
    """Neighbouring people have different, not neighbouring numbers."""
    numbers = [isuo_number(serial) for serial in range(1, 5001)]
    assert len(set(numbers)) == 5000
    assert abs(int(numbers[0][:11]) - int(numbers[1][:11])) > 1000


def test_dates_and_sexes_are_read_in_all_codings() -> None:
    """The codings in use for a date and a sex give one value; others give none."""
    assert {parse_date(text) for text in ("2018-05-04", "04.05.2018", "4/5/2018", "2018-05-04T00:00:00")} == {
        date(2018, 5, 4)
    }
    assert parse_date("31.02.2018") is None
    assert {parse_sex(text) for text in ("1", "F", "female", "Жен.", "аял")} == {"F"}
    assert {parse_sex(text) for text in ("2", "m", "М", "муж", "эркек")} == {"M"}
    assert parse_sex("?") is None
