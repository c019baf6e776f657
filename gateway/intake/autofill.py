"""Fill a form from its sources: a PIN in, every value out with where it comes from and what it is worth."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from gateway.foundation.clock import today
from gateway.intake.agreement import fits
from gateway.intake.asking import ask
from gateway.intake.autofill_more import SOURCES, Part, Patience, ask_part, more_fields
from gateway.intake.filled import FilledField, empty_status
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, Outcome, PassportRecord, PersonRecord
from gateway.matching.record import Record
from gateway.registry.policy import same
from gateway.registry.values import PASSPORT, ZAGS, Pin, VerificationStatus, clean_name, parse_sex

PERSON_FIELDS = ("surname", "given_name", "patronymic", "sex", "birth_date", "citizenship", "death_date")
PASSPORT_FIELDS = ("series", "number", "issued_on", "expires_on", "authority", "registered_address")
_NAMES = frozenset({"surname", "given_name", "patronymic"})
DEADLINE_SECONDS = 8.0
PATIENCE = Patience(whole=DEADLINE_SECONDS, of_source={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a clerk typed: a PIN, perhaps a passport, perhaps names and a birth date to check it against."""

    pin: str = field(repr=False)
    series: str | None = None
    number: str | None = None
    typed: Record = field(default_factory=Record)
    parts: Collection[Part] = ()

    @property
    def typed_characters(self) -> int:
        """Count the keys the clerk pressed for it."""
        told = (getattr(self.typed, name, None) for name in PERSON_FIELDS)
        return sum(len(str(each)) for each in (self.pin, self.series, self.number, *told) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledForm:
    """A form filled in: `warnings` are reason codes, `waiting` the sources that have not answered yet.

    `typed_characters` is what the clerk typed for it.
    """

    fields: tuple[FilledField, ...]
    outcomes: Mapping[str, Outcome]
    warnings: tuple[str, ...]
    waiting: tuple[str, ...] = ()
    typed_characters: int = 0

    @property
    def filled_characters(self) -> int:
        """Count what nobody had to type."""
        return sum(len(each.value) for each in self.fields if each.value)

    def value(self, name: str) -> str | None:
        """Give the value of a field."""
        return next((each.value for each in self.fields if each.name == name), None)


async def autofill(
    agencies: Agencies,
    question: Question,
    context: AskContext,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
    deadlines: Mapping[str, float] | None = None,
) -> FilledForm:
    """Ask the civil registry, and the sources of what else is given or wanted, side by side.

    A source has `deadlines` of its own, `deadline_seconds` at most: the form comes with what there is by then.
    Raises InputRefused for a PIN that cannot be one, before anybody is asked. When the PIN belongs to
    somebody other than the names typed, nothing of that person is given.
    """
    patience = Patience(whole=deadline_seconds, of_source=deadlines or {})
    *_, form = [form async for form in filling(agencies, question, context, patience=patience)]
    return form


async def filling(
    agencies: Agencies, question: Question, context: AskContext, *, patience: Patience = PATIENCE
) -> AsyncIterator[FilledForm]:
    """Ask as `autofill` does and give the form each time a source has answered; the last one is whole."""
    asked = _asked(agencies, question, context, patience)
    try:
        while waiting := [each for each, task in asked.items() if not task.done()]:
            await asyncio.wait([asked[each] for each in waiting], return_when=asyncio.FIRST_COMPLETED)
            answers = {each: task.result() for each, task in asked.items() if task.done()}
            left = tuple(dict.fromkeys(source_of(each) for each in asked if each not in answers))
            yield replace(_form(question, answers), waiting=left)
    finally:
        for task in asked.values():
            task.cancel()


def _asked(
    agencies: Agencies, question: Question, context: AskContext, patience: Patience
) -> dict[str, asyncio.Future[Any]]:
    """Begin every question: the person by ZAGS, a passport by PASSPORT, each part by its name."""
    pin = Pin.parse(question.pin)
    asks: dict[str, Coroutine[Any, Any, AgencyAnswer[Any]]] = {
        ZAGS: _ask_civil_registry(agencies, pin, context, patience.of(ZAGS))
    }
    if question.series and question.number:
        asks[PASSPORT] = _ask_passports(agencies, pin, question, context, patience.of(PASSPORT))
    for part in Part:
        if part in question.parts:
            asks[part] = ask_part(agencies, pin.value, part, context=context, patience=patience)
    return {name: asyncio.ensure_future(each) for name, each in asks.items()}


def source_of(asked: str) -> str:
    """Give the source that is asked for a part, or by its own name."""
    return SOURCES[Part(asked)][0] if asked in set(Part) else asked


def _form(question: Question, told: Mapping[str, AgencyAnswer[Any]]) -> FilledForm:
    pin, civil, passport = Pin.parse(question.pin), told.get(ZAGS), told.get(PASSPORT)
    more = {part: told[part] for part in Part if part in told}
    answers: list[AgencyAnswer[PersonRecord]] = [civil] if civil else []
    answers += [_as_person(passport)] if passport else []
    outcomes = {answer.source: answer.outcome for answer in (*more.values(), *answers)}
    if any(_is_stranger(answer, question, pin) for answer in answers):
        return FilledForm(
            fields=_withheld(answers) + more_fields(more, known=False),
            outcomes=outcomes,
            warnings=_pin_warnings(question, pin, stranger=True),
            typed_characters=question.typed_characters,
        )
    found = [(answer, answer.record) for answer in answers if answer.record is not None]
    return FilledForm(
        fields=tuple(_filled(name, found, question, civil) for name in PERSON_FIELDS)
        + (_passport_fields(passport) if passport else ())
        + more_fields(more, known=bool(found)),
        outcomes=outcomes,
        warnings=_pin_warnings(question, pin, stranger=False) + _warnings(found),
        typed_characters=question.typed_characters,
    )


async def _ask_civil_registry(
    agencies: Agencies, pin: Pin, context: AskContext, deadline: float
) -> AgencyAnswer[PersonRecord]:
    port = agencies.civil_registry
    question = port.person_by_pin(pin.value, context=context) if port else None
    return await ask(question, source=ZAGS, deadline_seconds=deadline)


async def _ask_passports(
    agencies: Agencies, pin: Pin, question: Question, context: AskContext, deadline: float
) -> AgencyAnswer[PassportRecord]:
    port, series, number = agencies.passports, question.series or "", question.number or ""
    asked = port.passport(pin.value, series=series, number=number, context=context) if port else None
    return await ask(asked, source=PASSPORT, deadline_seconds=deadline)


def _as_person(answer: AgencyAnswer[PassportRecord]) -> AgencyAnswer[PersonRecord]:
    return AgencyAnswer(
        outcome=answer.outcome,
        source=answer.source,
        answered_at=answer.answered_at,
        record=answer.record,
        exchange_id=answer.exchange_id,
        message_id=answer.message_id,
        code=answer.code,
    )


def _is_stranger(answer: AgencyAnswer[PersonRecord], question: Question, pin: Pin) -> bool:
    return answer.record is not None and not fits(question.typed, answer.record, pin=pin.value)


def _withheld(answers: list[AgencyAnswer[PersonRecord]]) -> tuple[FilledField, ...]:
    return tuple(
        FilledField(
            name=name,
            value=None,
            source=answers[0].source,
            verified_at=None,
            status=VerificationStatus.MISMATCH,
        )
        for name in PERSON_FIELDS
    )


Found = list[tuple[AgencyAnswer[PersonRecord], PersonRecord]]


def _filled(
    name: str, found: Found, question: Question, civil: AgencyAnswer[PersonRecord] | None
) -> FilledField:
    for answer, record in found:
        value = field_text(record, name)
        if value is not None:
            return FilledField(
                name=name,
                value=value,
                source=answer.source,
                verified_at=answer.answered_at,
                status=_against_typed(name, value, question),
                exchange_id=answer.exchange_id,
            )
    return FilledField(
        name=name,
        value=None,
        source=civil.source if civil else ZAGS,
        verified_at=None,
        status=empty_status(civil.outcome) if civil else VerificationStatus.UNVERIFIED,
        exchange_id=civil.exchange_id if civil else None,
    )


def field_text(record: PersonRecord, name: str) -> str | None:
    """Give a field of a source's record as the registry writes it: ISO dates, F or M, names trimmed."""
    value = getattr(record, name)
    if isinstance(value, date):
        return value.isoformat()
    if name == "sex":
        return parse_sex(value)
    return clean_name(value) if name in _NAMES else (value or None)


def _against_typed(name: str, value: str, question: Question) -> VerificationStatus:
    typed = getattr(question.typed, name, None)
    if typed is None:
        return VerificationStatus.FILLED_BY_SOURCE
    text = typed.isoformat() if isinstance(typed, date) else typed
    agrees = same(name, text, value)
    return VerificationStatus.MATCHED_WITH_SOURCE if agrees else VerificationStatus.MISMATCH


def _passport_fields(answer: AgencyAnswer[PassportRecord]) -> tuple[FilledField, ...]:
    return tuple(
        FilledField(
            name=f"passport_{name}",
            value=field_text(answer.record, name) if answer.record else None,
            source=answer.source,
            verified_at=answer.answered_at if answer.record else None,
            status=VerificationStatus.FILLED_BY_SOURCE if answer.record else empty_status(answer.outcome),
            exchange_id=answer.exchange_id,
        )
        for name in PASSPORT_FIELDS
    )


def _pin_warnings(question: Question, pin: Pin, *, stranger: bool) -> tuple[str, ...]:
    typed = question.typed
    found = ["PIN_NOT_THIS_PERSON"] if stranger else []
    if typed.birth_date and typed.birth_date != pin.birth_date:
        found.append("PIN_BIRTH_DATE_MISMATCH")
    if typed.sex and typed.sex != pin.sex:
        found.append("PIN_SEX_MISMATCH")
    return tuple(found)


def _warnings(found: Found) -> tuple[str, ...]:
    records = [record for _, record in found]
    warnings = []
    if any(record.pin_blocked for record in records):
        warnings.append("PIN_BLOCKED")
    if any(record.death_date for record in records):
        warnings.append("DEATH_RECORDED")
    passport = next((record for record in records if isinstance(record, PassportRecord)), None)
    if passport and passport.valid is False:
        warnings.append("PASSPORT_VOID")
    if passport and passport.expires_on and passport.expires_on < today():
        warnings.append("PASSPORT_EXPIRED")
    if len(records) == 2 and _disagree(*records):
        warnings.append("SOURCES_DISAGREE")
    return tuple(warnings)


def _disagree(one: PersonRecord, other: PersonRecord) -> bool:
    for name in ("surname", "given_name", "birth_date"):
        mine, theirs = field_text(one, name), field_text(other, name)
        if mine and theirs and not same(name, mine, theirs):
            return True
    return False
