"""Finding the person a request is about, with the control attribute that keeps numbers from being tried out."""

from dataclasses import replace
from datetime import date

from gateway.foundation.database import Database
from gateway.foundation.errors import ContractError, InputRefused
from gateway.matching.normalise import fold
from gateway.registry.entries import LearnerState, PersonEntry
from gateway.registry.identity import with_identity
from gateway.registry.learner_state import learner_state_by_number, learner_state_by_pin
from gateway.registry.values import Pin
from gateway.services.codec import Texts, read_date, read_text

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


async def find_subject(texts: Texts, database: Database) -> LearnerState:
    """Read the state of a request's subject; an unknown one and a wrong control attribute are the same nobody."""
    pin, isuo_no = read_text(texts, "subject/pin"), read_text(texts, "subject/isuoNo")
    if pin:
        state = await learner_state_by_pin(database, read_pin(pin, "subject/pin").value)
    else:  # foreign documents are not registered as identifiers yet: nobody has an empty number
        state = await learner_state_by_number(database, isuo_no)
        if state.person is not None:
            state = replace(state, person=await with_identity(database, state.person))
    fits = state.person is None or _control_fits(texts, state.person)
    return state if fits else replace(state, person=None)


def _control_fits(texts: Texts, person: PersonEntry) -> bool:
    birth_date = read_date(texts, "subject/control/birthDate")
    prefix = read_text(texts, "subject/control/surnamePrefix")
    return _date_fits(birth_date, person) and _prefix_fits(prefix, person)


def _date_fits(birth_date: date | None, person: PersonEntry) -> bool:
    return birth_date is None or birth_date == person.birth_date


def _prefix_fits(prefix: str, person: PersonEntry) -> bool:
    return not prefix or fold(person.surname or "").startswith(fold(prefix))
