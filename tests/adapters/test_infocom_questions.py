"""Questions and answers of the adapter over real local HTTP."""

import asyncio
from dataclasses import replace

from lxml import etree

from adapters.infocom.dialect import PRODUCER
from gateway.intake.ports import Outcome, PersonRecord
from tests.adapters.bench import CONTEXT, Bench


def _record(person):
    return PersonRecord(surname=person.surname, given_name=person.given_name, birth_date=person.birth_date)


async def test_a_person_of_a_pin_comes_back_in_our_words(bench: Bench):
    """Sex, dates, citizenship and flags arrive in our coding, names in the source's own capitals."""
    child = bench.people.roles["child"]
    answer = await bench.agencies.civil_registry.person_by_pin(child.pin, context=CONTEXT)
    assert answer.outcome is Outcome.FOUND
    assert answer.source == "ZAGS"
    assert answer.exchange_id is not None
    assert answer.message_id
    assert answer.record == PersonRecord(
        pin=child.pin,
        surname=child.surname.upper(),
        given_name=child.given_name.upper(),
        patronymic=child.patronymic.upper(),
        sex="F",
        birth_date=child.birth_date,
        citizenship="KGZ",
        death_date=None,
        pin_blocked=False,
        pin_assigned_on=child.pin_assigned_on,
    )
    assert bench.asker.subjects == [child.pin]


async def test_everybody_of_the_population_is_found_with_their_own_sex_and_dates(bench: Bench):
    """No person of the population is turned down or changed by the mapping."""
    for person in bench.people.people[:60]:
        if person.pin:
            answer = await bench.agencies.civil_registry.person_by_pin(person.pin, context=CONTEXT)
            assert answer.outcome is Outcome.FOUND
            assert (answer.record.sex, answer.record.birth_date) == (person.sex, person.birth_date)
            assert answer.record.citizenship == person.citizenship


async def test_uulu_stays_in_the_surname_and_the_patronymic_is_none(bench: Bench):
    """An empty patronymic element is no patronymic, and УУЛУ stays where the source put it."""
    child = bench.people.roles["uulu_child"]
    answer = await bench.agencies.civil_registry.person_by_pin(child.pin, context=CONTEXT)
    assert b"<ts1:patronymic></ts1:patronymic>" in bench.asker.received[-1]
    assert answer.record.patronymic is None
    assert answer.record.surname == "ТҮМӨНБАЙ УУЛУ"


async def test_a_blocked_pin_and_a_death_are_told_not_hidden(bench: Bench):
    """A blocked PIN is FOUND and marked; a death has its date."""
    blocked, deceased = bench.people.roles["blocked"], bench.people.roles["deceased"]
    first = await bench.agencies.civil_registry.person_by_pin(blocked.pin, context=CONTEXT)
    second = await bench.agencies.civil_registry.person_by_pin(deceased.pin, context=CONTEXT)
    assert first.outcome is Outcome.FOUND
    assert first.record.pin_blocked is True
    assert second.record.death_date == deceased.death_date


async def test_a_pin_nobody_has_is_not_found(bench: Bench):
    """The provider's fault in the content about an unknown PIN is NOT_FOUND, with the provider's code."""
    answer = await bench.agencies.civil_registry.person_by_pin("10101190000000", context=CONTEXT)
    assert (answer.outcome, answer.record, answer.code) == (Outcome.NOT_FOUND, None, "404")
    assert answer.exchange_id is not None


async def test_what_is_no_pin_is_rejected_without_an_exchange(bench: Bench):
    """Fourteen digits are a PIN; anything else never leaves the house."""
    for wrong in ("", "123", "1010120201234X", "１0101202012345"):
        answer = await bench.agencies.civil_registry.person_by_pin(wrong, context=CONTEXT)
        assert answer.outcome is Outcome.REJECTED
        answer = await bench.agencies.civil_registry.birth_act(wrong, context=CONTEXT)
        assert answer.outcome is Outcome.REJECTED
    assert bench.asker.sent == []


async def test_one_pin_of_a_name_is_found(bench: Bench):
    """A name and birth date that one person has give that person's PIN; the question has no subject."""
    child = bench.people.roles["child"]
    answer = await bench.agencies.civil_registry.pins_by_name(_record(child), context=CONTEXT)
    assert (answer.outcome, answer.record) == (Outcome.FOUND, (child.pin,))
    assert bench.asker.subjects == [None]


async def test_namesakes_are_ambiguous_with_every_pin(bench: Bench):
    """Several PINs are AMBIGUOUS, and all of them are told."""
    first, second = bench.people.roles["namesake_1"], bench.people.roles["namesake_2"]
    answer = await bench.agencies.civil_registry.pins_by_name(_record(first), context=CONTEXT)
    assert answer.outcome is Outcome.AMBIGUOUS
    assert set(answer.record) == {first.pin, second.pin}


async def test_an_empty_list_of_pins_is_not_found(bench: Bench):
    """A name nobody has, and a child who has no PIN, are NOT_FOUND."""
    nobody = replace(_record(bench.people.roles["child"]), surname="Жокова")
    for person in (nobody, _record(bench.people.roles["foreign_child"])):
        answer = await bench.agencies.civil_registry.pins_by_name(person, context=CONTEXT)
        assert (answer.outcome, answer.record) == (Outcome.NOT_FOUND, None)


async def test_an_incomplete_name_is_rejected_without_an_exchange(bench: Bench):
    """Surname, given name and birth date are all needed to ask for PINs."""
    child = _record(bench.people.roles["child"])
    for lacking in ("surname", "given_name", "birth_date"):
        answer = await bench.agencies.civil_registry.pins_by_name(
            replace(child, **{lacking: None}), context=CONTEXT
        )
        assert answer.outcome is Outcome.REJECTED
    assert bench.asker.sent == []


async def test_a_birth_act_names_child_certificate_and_parents(bench: Bench):
    """The act's own vocabulary and dates turn into the same words as everybody else's."""
    roles = bench.people.roles
    child, act = roles["child"], roles["child"].birth_act
    answer = await bench.agencies.civil_registry.birth_act(child.pin, context=CONTEXT)
    record = answer.record
    assert answer.outcome is Outcome.FOUND
    assert (record.pin, record.sex, record.birth_date) == (child.pin, "F", child.birth_date)
    assert (record.act_number, record.act_date, record.act_body) == (act.number, act.made_on, act.body)
    assert (record.certificate_series, record.certificate_number) == ("КР-Х", act.certificate_number)
    assert record.birth_place == act.birth_place
    assert (record.mother.pin, record.father.pin) == (roles["mother"].pin, roles["father"].pin)
    assert record.mother.given_name == roles["mother"].given_name.upper()
    assert answer.notes == {
        "certificate_issued_on": act.made_on.isoformat(),
        "certificate_authority": act.body,
    }


async def test_an_adult_without_an_act_has_none(bench: Bench):
    """A PIN without a birth act in the civil registry is NOT_FOUND for the act."""
    answer = await bench.agencies.civil_registry.birth_act(bench.people.roles["adult"].pin, context=CONTEXT)
    assert answer.outcome is Outcome.NOT_FOUND


async def test_a_passport_tells_person_validity_and_address(bench: Bench):
    """The passport's Latin M and F, its dates and the parts of its address become our record."""
    adult = bench.people.roles["adult"]
    card = adult.passport
    answer = await bench.agencies.passports.passport(
        adult.pin, series=card.series, number=card.number, context=CONTEXT
    )
    record = answer.record
    assert (answer.outcome, answer.source) == (Outcome.FOUND, "PASSPORT")
    assert (record.pin, record.sex, record.birth_date) == (adult.pin, "F", adult.birth_date)
    assert (record.series, record.number) == (card.series, card.number)
    assert (record.issued_on, record.expires_on) == (card.issued_on, card.expires_on)
    assert record.valid is True
    assert record.citizenship is None
    parts = (adult.address.region, adult.address.locality, adult.address.street, adult.address.house)
    assert record.registered_address.startswith(", ".join(parts))


async def test_a_void_passport_is_found_and_not_valid(bench: Bench):
    """The agency's own word about validity is told with its reason."""
    person = bench.people.roles["void_passport"]
    card = person.passport
    answer = await bench.agencies.passports.passport(
        person.pin, series=card.series, number=card.number, context=CONTEXT
    )
    assert answer.outcome is Outcome.FOUND
    assert answer.record.valid is False
    assert answer.notes["void_reason"] == "УТЕРЯН"


async def test_look_alike_letters_of_a_series_are_asked_in_latin(bench: Bench):
    """A series typed in Cyrillic finds the passport it looks like."""
    person = next(one for one in bench.people.people if one.passport and one.passport.series == "AN")
    answer = await bench.agencies.passports.passport(
        person.pin, series="аN ", number=f" {person.passport.number}\u200b", context=CONTEXT
    )
    assert answer.outcome is Outcome.FOUND


async def test_somebody_elses_passport_is_not_found(bench: Bench):
    """PIN, series and number must belong together."""
    adult, other = bench.people.roles["adult"], bench.people.roles["void_passport"]
    answer = await bench.agencies.passports.passport(
        adult.pin, series=other.passport.series, number=other.passport.number, context=CONTEXT
    )
    assert answer.outcome is Outcome.NOT_FOUND


async def test_requests_are_qualified_and_self_contained(bench: Bench):
    """Every element of a request lies in the producer's namespace, spelled with its owner's mistake."""
    roles = bench.people.roles
    registry = bench.agencies.civil_registry
    await registry.person_by_pin(roles["child"].pin, context=CONTEXT)
    await registry.pins_by_name(_record(roles["uulu_child"]), context=CONTEXT)
    await registry.birth_act(roles["child"].pin, context=CONTEXT)
    for sent in bench.asker.sent:
        elements = list(etree.fromstring(sent).iter())
        assert {etree.QName(one).namespace for one in elements} == {PRODUCER}
        assert b"schemas.xmlsoap.org" not in sent
    assert PRODUCER == "http://tunduk-seccurity-infocom.x-road.fi/producer"


async def test_ethnicity_and_marital_status_never_reach_a_record(bench: Bench):
    """What the source tells too much is on the wire and nowhere in the answer."""
    adult = bench.people.roles["adult"]
    answer = await bench.agencies.civil_registry.person_by_pin(adult.pin, context=CONTEXT)
    assert "в браке" in bench.asker.received[-1].decode()
    assert adult.ethnicity in bench.asker.received[-1].decode()
    assert "в браке" not in repr(answer)
    assert adult.ethnicity not in repr(answer).casefold()
    assert answer.notes == {}


async def test_two_hundred_questions_at_once_keep_their_own_answers(bench: Bench):
    """Answers are never exchanged between questions, whichever service they go to."""
    children = [one for one in bench.people.people if one.birth_act and one.pin][:67]
    adults = [one for one in bench.people.people if one.passport][:67]
    registry, passports = bench.agencies.civil_registry, bench.agencies.passports
    asked = [
        *((one, registry.person_by_pin(one.pin, context=CONTEXT)) for one in children),
        *((one, registry.birth_act(one.pin, context=CONTEXT)) for one in children),
        *(
            (
                one,
                passports.passport(
                    one.pin, series=one.passport.series, number=one.passport.number, context=CONTEXT
                ),
            )
            for one in adults
        ),
    ]
    assert len(asked) >= 200
    answers = await asyncio.gather(*(question for _, question in asked))
    for (person, _), answer in zip(asked, answers, strict=True):
        assert answer.outcome is Outcome.FOUND
        assert (answer.record.pin, answer.record.surname) == (person.pin, person.surname.upper())
        assert answer.record.birth_date == person.birth_date
    assert len({answer.message_id for answer in answers}) == len(answers)
