"""A record made ready to compare many times: its name in parts, its documents reduced, its PIN doubted."""

from dataclasses import dataclass
from datetime import date

from gateway.matching.full_name import FullName, full_name
from gateway.matching.normalise import document
from gateway.matching.record import Record, date_in_pin, digits_of, with_day_and_month_swapped


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
    swapped = with_day_and_month_swapped(record)
    return Prepared(
        name=full_name(record),
        sex=record.sex,
        born=record.birth_date,
        born_swapped=swapped.birth_date if swapped else None,
        pin=record.pin,
        pin_verified=record.pin_verified,
        pin_is_anothers=_is_anothers(record),
        birth_certificate=document(record.birth_certificate) if record.birth_certificate else None,
        passport=document(record.passport) if record.passport else None,
        organisation=record.organisation,
        place=record.place,
    )


def _is_anothers(record: Record) -> bool:
    """Tell whether the PIN repeats another birth date: two or more digits off, and not day and month exchanged."""
    told = date_in_pin(record.pin)
    if told is None or record.birth_date is None or told == record.birth_date:
        return False
    swapped = with_day_and_month_swapped(record)
    if swapped and swapped.birth_date == told:
        return False
    pairs = zip(digits_of(told), digits_of(record.birth_date), strict=True)
    return sum(one != other for one, other in pairs) > 2
