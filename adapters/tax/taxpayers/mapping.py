"""What gns-service means by its fields: the only place that knows its vocabulary.

Two clients saw two vocabularies for the same things, `fullName` and `companyName`, `fullAddress` and `legalAddress`:
either is read.
"""

from typing import Any

from lxml import etree

from adapters.tax.dialect import read_answer, read_fault
from gateway.intake.answers import Outcome
from gateway.intake.ports_organisations import TaxpayerRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import malformed

TAXPAYER = uses(
    verify="inn companyName fullName legalAddress fullAddress rayonCode activityCode",
    drop="vatPayer ZIP type",
    frame="message faultcode faultstring",
)


def taxpayer_request(inn: str) -> dict[str, Any]:
    """Ask for an ИНН."""
    return {"inn": inn}


def read_taxpayer(root: etree._Element, service_code: str, inn: str) -> Finding[TaxpayerRecord]:
    """Understand the taxpayer of an ИНН; raises ContractError for a missing field or another taxpayer."""
    response = read_answer(root, service_code)
    fault = read_fault(root)
    if fault is not None:
        return Finding(outcome=fault.outcome, code=fault.code)
    if response is None:
        return Finding(outcome=Outcome.NOT_FOUND)
    if response.text("inn") != inn:
        raise malformed("the answer is about another ИНН", where="inn", code="wrong_organisation")
    record = TaxpayerRecord(
        inn=inn,
        name=response.optional("fullName") or response.optional("companyName"),
        address=response.optional("fullAddress") or response.optional("legalAddress"),
        tax_district=response.optional("rayonCode"),
        activity_code=response.optional("activityCode"),
    )
    if not record.name:
        raise malformed("the answer names no taxpayer", where="fullName")
    unknown = response.unread(dropped=TAXPAYER.drop | TAXPAYER.frame | TAXPAYER.verify)
    return Finding(outcome=Outcome.FOUND, record=record, notes=noted(unknown_fields=" ".join(unknown)))
