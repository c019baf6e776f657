"""Autofill: a PIN in, a form out with the source of every value, and nothing of a stranger."""

import asyncio
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest

from gateway.foundation.clock import today
from gateway.foundation.errors import InputRefused
from gateway.intake.autofill import FilledForm, Question, autofill
from gateway.intake.ports import Agencies, AgencyAnswer, Outcome, PassportRecord
from gateway.matching.record import Record
from gateway.registry.values import VerificationStatus
from tests.intake.support import CONTEXT, Sources, person_record
from tests.people import People, Person


async def fill(sources: Sources, pin: str, **given: object) -> FilledForm:
    return await autofill(sources.agencies(), Question(pin=pin, **given), CONTEXT, deadline_seconds=0.5)


def passport_of(person: Person, **changed: object) -> PassportRecord:
    made = PassportRecord(
        pin=person.pin,
        surname=person.surname.upper(),
        given_name=person.given_name.upper(),
        sex=person.sex,
        birth_date=person.birth_date,
        series="ID",
        number="1234567",
        expires_on=date(2099, 1, 1),
        valid=True,
    )
    return replace(made, **changed)


@pytest.mark.requirement("D-3", "R-022")
async def test_a_pin_fills_the_form_with_its_source() -> None:
    """Every value comes with its source, the exchange that proves it and FILLED_BY_SOURCE."""
    child = People(1).person()
    form = await fill(Sources.knowing([child]), child.pin)
    assert form.value("given_name") == child.given_name.upper()
    assert form.value("sex") == child.sex
    assert form.value("birth_date") == child.birth_date.isoformat()
    filled = {each.name: each for each in form.fields}
    assert filled["surname"].status is VerificationStatus.FILLED_BY_SOURCE
    assert filled["surname"].source == "ZAGS"
    assert filled["surname"].exchange_id is not None
    assert filled["death_date"].value is None
    assert form.warnings == ()


async def test_marital_status_and_ethnicity_have_no_place() -> None:
    """The form has no field for what the registry may not know, whatever a source sends."""
    child = People(2).person()
    form = await fill(Sources.knowing([child]), child.pin, series="ID", number="1234567")
    names = {each.name for each in form.fields}
    assert not {name for name in names if "marital" in name or "nation" in name or "ethnic" in name}
    record_fields = {each.name for each in fields(PassportRecord)}
    assert not {name for name in record_fields if "marital" in name or "nationality" in name}


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        ("1234567890123", "PIN_LENGTH"),
        ("12345678901234", "PIN_DATE"),
        ("31205201812345", "PIN_SEX_DIGIT"),
        ("1120520181234A", "PIN_DIGITS"),
        ("2.01052E+13", "PIN_SPOILED_BY_SPREADSHEET"),
    ],
)
async def test_an_impossible_pin_is_refused_before_anybody_is_asked(pin: str, reason: str) -> None:
    """A PIN that cannot be one is named by the part that is wrong, and no agency hears of it."""
    sources = Sources()
    with pytest.raises(InputRefused) as refused:
        await fill(sources, pin)
    assert refused.value.problems == (("pin", reason),)
    assert pin not in str(refused.value)
    assert sources.asked == []


async def test_both_agencies_are_asked_side_by_side() -> None:
    """With a document the two questions run at the same time: neither is answered before both are asked."""
    both = asyncio.Barrier(2)

    class Together(Sources):
        async def _answer(self, source: str, record: object) -> AgencyAnswer:
            await both.wait()
            return await super()._answer(source, record)

    child = People(3).person()
    sources = Together.knowing([child])
    sources.passports["ID1234567"] = passport_of(child)
    form = await fill(sources, child.pin, series="ID", number="1234567")
    assert form.outcomes == {"ZAGS": Outcome.FOUND, "PASSPORT": Outcome.FOUND}
    assert form.value("passport_number") == "1234567"


@pytest.mark.parametrize("trouble", ["down", "slow", "absent"])
async def test_a_source_that_cannot_answer_is_unavailable_never_not_found(trouble: str) -> None:
    """Down, too slow or not connected: the form says SOURCE_UNAVAILABLE."""
    child = People(4).person()
    sources = Sources.knowing([child])
    sources.down = trouble == "down"
    sources.seconds = 5.0 if trouble == "slow" else 0.0
    agencies = Agencies() if trouble == "absent" else sources.agencies()
    form = await autofill(agencies, Question(pin=child.pin), CONTEXT, deadline_seconds=0.1)
    assert form.outcomes == {"ZAGS": Outcome.UNAVAILABLE}
    assert {each.status for each in form.fields} == {VerificationStatus.SOURCE_UNAVAILABLE}


async def test_a_pin_nobody_has_is_not_found() -> None:
    """A source that answers "nobody" is told apart from one that does not answer."""
    form = await fill(Sources(), People(5).person().pin)
    assert {each.status for each in form.fields} == {VerificationStatus.NOT_FOUND_AT_SOURCE}


@pytest.mark.parametrize("what", ["name", "birth date"])
async def test_a_strangers_pin_shows_nothing_of_the_stranger(what: str) -> None:
    """S-7: when the PIN's person contradicts what was typed, no value of that person leaves."""
    people = People(6)
    stranger = people.person(sex="M", given_name="Темирлан", birth_date=date(2018, 5, 4))
    typed = Record(given_name="Нурлан", birth_date=date(2018, 5, 4))
    if what == "birth date":
        typed = Record(given_name="Темирлан", birth_date=date(2012, 1, 9))
    form = await fill(Sources.knowing([stranger]), stranger.pin, typed=typed)
    assert form.warnings[0] == "PIN_NOT_THIS_PERSON"
    assert {each.value for each in form.fields} == {None}
    assert {each.status for each in form.fields} == {VerificationStatus.MISMATCH}


async def test_typed_names_that_agree_are_matched_and_a_slip_is_shown() -> None:
    """What was typed right is MATCHED_WITH_SOURCE, a slip of the hand MISMATCH beside the source's value."""
    child = People(7).person(sex="F", surname="Үсөнова", given_name="Гүлнара")
    typed = Record(
        surname="Усоноваа", given_name="Гулнара", birth_date=child.birth_date, patronymic="Асановна"
    )
    form = await fill(Sources.knowing([child]), child.pin, typed=typed)
    status = {each.name: each.status for each in form.fields}
    assert status["surname"] is VerificationStatus.MATCHED_WITH_SOURCE
    assert status["given_name"] is VerificationStatus.MATCHED_WITH_SOURCE
    assert status["birth_date"] is VerificationStatus.MATCHED_WITH_SOURCE


async def test_trouble_at_the_source_is_said_aloud() -> None:
    """A blocked PIN, a recorded death, a void and an expired passport are warnings."""
    child = People(8).person()
    sources = Sources(people={child.pin: person_record(child, pin_blocked=True, death_date=date(2026, 1, 1))})
    yesterday = today() - timedelta(days=1)
    sources.passports["ID1234567"] = passport_of(child, valid=False, expires_on=yesterday)
    form = await fill(sources, child.pin, series="ID", number="1234567")
    assert form.warnings == ("PIN_BLOCKED", "DEATH_RECORDED", "PASSPORT_VOID", "PASSPORT_EXPIRED")
