"""What is compared: a person as a source or the registry tells it. What nobody gave is None, never empty."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from uuid import UUID

PIN_LENGTH = 14
OLDEST_YEAR = 1900


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A person's values for matching: sex is F or M, documents are series and number together."""

    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None
    sex: str | None = None
    birth_date: date | None = None
    pin: str | None = field(default=None, repr=False)
    pin_verified: bool = False
    birth_certificate: str | None = None
    passport: str | None = None
    organisation: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry of the registry that shares a blocking key with the record."""

    person_id: UUID
    record: Record


def day_and_month_swapped(born: date | None) -> date | None:
    """Give the date with its day and month exchanged; None where that is no date or the same one."""
    if born is None or born.day > 12 or born.day == born.month:
        return None
    return born.replace(day=born.month, month=born.day)


def date_in_pin(pin: str | None) -> date | None:
    """Give the birth date a PIN repeats; None where it repeats none."""
    return _date_of(pin[1:9]) if pin and len(pin) == PIN_LENGTH and pin.isdigit() else None


@lru_cache(maxsize=1 << 16)
def _date_of(digits: str) -> date | None:
    """Read DDMMYYYY."""
    try:
        born = date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None
    return born if born.year >= OLDEST_YEAR else None


def digits_of(day: date) -> str:
    """Write a date as a PIN repeats it: DDMMYYYY."""
    return f"{day.day:02}{day.month:02}{day.year:04}"
