"""The registry's values as plain Python: PIN, document numbers, names, the permanent number, statuses."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.foundation.errors import InputRefused

ZAGS, PASSPORT, SCHOOL = "ZAGS", "PASSPORT", "SCHOOL"


class VerificationStatus(StrEnum):
    """How much a value is worth; the one list used everywhere."""

    UNVERIFIED = "UNVERIFIED"
    FORMAT_OK = "FORMAT_OK"
    FILLED_BY_SOURCE = "FILLED_BY_SOURCE"
    MATCHED_WITH_SOURCE = "MATCHED_WITH_SOURCE"
    MISMATCH = "MISMATCH"
    NOT_FOUND_AT_SOURCE = "NOT_FOUND_AT_SOURCE"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    STALE = "STALE"
    CONFIRMED_BY_HEAD = "CONFIRMED_BY_HEAD"
    DISPUTED = "DISPUTED"


class Scheme(StrEnum):
    """What kind of identifier a value is."""

    PIN = "PIN"
    BIRTH_CERT = "BIRTH_CERT"
    BIRTH_ACT = "BIRTH_ACT"
    PASSPORT = "PASSPORT"
    FOREIGN_DOC = "FOREIGN_DOC"
    SIS_ID = "SIS_ID"


class IdentifierStatus(StrEnum):
    """What an identifier of a person is worth."""

    CLAIMED = "CLAIMED"
    VERIFIED = "VERIFIED"
    BLOCKED = "BLOCKED"
    REPLACED = "REPLACED"
    DISPUTED = "DISPUTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A PIN: fourteen digits, the first the sex, the next eight the birth date; there is no check digit."""

    value: str
    sex: str
    birth_date: date

    @classmethod
    def parse(cls, text: str) -> "Pin":
        """Read a PIN as typed; raises InputRefused saying which part is wrong, never the PIN itself."""
        value = text if text.isalnum() else re.sub(r"[\s\u00a0-]", "", text)
        reason = _why_not_digits(value)
        birth_date = None if reason else _date(value[5:9], value[3:5], value[1:3])
        if birth_date is None:
            raise InputRefused((("pin", reason or "PIN_DATE"),))
        return cls(value=value, sex="F" if value[0] == "1" else "M", birth_date=birth_date)

    def __repr__(self) -> str:
        """Keep the PIN out of logs and tracebacks."""
        return "Pin(…)"


def _why_not_digits(value: str) -> str:
    if not value.isascii() or not value.isdigit():
        is_spoiled = re.fullmatch(r"\d([.,]\d+)?[eEеЕ]\+?\d+", value)
        return "PIN_SPOILED_BY_SPREADSHEET" if is_spoiled else "PIN_DIGITS"
    if len(value) != 14:
        return "PIN_LENGTH"
    return "" if value[0] in "12" else "PIN_SEX_DIGIT"


def _date(year: str, month: str, day: str) -> date | None:
    try:
        made = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return made if made.year >= 1900 else None


def parse_date(text: str) -> date | None:
    """Read 2019-05-31, 31.05.2019 or 31/05/2019; None where it is no date."""
    iso = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})(T00:00:00(\.0+)?Z?)?", text.strip())
    if iso:
        return _date(*iso.groups()[:3])
    local = re.fullmatch(r"(\d{1,2})[./](\d{1,2})[./](\d{4})", text.strip())
    return _date(local[3], local[2], local[1]) if local else None


_SEX = {
    "F": "F", "FEMALE": "F", "1": "F", "Ж": "F", "ЖЕН": "F", "ЖЕНСКИЙ": "F", "АЯЛ": "F", "КЫЗ": "F",
    "M": "M", "MALE": "M", "2": "M", "М": "M", "МУЖ": "M", "МУЖСКОЙ": "M", "ЭРКЕК": "M", "БАЛА": "M",
}  # fmt: skip


def parse_sex(text: str | None) -> str | None:
    """Read a sex in any coding in use (1/2, F/M, words in ky, ru, en); None where it is none of them."""
    return _SEX.get((text or "").strip().upper().rstrip("."))


def clean_name(text: str | None) -> str | None:
    """Trim a name and its inner spaces; None where nothing is left."""
    cleaned = " ".join(unicodedata.normalize("NFC", text or "").split())
    return cleaned if any(letter.isalpha() for letter in cleaned) else None


_TO_LATIN = str.maketrans("АВСЕНІКМОРТХУ", "ABCEHIKMOPTXY")
_TO_CYRILLIC = str.maketrans("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ")
_PASSPORT = re.compile(r"([A-Z]{2})(\d{7})")
_CERTIFICATE = re.compile(r"(КР)([А-ЯІ])(\d{6,8})")


def passport_number(text: str) -> str:
    """Write a passport's series and number one way: Latin letters, no spaces; Cyrillic АН becomes AN."""
    plain = _plain(text).translate(_TO_LATIN)
    plain = re.sub(r"^AH(?=\d)", "AN", plain)
    found = _PASSPORT.fullmatch(plain)
    return "".join(found.groups()) if found else plain


def split_passport(number: str) -> tuple[str, str]:
    """Give series and number of a passport as agencies ask for them."""
    return number[:2], number[2:]


def certificate_number(text: str) -> str:
    """Write a birth certificate's series and number one way: КР-Х 1234567, KP-X1234567 → КР-Х1234567."""
    plain = re.sub(r"^KR", "КР", _plain(text)).translate(_TO_CYRILLIC)
    found = _CERTIFICATE.fullmatch(plain)
    return f"{found[1]}-{found[2]}{found[3]}" if found else plain


def foreign_document(country: str, number: str) -> str:
    """Write a foreign document one way: the country's three letters and the number, as UZBAA1234567."""
    return country.strip().upper() + _plain(number).translate(_TO_LATIN)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]|[№N](?=°)", "", unicodedata.normalize("NFC", text).upper())


_SCATTER, _SPACE = 48_271_913_527, 10**11


def isuo_number(serial: int) -> str:
    """Make the n-th person's permanent number: eleven digits that tell nothing, and a check character."""
    digits = f"{serial * _SCATTER % _SPACE:011}"
    return digits + _check_character(digits)


def is_isuo_number(text: str) -> bool:
    """Tell whether a text is a permanent number without a slip (ISO 7064 MOD 11-2)."""
    return bool(re.fullmatch(r"[0-9]{11}[0-9X]", text)) and _check_character(text[:11]) == text[11]


def _check_character(digits: str) -> str:
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    check = (12 - total) % 11
    return "X" if check == 10 else str(check)
