"""What passport-service means by its fields: the only place that knows its vocabulary.

Sex is Latin M or F here, dates are dateTimes, and the address comes in parts of mixed language.
"""

from typing import Any

from gateway.intake.ports import Outcome, PassportRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, clean, coded, latin_series

SEXES = {"F": "F", "M": "M", "М": "M"}  # the last is the Cyrillic look-alike
# Ethnicity (which is what `nationality` holds) and family status are dropped on arrival.
PASSPORT = uses(
    fill="passportSeries passportNumber voidStatus passportAuthority issuedDate expiredDate addressRegion "
    "addressLocality addressStreet addressHouse addressBuilding addressApartment surname name patronymic",
    verify="pin dateOfBirth gender voidMotiv",
    drop="nationality familyStatus",
    frame="faultcode faultstring",
)
DROPPED = PASSPORT.dropped_in()
ADDRESS = (
    "addressRegion", "addressLocality", "addressStreet", "addressHouse", "addressBuilding",
    "addressApartment",
)  # fmt: skip
VALID = "0"  # voidStatus; any other number is some kind of void


def passport_request(pin: str, series: str, number: str) -> dict[str, Any]:
    """Ask passportDataByPSN with the series in Latin letters."""
    return {"pin": pin, "series": latin_series(series), "number": clean(number)}


def read_passport(response: Fields, request: dict[str, Any]) -> Finding[PassportRecord]:
    """Understand passportDataByPSN; raises ContractError for another person or another document."""
    if response.text("pin") != request["pin"]:
        raise malformed("the answer is about another PIN", where="pin", code="wrong_person")
    series, number = response.text("passportSeries") or "", response.text("passportNumber")
    if (latin_series(series), number) != (request["series"], request["number"]):
        raise malformed("the answer is about another passport", where="passportNumber", code="wrong_document")
    void = response.optional("voidStatus")
    record = PassportRecord(
        pin=request["pin"],
        surname=response.text("surname"),
        given_name=response.text("name"),
        patronymic=response.optional("patronymic"),
        sex=coded(response.text("gender"), SEXES, where="gender"),
        birth_date=calendar_date(response.text("dateOfBirth")),
        series=series,
        number=number,
        issued_on=calendar_date(response.optional("issuedDate")),
        expires_on=calendar_date(response.optional("expiredDate")),
        authority=response.optional("passportAuthority"),
        valid=is_valid(void),
        registered_address=_address(response),
    )
    if not (record.surname or record.given_name):
        raise malformed("the answer names nobody", where="surname")
    notes = noted(
        void_reason=response.optional("voidMotiv"),
        unknown_void_status=void if is_valid(void) is None else None,
        unknown_fields=" ".join(response.unread(dropped=DROPPED)),
    )
    return Finding(outcome=Outcome.FOUND, record=record, notes=notes)


def is_valid(void: str | None) -> bool | None:
    """Understand voidStatus: "0" is valid, another number void, anything else unknown."""
    if void is None or not (void.isascii() and void.isdigit()):
        return None
    return void == VALID


def _address(response: Fields) -> str | None:
    parts = [response.optional(name) for name in ADDRESS]
    return ", ".join(part for part in parts if part) or None
