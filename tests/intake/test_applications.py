"""Reading applications: every problem named at once, no value repeated."""

import pytest

from gateway.foundation.errors import InputRefused
from gateway.intake.applications import parse_application
from gateway.intake.reasons import LANGUAGES, REASONS, choose_language, sentence
from tests.people import People, Person


def told(person: Person, **changed: object) -> dict[str, object]:
    made = {
        "surname": f"  {person.surname} ",
        "given_name": person.given_name,
        "sex": "аял" if person.sex == "F" else "муж.",
        "birth_date": f"{person.birth_date:%d.%m.%Y}",
        "pin": f"{person.pin[:7]} {person.pin[7:]}",
        "birth_certificate": "KP-X 1234567",
        "passport": "АН 7654321",
        "organisation_code": "SCHOOL-A",
        "start_on": "2026-09-01",
        "source_record_key": "row-1",
    }
    return {**made, **changed}


def problems(values: dict[str, object]) -> tuple[tuple[str, str], ...]:
    with pytest.raises(InputRefused) as refused:
        parse_application(values)
    return refused.value.problems


def test_a_good_row_is_read_into_one_way_of_writing() -> None:
    """Spaces, local dates, words for the sex and look-alike letters in documents are brought to one form."""
    child = People(1).person(sex="F")
    read = parse_application(told(child))
    assert (read.surname, read.sex, read.birth_date) == (child.surname, "F", child.birth_date)
    assert read.pin.value == child.pin
    assert (read.birth_certificate, read.passport) == ("КР-Х1234567", "AN7654321")
    assert (read.form, read.source) == ("FULL_TIME", "SCHOOL")


def test_all_problems_are_named_at_once() -> None:
    """One answer lists every field that cannot be taken."""
    child = People(2).person()
    found = problems(told(child, surname="", sex="x", birth_date="31.02.2018", pin="123", form="NIGHT"))
    assert set(found) == {
        ("surname", "REQUIRED"),
        ("sex", "SEX"),
        ("birth_date", "DATE"),
        ("pin", "PIN_LENGTH"),
        ("form", "FORM"),
    }


def test_a_pin_that_contradicts_the_row_says_which_part() -> None:
    """The date inside the PIN and its sex digit are checked apart."""
    child = People(3).person(sex="F")
    assert problems(told(child, birth_date="01.01.2011")) == (("pin", "PIN_BIRTH_DATE_MISMATCH"),)
    assert problems(told(child, sex="M")) == (("pin", "PIN_SEX_MISMATCH"),)


def test_no_problem_repeats_a_value() -> None:
    """Neither the exception's text nor a problem carries what was typed."""
    canary = "9912345678901"
    with pytest.raises(InputRefused) as refused:
        parse_application(told(People(4).person(), pin=canary, surname="Канарейкин1", birth_date=canary))
    text = f"{refused.value} {refused.value.problems} {refused.value!r}"
    assert canary not in text
    assert "Канарейкин" not in text


def test_a_missing_pin_is_no_problem_and_a_missing_birth_date_is_the_pins() -> None:
    """A PIN may be absent; a birth date may stand only inside it; without both the date is asked for."""
    child = People(5).person()
    assert parse_application(told(child, pin=None)).pin is None
    assert parse_application(told(child, birth_date=None)).birth_date == child.birth_date
    assert problems(told(child, birth_date=None, pin=None)) == (("birth_date", "REQUIRED"),)


def test_every_reason_speaks_three_languages() -> None:
    """Each code has three different non-empty sentences, and the language follows the reader's wish."""
    for spoken in REASONS.values():
        assert len(spoken) == len(LANGUAGES)
        assert all(spoken)
        assert len(set(spoken)) == 3
    assert [choose_language(wish) for wish in ("kg", "ru-RU,en;q=0.5", "de", None, "de,ky;q=0.1")] == [
        "ky", "ru", "en", "en", "ky",
    ]  # fmt: skip
    assert sentence("PIN_LENGTH", "ru") == "В ПИН должно быть ровно 14 цифр"
