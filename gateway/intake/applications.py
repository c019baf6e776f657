"""Read what a school tells of a learner, whole: every problem is named at once, no value is repeated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from gateway.foundation.clock import today
from gateway.foundation.errors import InputRefused
from gateway.matching.record import Record
from gateway.registry.values import (
    SCHOOL,
    Pin,
    certificate_number,
    clean_name,
    foreign_document,
    parse_date,
    parse_sex,
    passport_number,
)

FORMS = frozenset({"FULL_TIME", "EVENING", "EXTRAMURAL", "FAMILY", "EXTERN", "HOME"})
FIELDS = (
    "surname", "given_name", "patronymic", "sex", "birth_date", "pin", "birth_certificate", "passport",
    "citizenship", "organisation_code", "grade", "level", "form", "start_on", "source", "source_record_key",
    "foreign_document", "document_country", "basis",
)  # fmt: skip
_LONGEST = 200
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A learner to admit as one source tells it; `source_record_key` is the source's own name of the row.

    `foreign_document` is country and number in one (UZBAA1234567); `basis` the decision an admission without any
    document rests on.
    """

    surname: str
    given_name: str
    patronymic: str | None = None
    sex: str | None = None
    birth_date: date
    pin: Pin | None = None
    birth_certificate: str | None = None
    passport: str | None = None
    foreign_document: str | None = None
    citizenship: str | None = None
    organisation_code: str
    basis: str = ""
    grade: str | None = None
    level: str
    form: str = "FULL_TIME"
    start_on: date
    source: str = SCHOOL
    source_record_key: str

    def record(self) -> Record:
        """Give the person of the application for matching; the PIN is only claimed."""
        return Record(
            surname=self.surname,
            given_name=self.given_name,
            patronymic=self.patronymic,
            sex=self.sex,
            birth_date=self.birth_date,
            pin=self.pin.value if self.pin else None,
            birth_certificate=self.birth_certificate,
            passport=self.passport or self.foreign_document,
            organisation=self.organisation_code,
        )

    def person_values(self) -> dict[str, object]:
        """Give the values that become assertions about the person."""
        return {
            "surname": self.surname,
            "given_name": self.given_name,
            "patronymic": self.patronymic,
            "sex": self.sex,
            "birth_date": self.birth_date,
            "citizenship": self.citizenship,
            "pin": self.pin.value if self.pin else None,
            "birth_certificate": self.birth_certificate,
            "passport": self.passport,
            "foreign_document": self.foreign_document,
        }


def parse_application(given: Mapping[str, object]) -> Application:
    """Read an application from text values by field name (an API body, a line of a file).

    Dates are ISO or DD.MM.YYYY; sex may be derived from the PIN, level and form have defaults. Raises
    InputRefused with all problems, as pairs of field and reason code.
    """
    form = _Form(given)
    pin = form.read("pin", Pin.parse)
    birth_date = form.read("birth_date", _past_date)
    sex = form.read("sex", _sex)
    form.check_pin(pin, birth_date=birth_date, sex=sex)
    values = {
        "surname": form.read("surname", _name, required=True),
        "given_name": form.read("given_name", _name, required=True),
        "patronymic": form.read("patronymic", _name),
        "birth_certificate": form.read("birth_certificate", certificate_number),
        "passport": form.read("passport", passport_number),
        "foreign_document": form.read_foreign_document(),
        "citizenship": form.read("citizenship", str.upper),
        "basis": form.read("basis", str) or "",
        "organisation_code": form.read("organisation_code", str, required=True),
        "grade": form.read("grade", str),
        "level": form.read("level", str.upper) or "GENERAL",
        "form": form.read("form", _study_form) or "FULL_TIME",
        "start_on": form.read("start_on", _day, required=True),
        "source": form.read("source", str.upper) or SCHOOL,
        "source_record_key": form.read("source_record_key", str, required=True),
    }
    born = birth_date or (pin.birth_date if pin else None)
    if born is None and not form.has_problem("birth_date", "pin"):
        form.problems.append(("birth_date", "REQUIRED"))
    if form.problems or born is None:
        raise InputRefused(tuple(form.problems))
    return Application(
        pin=pin,
        birth_date=born,
        sex=sex or (pin.sex if pin else None),
        **values,  # type: ignore[arg-type]
    )


def parse_typed(given: Mapping[str, object]) -> Record:
    """Read names, birth date and sex as typed beside a PIN; raises InputRefused with all problems."""
    form = _Form(given)
    record = Record(
        surname=form.read("surname", _name),
        given_name=form.read("given_name", _name),
        patronymic=form.read("patronymic", _name),
        birth_date=form.read("birth_date", _past_date),
        sex=form.read("sex", _sex),
    )
    if form.problems:
        raise InputRefused(tuple(form.problems))
    return record


class _Form:
    """Text values on their way to an application, and what is wrong with them."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given
        self.problems: list[tuple[str, str]] = []
        if any(field not in FIELDS for field in given):
            self.problems.append(("body", "UNKNOWN_FIELD"))

    def read(self, field: str, reader: Callable[[str], Read], *, required: bool = False) -> Read | None:
        value = self._given.get(field)
        if value is None or (isinstance(value, str) and not value.strip()):
            if required:
                self.problems.append((field, "REQUIRED"))
            return None
        try:
            return reader(_text(value))
        except InputRefused as refused:
            self.problems += [(field, reason) for _, reason in refused.problems]
            return None

    def read_foreign_document(self) -> str | None:
        """Read a document of another state; without its country nobody can ask about it."""
        country = self.read("document_country", _country)
        number = self.read("foreign_document", str)
        if number and not country and not self.has_problem("document_country"):
            self.problems.append(("document_country", "REQUIRED"))
        return foreign_document(country, number) if country and number else None

    def check_pin(self, pin: Pin | None, *, birth_date: date | None, sex: str | None) -> None:
        """Say which part of a PIN contradicts what stands beside it."""
        if pin and birth_date and pin.birth_date != birth_date:
            self.problems.append(("pin", "PIN_BIRTH_DATE_MISMATCH"))
        if pin and sex and pin.sex != sex:
            self.problems.append(("pin", "PIN_SEX_MISMATCH"))

    def has_problem(self, *fields: str) -> bool:
        return any(field in fields for field, _ in self.problems)


def _refuse(reason: str) -> InputRefused:
    return InputRefused((("", reason),))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _refuse("TEXT")
    if len(value) > _LONGEST:
        raise _refuse("TOO_LONG")
    return value.strip()


def _name(text: str) -> str:
    name = clean_name(text)
    if name is None or any(letter.isdigit() for letter in name):
        raise _refuse("NAME")
    return name


def _day(text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise _refuse("DATE")
    return day


def _past_date(text: str) -> date:
    day = _day(text)
    if day > today():
        raise _refuse("DATE_IN_FUTURE")
    return day


def _sex(text: str) -> str:
    sex = parse_sex(text)
    if sex is None:
        raise _refuse("SEX")
    return sex


def _country(text: str) -> str:
    if not (text.isascii() and text.isalpha() and len(text) == 3):
        raise _refuse("COUNTRY")
    return text.upper()


def _study_form(text: str) -> str:
    if text.upper() not in FORMS:
        raise _refuse("FORM")
    return text.upper()
