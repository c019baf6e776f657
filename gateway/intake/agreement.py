"""Does what a source told about a PIN fit the person at hand? One test for autofill, admission and checks."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from gateway.foundation.errors import InputRefused
from gateway.intake.ports import PersonRecord
from gateway.matching.decision import judge
from gateway.matching.record import Candidate, Record
from gateway.matching.rules import Verdict
from gateway.registry.values import Pin, clean_name, parse_sex

_NOBODY = UUID(int=0)


def told_record(told: PersonRecord, *, pin: str) -> Record:
    """Give a source's words about a PIN as a record; a birth date it left out is the PIN's own."""
    return Record(
        surname=clean_name(told.surname),
        given_name=clean_name(told.given_name),
        patronymic=clean_name(told.patronymic),
        sex=parse_sex(told.sex),
        birth_date=told.birth_date or _birth_date(pin),
        pin=pin,
        pin_verified=True,
    )


def fits(person: Record, told: PersonRecord, *, pin: str) -> bool:
    """Tell whether a source's words can be about this person; what was not typed cannot contradict.

    With the birth date typed a surname may have changed; without it all names must be the same.
    """
    known = told_record(told, pin=pin)
    typed = Record(
        surname=person.surname or known.surname,
        given_name=person.given_name or known.given_name,
        patronymic=person.patronymic,
        sex=person.sex,
        birth_date=person.birth_date,
        pin=pin,
    )
    if known.given_name is None and known.surname is None:
        return True
    opinion = judge(typed, Candidate(person_id=_NOBODY, record=known), population=1)
    return opinion.verdict is Verdict.LINK


def fits_document(person: Record, told: PersonRecord, *, document: str) -> bool:
    """Tell whether a source's words about a document's holder can be about this person, who shows the document."""
    shown = replace(person, pin=None, passport=document)
    known = replace(told_record(told, pin=""), pin=None, pin_verified=False, passport=document)
    return judge(shown, Candidate(person_id=_NOBODY, record=known), population=1).verdict is Verdict.LINK


def _birth_date(pin: str) -> date | None:
    try:
        return Pin.parse(pin).birth_date
    except InputRefused:
        return None
