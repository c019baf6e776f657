"""What asb-service means by its fields: the only place that knows its vocabulary.

A failure is `error` true with its text in `address`. The codes are АСБ's own and need its table to become СОАТЕ.
"""

from typing import Any

from gateway.intake.answers import Outcome
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.fault_words import ContentFault
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, flag

ADDRESS = uses(
    fill="address dateAction addressArray.countryId addressArray.regionId addressArray.districtId "
    "addressArray.aymakId addressArray.villageId addressArray.streetId addressArray.houseId addressArray.houseTxt "
    "addressArray.flatId addressArray.flatTxt addressArray.code",
    drop="dateCreated addressArray.post",
    frame="error",
)
_CODES = (
    "countryId", "regionId", "districtId", "aymakId", "villageId", "streetId", "houseId", "houseTxt", "flatId",
    "flatTxt",
)  # fmt: skip


def address_request(pin: str) -> dict[str, Any]:
    """Ask asbAddress for a PIN."""
    return {"pin": pin}


def read_address(response: Fields) -> Finding[AddressRecord]:
    """Understand asbAddress; raises ContractError for a missing field."""
    failed, text = flag(response.text("error")), response.text("address")
    if failed:
        return Finding(outcome=ContentFault(code="", text=text or "").outcome)
    if not text:
        return Finding(outcome=Outcome.NOT_FOUND)
    parts = response.group("addressArray")
    record = AddressRecord(
        text=text,
        registered_on=calendar_date(response.optional("dateAction")),
        place_code=parts.optional("code") if parts else None,
        codes=_codes(parts) if parts else (),
    )
    if failed is None:
        raise malformed("the answer does not say whether it is one", where="error")
    unknown = {
        *response.unread(dropped=ADDRESS.dropped_in()),
        *(parts.unread(dropped=ADDRESS.dropped_in("addressArray")) if parts else ()),
    }
    return Finding(
        outcome=Outcome.FOUND, record=record, notes=noted(unknown_fields=" ".join(sorted(unknown)))
    )


def _codes(parts: Fields) -> tuple[tuple[str, str], ...]:
    told = ((name, parts.optional(name)) for name in _CODES)
    return tuple((name, value) for name, value in told if value)
