"""What foreign-service means by its fields: the only place that knows its vocabulary.

The person stands in `message`; a failure is `error` true, with a text or nothing in `message`. The answer does not
repeat the document: only the echo of the request can tell that it is about another.
"""

from typing import Any

from adapters.infocom.civil_registry.mapping import SEXES, country_of
from gateway.intake.answers import Outcome
from gateway.intake.ports_documents import ForeignerRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.fault_words import ContentFault
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, clean, coded, flag

FOREIGNER = uses(
    fill="message.surname message.name message.patronymic message.birthdate message.gender message.citizenship "
    "message.docDateIssue message.docDateExpiration message.regDateFrom message.regDateTo message.regAddress",
    frame="error",
)


def document_request(number: str, country: str) -> dict[str, Any]:
    """Ask foreignByDoc for a document and the code of its country."""
    return {"doc": clean(number).upper(), "code": clean(country).upper()}


def read_foreigner(response: Fields, number: str) -> Finding[ForeignerRecord]:
    """Understand foreignByDoc; raises ContractError for a missing field."""
    if flag(response.text("error")):
        return Finding(outcome=_refused(response))
    person = response.group("message")
    if person is None:
        return Finding(outcome=Outcome.NOT_FOUND)
    citizenship = person.text("citizenship")
    record = ForeignerRecord(
        document_number=number,
        surname=person.text("surname"),
        given_name=person.text("name"),
        patronymic=person.optional("patronymic"),
        sex=coded(person.text("gender"), SEXES, where="gender"),
        birth_date=calendar_date(person.text("birthdate")),
        citizenship=country_of(citizenship),
        document_issued_on=calendar_date(person.optional("docDateIssue")),
        document_expires_on=calendar_date(person.optional("docDateExpiration")),
        stays_from=calendar_date(person.optional("regDateFrom")),
        stays_until=calendar_date(person.optional("regDateTo")),
        registered_address=person.optional("regAddress"),
    )
    if not (record.surname or record.given_name):
        raise malformed("the answer names nobody", where="surname")
    notes = noted(
        unknown_fields=" ".join(sorted({*response.unread(), *person.unread()})),
        unknown_citizenship=None if record.citizenship else citizenship,
    )
    return Finding(outcome=Outcome.FOUND, record=record, notes=notes)


def _refused(response: Fields) -> Outcome:
    """Understand a failure; without a text there is nobody of this document."""
    told = response.texts("message")
    return ContentFault(code="", text=told[0]).outcome if told else Outcome.NOT_FOUND
