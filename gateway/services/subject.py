"""Finding the person a request is about, with the control attribute that keeps numbers from being tried out."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from gateway.disclosure.agreements import Grant
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import ContractError, InputRefused
from gateway.foundation.logging import get_logger
from gateway.matching.normalise import fold
from gateway.registry.entries import LearnerState, PersonEntry
from gateway.registry.identity import with_identity
from gateway.registry.learner_state import learner_state_by_number, learner_state_by_pin
from gateway.registry.learners.consents import Agreed, ConsentState, consent_state, consents
from gateway.registry.reading import number_by_document
from gateway.registry.values import Pin, foreign_document
from gateway.services.codec import Texts, read_date, read_text

_log = get_logger(__name__)
_REASONS = {
    "PIN_LENGTH": "it must have 14 digits",
    "PIN_DIGITS": "it must hold digits only",
    "PIN_SEX_DIGIT": "its first digit must be 1 or 2",
    "PIN_DATE": "its digits 2 to 9 must be a birth date DDMMYYYY",
}


def read_pin(text: str, where: str) -> Pin:
    """Read a PIN of a request; raises ContractError(PIN_INCORRECT) naming the wrong part, not the PIN."""
    try:
        return Pin.parse(text)
    except InputRefused as refusal:
        reason = _REASONS.get(refusal.problems[0][1], "its form is wrong")
        raise ContractError(
            "the PIN is not correct", code="PIN_INCORRECT", where=where, hint=reason
        ) from None


async def find_subject(texts: Texts, database: Database, *, disclosure_id: UUID) -> LearnerState:
    """Read the state of a request's subject.

    An unknown one, a protected one and a wrong control attribute are the same nobody; the duty officer finds a
    question about a protected person in the log by the id of its disclosure.
    """
    pin, isuo_no = read_text(texts, "subject/pin"), read_text(texts, "subject/isuoNo")
    if pin:
        state = await learner_state_by_pin(database, read_pin(pin, "subject/pin").value)
    else:
        number = isuo_no or await _number_by_document(texts, database)
        state = await learner_state_by_number(database, number)
        if state.person is not None:
            state = replace(state, person=await with_identity(database, state.person))
    if state.withheld:
        _log.warning("a protected person was asked about", disclosure_id=str(disclosure_id))
    fits = state.person is None or _control_fits(texts, state.person)
    return state if fits else replace(state, person=None)


async def _number_by_document(texts: Texts, database: Database) -> str:
    """Give the permanent number of a foreign document's holder; empty, which is nobody's, where there is none."""
    country = read_text(texts, "subject/foreignDocument/country")
    number = read_text(texts, "subject/foreignDocument/number")
    async with database.transaction() as session:
        return await number_by_document(session, foreign_document(country, number)) or ""


async def may_be_told(grant: Grant, person_id: UUID, database: Database) -> bool:
    """Tell whether the ground of a grant stands for this person now: the law, or a consent nobody withdrew."""
    if not grant.consent:
        return True
    wanted = Agreed(scope_code=grant.consent, purpose_code=grant.purpose, recipient_code=grant.recipient)
    async with database.transaction() as session:
        given = await consents(session, person_id)
    return consent_state(given, wanted, at=utc_now()) is ConsentState.GIVEN


def _control_fits(texts: Texts, person: PersonEntry) -> bool:
    birth_date = read_date(texts, "subject/control/birthDate")
    prefix = read_text(texts, "subject/control/surnamePrefix")
    return _date_fits(birth_date, person) and _prefix_fits(prefix, person)


def _date_fits(birth_date: date | None, person: PersonEntry) -> bool:
    return birth_date is None or birth_date == person.birth_date


def _prefix_fits(prefix: str, person: PersonEntry) -> bool:
    return not prefix or fold(person.surname or "").startswith(fold(prefix))
