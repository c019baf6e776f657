"""getLearnerStatus v1: is this person studying, at which level and in which form, in which periods."""

from collections.abc import Iterable
from datetime import date, timedelta

from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, ContractError
from gateway.registry.entries import EnrolmentEntry, StatusPeriod
from gateway.services.answer_block import answer_block, quality_of, truth
from gateway.services.codec import Texts, Tree, present, read_date, read_text, write_content
from gateway.services.consent import CONSENT_REQUIRED, consent_stands
from gateway.services.question import NOT_FOUND_OR_NOT_ALLOWED, OK, OK_EMPTY, Answer, Offer, Question
from gateway.services.subject import find_subject

_STUDYING = frozenset({"ENROLLED", "PRESENT", "BETWEEN_YEARS", "EXCHANGE_OUT"})
RESPONSE = "getLearnerStatusResponse"


async def answer_learner_status(question: Question, database: Database) -> Answer:
    """Answer for the day asked about (today by default), within the profile's fields."""
    on = _asked_day(question)
    state = await find_subject(question.texts, database)
    seq, person = state.registry_seq, state.person
    if person is None:
        block = answer_block(
            NOT_FOUND_OR_NOT_ALLOWED, on, registry_seq=seq, disclosure_id=question.disclosure_id
        )
        return Answer(
            content=write_content(RESPONSE, block),
            outcome=NOT_FOUND_OR_NOT_ALLOWED,
            as_of=on,
            registry_seq=seq,
        )
    if not await consent_stands(question, person.person_id, database):
        block = answer_block(CONSENT_REQUIRED, on, registry_seq=seq, disclosure_id=question.disclosure_id)
        return Answer(
            content=write_content(RESPONSE, block), outcome=CONSENT_REQUIRED, as_of=on, registry_seq=seq
        )
    current = [found for found in state.enrolments if _covers(found, on)]
    quality = quality_of(person, open_case=state.open_case, today=question.today)
    status = [item for item in _status(current, on) if item[0] in question.grant.fields]
    outcome = OK if current else OK_EMPTY
    block = answer_block(outcome, on, registry_seq=seq, disclosure_id=question.disclosure_id, quality=quality)
    return Answer(
        content=write_content(RESPONSE, [*block, ("status", status)]),
        outcome=outcome,
        person_id=person.person_id,
        fields=tuple(dict.fromkeys(name for name, _ in status)),
        as_of=on,
        registry_seq=seq,
    )


def _asked_day(question: Question) -> date:
    on = read_date(question.texts, "onDate") or question.today
    if on > question.today:
        raise ContractError(
            "onDate lies in the future",
            code="SCHEMA",
            where="onDate",
            hint="ask about today or an earlier day",
        )
    if on < question.today - timedelta(days=question.grant.past_days):
        raise AccessError("the profile does not reach so far back", code="PURPOSE_NOT_ALLOWED")
    return on


def _covers(enrolment: EnrolmentEntry, on: date) -> bool:
    return (
        not enrolment.held
        and enrolment.start_on <= on
        and (enrolment.end_on is None or on < enrolment.end_on)
    )


def _status(current: Iterable[EnrolmentEntry], on: date) -> Tree:
    """Write what holds on the day; one enrolment in a special school hides every organisation.

    The school's name is then itself a fact about health, whichever of the enrolments it stands at.
    """
    found = list(current)
    main = found[0] if found else None
    masked = any(enrolment.organisation.masked for enrolment in found)
    periods: Tree = [("period", _period(period)) for enrolment in found for period in enrolment.periods]
    return present(
        [
            ("studying", truth(value=any(_studies(enrolment, on) for enrolment in found))),
            ("level", main.level if main else None),
            ("form", main.form if main else None),
            ("organisation", main.organisation.name_ky if main and not masked else None),
            *periods,
            ("expectedEnd", _day(main.expected_end_on) if main else None),
        ]
    )


def _studies(enrolment: EnrolmentEntry, on: date) -> bool:
    return any(
        period.status in _STUDYING
        and period.from_on <= on
        and (period.until_on is None or on < period.until_on)
        for period in enrolment.periods
    )


def _period(period: StatusPeriod) -> Tree:
    return present([("from", _day(period.from_on)), ("to", _day(period.until_on)), ("state", period.status)])


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _subject_pin(texts: Texts) -> str:
    return read_text(texts, "subject/pin")


OFFER = Offer(
    service_code="getLearnerStatus",
    service_version="v1",
    handler=answer_learner_status,
    subject_pin=_subject_pin,
)
