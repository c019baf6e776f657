"""Agencies' spellings of single values, turned into ours: text, dates, flags."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta

from gateway.foundation.errors import ContractError

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn"})
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_DAY_FIRST = re.compile(r"(\d\d)([.-])(\d\d)\2(\d{4})(?: \d{1,2}:\d\d(?::\d\d)?)?", re.ASCII)
_LOCAL_ZONES = frozenset({"+05:00", "+06:00", "+07:00"})  # what Kyrgyzstan's clocks have shown since 1930
_LOCAL_MIDNIGHTS = frozenset({17, 18, 19})  # in UTC
_NO_DATE = date(1, 1, 1)  # .NET's empty DateTime
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_PIN = re.compile(r"\d{14}", re.ASCII)
_LATIN = str.maketrans("АВСЕНІКМОРТХ", "ABCEHIKMOPTX")


def clean(text: str) -> str:
    """Drop what cannot be seen (zero-width, control, marks of direction) and make every run of spaces one."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    spaced = "".join(" " if char.isspace() else char for char in text)
    return " ".join("".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE).split())


def is_pin(text: str) -> bool:
    """Tell whether a text is fourteen digits; there is no check digit to test."""
    return _PIN.fullmatch(text) is not None


def is_inn(text: str) -> bool:
    """Tell whether a text may be the ИНН of an organisation: fourteen digits, like a PIN."""
    return is_pin(text)


def calendar_date(text: str | None) -> date | None:
    """Read a date in any form seen: ISO with or without time and zone, DD-MM-YYYY, DD.MM.YYYY.

    Raises ContractError for any other text: a date is never lost silently.
    """
    if text is None:
        return None
    try:
        found = _iso_date(text) or _day_first_date(text)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise ContractError(
            "a date is in no known form", code="unknown_date_form", where="date", hint="add the form"
        )
    return None if found == _NO_DATE else found


def _iso_date(text: str) -> date | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    written = date(int(year), int(month), int(day))
    clock = time(int(hour or 0), int(minute or 0), int(second or 0))
    if zone is None or zone in _LOCAL_ZONES or clock == time():
        return written
    return _local_day(
        datetime.fromisoformat(f"{written}T{clock}{zone.replace('Z', '+00:00')}").astimezone(UTC)
    )


def _local_day(moment: datetime) -> date:
    """Find the day in Kyrgyzstan: a midnight in any of its historical zones is the day that begins."""
    begins = moment.hour in _LOCAL_MIDNIGHTS and (moment.minute, moment.second) == (0, 0)
    return (moment + timedelta(hours=7 if begins else 6)).date()


def _day_first_date(text: str) -> date | None:
    match = _DAY_FIRST.fullmatch(text)
    return date(int(match[4]), int(match[3]), int(match[1])) if match else None


def flag(text: str | None) -> bool | None:
    """Read true/false, whatever the case, or 1/0; raises ContractError for another word."""
    if text is None:
        return None
    if text.casefold() not in _FLAGS:
        raise ContractError(
            "a flag is neither true nor false", code="unknown_flag", where="flag", hint="add the word"
        )
    return _FLAGS[text.casefold()]


def coded(text: str | None, codes: dict[str, str], *, where: str) -> str | None:
    """Look a code up in its table; raises ContractError for a code that is not there."""
    if text is None:
        return None
    if text.upper() not in codes:
        raise ContractError(
            f"{where} carries an unknown code", code="unknown_code", where=where, hint="add the code"
        )
    return codes[text.upper()]


def latin_series(series: str) -> str:
    """Write a document's series in Latin capitals: operators type look-alike Cyrillic letters."""
    return clean(series).upper().translate(_LATIN)
