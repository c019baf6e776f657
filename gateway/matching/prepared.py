"""A record made ready to compare many times: its name in parts, its documents reduced, its PIN doubted."""

from dataclasses import dataclass
from datetime import date

from gateway.matching.full_name import FullName, full_name
from gateway.matching.normalise import document
from gateway.matching.record import Record, date_in_pin, day_and_month_swapped, digits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a comparison reads; `pin_is_anothers` where the PIN's own sex or birth date is another one's."""

    name: FullName
    sex: str | None
    born: date | None
    born_swapped: date | None
    pin: str | None
    pin_verified: bool
    pin_is_anothers: bool
    birth_certificate: str | None
    passport: str | None
    organisation: str | None
    place: str | None


def prepare(record: Record) -> Prepared:
    """Make a record ready to compare."""
    swapped = day_and_month_swapped(record.birth_date)
    return Prepared(
        name=full_name(record),
        sex=record.sex,
        born=record.birth_date,
        born_swapped=swapped,
        pin=record.pin,
        pin_verified=record.pin_verified,
        pin_is_anothers=is_anothers(record.pin, record.birth_date, swapped),
        birth_certificate=document(record.birth_certificate) if record.birth_certificate else None,
        passport=document(record.passport) if record.passport else None,
        organisation=record.organisation,
        place=record.place,
    )


def is_anothers(pin: str | None, born: date | None, swapped: date | None) -> bool:
    """Tell whether the PIN repeats another birth date: two or more digits off, and not day and month exchanged."""
    told = date_in_pin(pin)
    if told is None or born is None or told in {born, swapped}:
        return False
    return sum(one != other for one, other in zip(digits_of(told), digits_of(born), strict=True)) > 2
