"""What happens to people, from the first school to the last agency: cases, merges, twins, numbers, deaths."""

from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import insert, text

from gateway.disclosure.corrections import corrections, examine_changes
from gateway.disclosure.model import Disclosure
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.intake.admission import Result
from gateway.intake.case_desk import Actor
from gateway.intake.case_states import Step
from gateway.intake.case_undo import propose_undo, undo
from gateway.intake.case_work import Proposal, approve, assign_case, propose, take_step
from gateway.intake.cases import CaseQuestion, decide_case, list_cases, open_duplicate
from gateway.intake.ports import PersonRecord
from gateway.intake.verification import verify_person
from gateway.registry.candidates import find_candidates
from gateway.registry.card import PersonCard, person_card
from gateway.registry.learners.journal import give_order
from gateway.registry.learners.orders import Kind
from gateway.registry.projection import project_person
from gateway.registry.reading import enrolments, person_by_id, person_by_pin
from gateway.registry.repository import add_assertions
from tests.intake.support import (
    CONTEXT,
    POLICIES,
    Sources,
    add_schools,
    admit_one,
    application_of,
    count,
    evidence_of,
    person_record,
)
from tests.people import People, Person
from tests.registry.learners.support import given, told_by

CLERK = Actor(reference="clerk.one", role="RESPONSIBLE")
HEAD = Actor(reference="head.one", role="HEAD")
DISTRICT = Actor(reference="district.one", role="DISTRICT")
MERGE = Proposal(answer="merge")


@pytest_asyncio.fixture
async def registry(database: Database) -> Database:
    await add_schools(database)
    return database


async def open_cases(registry: Database) -> dict[str, UUID]:
    async with registry.transaction() as session:
        return {case.kind: case.case_id for case in await list_cases(session)}


async def card_of(registry: Database, person_id: UUID) -> PersonCard:
    async with registry.transaction() as session:
        entry = await person_by_id(session, person_id)
        return await person_card(session, entry.isuo_no, at=utc_now())


async def counted(registry: Database) -> int:
    """Give the contingent: people with a full-time place that counts."""
    async with registry.transaction() as session:
        return await count(
            session,
            "from (select distinct coalesce(p.master_id, p.id) from enrolment e"
            " join person p on p.id = e.person_id where not e.held) one",
        )


async def answered(registry: Database, case_id: UUID, proposal: Proposal, *, second: Actor = HEAD) -> str:
    """Let two people answer a case from the beginning."""
    async with registry.transaction() as session:
        await assign_case(session, case_id, to="x", actor=DISTRICT, reason="x")
        await take_step(session, case_id, Step.OPEN, actor=DISTRICT, reason="x")
        await propose(session, case_id, proposal, actor=DISTRICT, reason="x")
    async with registry.transaction() as session:
        return await approve(session, case_id, actor=second, reason="x", policies=POLICIES)


async def undone(registry: Database, case_id: UUID) -> None:
    async with registry.transaction() as session:
        await propose_undo(session, case_id, actor=HEAD, reason="two children")
    async with registry.transaction() as session:
        await undo(session, case_id, actor=DISTRICT, reason="two children", policies=POLICIES)
        await examine_changes(session, at=utc_now())


async def verified(registry: Database, sources: Sources, person_id: UUID) -> None:
    await verify_person(registry, sources.agencies(), person_id, policies=POLICIES, context=CONTEXT)


async def admitted_and_verified(
    registry: Database, person: Person, **changed: object
) -> tuple[UUID, Sources]:
    sources = Sources.knowing([person])
    admission = await admit_one(
        registry, application_of(person, **changed), evidence=await evidence_of(sources, person)
    )
    return admission.person_id, sources


def known(sources: Sources, person: Person, **changed: object) -> PersonRecord:
    """Let the civil registry know something else of a person from now on."""
    sources.people[person.pin] = person_record(person, **changed)
    return sources.people[person.pin]


async def test_a_new_name_leaves_the_old_one_to_be_found_by(registry: Database) -> None:
    """S-3: a name changed by an act holds from its day, the old one still finds the person, no case is opened."""
    person = People(31).person(sex="F", surname="Асанова", birth_date=date(2012, 5, 5))
    person_id, _ = await admitted_and_verified(registry, person)
    act = date(2026, 9, 20)
    async with registry.transaction() as session:
        told = replace(told_by("ZAGS", utc_now()), valid_from=act, document_on=act)
        await add_assertions(session, person_id, {"surname": "БАКЫТОВА"}, provenance=told)
        await project_person(session, person_id, POLICIES, at=utc_now())
    assert (await card_of(registry, person_id)).entry.surname == "БАКЫТОВА"
    former = application_of(person, pin=None, birth_certificate=None).record()
    async with registry.transaction() as session:
        found = await find_candidates(session, former)
    assert person_id in {each.person_id for each in found}
    assert await open_cases(registry) == {}


async def test_a_death_with_an_act_is_believed_and_closed_by_two(registry: Database) -> None:
    """S-4: the person is DECEASED at once, the case waits for the head, and nothing else is touched."""
    person = People(32).person(birth_date=date(2012, 5, 5))
    person_id, sources = await admitted_and_verified(registry, person)
    known(sources, person, death_date=date(2026, 10, 10))
    await verified(registry, sources, person_id)
    card = await card_of(registry, person_id)
    assert (card.entry.status, card.entry.death_date) == ("DECEASED", date(2026, 10, 10))
    case_id = (await open_cases(registry))["DEATH"]
    assert await answered(registry, case_id, Proposal(answer="accept")) == "CLOSED_APPLIED"


async def test_a_false_death_is_taken_back_whole(registry: Database) -> None:
    """S-4: a death that proves false is taken back by two people, and the card is what it was before."""
    person = People(33).person(birth_date=date(2012, 5, 5))
    person_id, sources = await admitted_and_verified(registry, person)
    before = await card_of(registry, person_id)
    known(sources, person, death_date=date(2026, 10, 10))
    await verified(registry, sources, person_id)
    case_id = (await open_cases(registry))["DEATH"]
    await answered(registry, case_id, Proposal(answer="revive"))
    after = await card_of(registry, person_id)
    assert (after.entry.status, after.entry.death_date) == ("ACTIVE", None)
    assert [(each.name, each.value) for each in after.fields] == [
        (each.name, each.value) for each in before.fields
    ]
    assert (after.identifiers, after.enrolments) == (before.identifiers, before.enrolments)


async def test_a_death_before_a_later_enrolment_is_not_believed(registry: Database) -> None:
    """S-4: with learning after the day of death nothing is frozen; the gravest case is opened."""
    person = People(34).person(birth_date=date(2012, 5, 5))
    person_id, sources = await admitted_and_verified(registry, person)
    known(sources, person, death_date=date(2026, 8, 1))
    await verified(registry, sources, person_id)
    card = await card_of(registry, person_id)
    assert (card.entry.status, card.entry.death_date) == ("ACTIVE", None)
    case_id = (await open_cases(registry))["FALSE_DEATH"]
    async with registry.transaction() as session:
        severity = text("select severity from case_work where case_id = :id")
        assert (await session.execute(severity, {"id": case_id})).scalar_one() == "A"


async def test_one_child_in_two_schools_counts_once_and_can_be_two_again(registry: Database) -> None:
    """S-5: the decision lowers the contingent by exactly one, keeps both histories, and its undo restores both."""
    child = People(10).person(given_name="Нурислам", sex="M", surname="Токтогулов")
    first = await admit_one(registry, application_of(child))
    bare = application_of(
        child, pin=None, birth_certificate=None, surname="Токтагулов", organisation_code="SCHOOL-B"
    )
    second = await admit_one(registry, bare)
    apart = [await card_of(registry, each.person_id) for each in (first, second)]
    assert await counted(registry) == 2
    await answered(registry, second.case_id, MERGE)
    assert await counted(registry) == 1
    together = await card_of(registry, first.person_id)
    assert together.also_known_as == (second.isuo_no,)
    assert {place.organisation.code: place.held for place in together.enrolments} == {
        "SCHOOL-A": False,
        "SCHOOL-B": True,
    }
    corrected = replace(bare, grade="2")
    await admit_one(registry, corrected)
    await undone(registry, second.case_id)
    assert await counted(registry) == 2
    one, two = [await card_of(registry, each.person_id) for each in (first, second)]
    assert one.enrolments == apart[0].enrolments
    assert [(place.organisation.code, place.grade, place.held) for place in two.enrolments] == [
        ("SCHOOL-B", "2", False)
    ]
    assert (one.identifiers, two.identifiers) == (apart[0].identifiers, apart[1].identifiers)
    assert (one.also_known_as, two.entry.isuo_no) == ((), second.isuo_no)
    assert await open_cases(registry) == {}


async def test_a_record_after_the_merge_goes_with_the_child_it_names(registry: Database) -> None:
    """S-5: a new record that names the absorbed child is kept with it, and leaves with it."""
    people = People(11)
    one, other = people.person(sex="M", given_name="Нурлан"), people.person(sex="M", given_name="Темирлан")
    first = (await admit_one(registry, application_of(one, form="EVENING"))).person_id
    second = (await admit_one(registry, application_of(other, form="EVENING"))).person_id
    async with registry.transaction() as session:
        question = CaseQuestion(kind="DUP_LIKELY", person_id=second, explanation="x", others=(first,))
        case_id = await open_duplicate(session, question, at=utc_now())
    await answered(registry, case_id, MERGE)
    later = await admit_one(registry, application_of(other, organisation_code="SCHOOL-C", form="EXTRAMURAL"))
    assert (later.result, later.person_id) == (Result.MATCHED, first)
    await undone(registry, case_id)
    places = [
        {place.organisation.code for place in (await card_of(registry, each)).enrolments}
        for each in (first, second)
    ]
    assert places == [{"SCHOOL-A"}, {"SCHOOL-A", "SCHOOL-C"}]


async def test_a_strangers_pin_is_disputed_until_two_people_have_looked(registry: Database) -> None:
    """S-7: the child is enrolled, nothing of the stranger is stored, and one person alone closes nothing."""
    people = People(15)
    child = people.person(sex="M", birth_date=date(2018, 5, 4), given_name="Нурлан")
    stranger = people.person(sex="M", birth_date=date(2018, 5, 4), given_name="Темирлан", surname="Чокморов")
    sources = Sources.knowing([stranger])
    wrong = replace(child, pin=stranger.pin)
    await admit_one(registry, application_of(wrong), evidence=await evidence_of(sources, wrong))
    case_id = (await open_cases(registry))["PIN_CONFLICT"]
    assert await answered(registry, case_id, Proposal(answer="accept")) == "CLOSED_APPLIED"
    async with registry.transaction() as session:
        assert await person_by_pin(session, stranger.pin) is None
        assert await count(session, "from assertion where value::text ilike '%чокморов%'") == 0


async def test_a_replaced_pin_is_followed_without_a_person(registry: Database) -> None:
    """S-11: the new number is verified, the old one stays as replaced, no case, and the new one finds the person."""
    people = People(35)
    person = people.person(sex="F", birth_date=date(2015, 3, 3))
    person_id, sources = await admitted_and_verified(registry, person)
    renewed = people.pin("F", date(2015, 3, 3))
    known(sources, person, pin=renewed)
    await verified(registry, sources, person_id)
    async with registry.transaction() as session:
        assert (await person_by_pin(session, renewed)).person_id == person_id
        assert await person_by_pin(session, person.pin) is None
        replaced = "from person_identifier where scheme = 'PIN' and status = 'REPLACED'"
        assert await count(session, replaced) == 1
    assert await open_cases(registry) == {}


async def test_a_transfer_is_no_double(registry: Database) -> None:
    """S-14: who left one school and begins at another counts throughout, and nobody is asked."""
    child = People(36).person()
    first = await admit_one(registry, application_of(child))
    async with registry.transaction() as session:
        left = given(Kind.TRANSFER_OUT, date(2026, 10, 1))
        await give_order(session, first.enrolment_id, left, at=utc_now())
    arriving = application_of(child, organisation_code="SCHOOL-B", start_on=date(2026, 10, 1))
    second = await admit_one(registry, arriving)
    assert (second.result, second.case_id) == (Result.MATCHED, None)
    async with registry.transaction() as session:
        assert not any(place.held for place in await enrolments(session, first.person_id))
    assert await open_cases(registry) == {}


async def test_twins_are_two_children_for_ever(registry: Database) -> None:
    """S-18: twins make no case; where a person was asked once and said no, nobody is asked again."""
    people = People(9)
    fatima = people.person(given_name="Фатима", sex="F")
    zuhra = replace(people.twin(fatima), given_name="Зухра")
    one = await admit_one(registry, application_of(fatima))
    other = await admit_one(registry, application_of(zuhra))
    assert (other.result, other.case_id) == (Result.CREATED, None)
    question = CaseQuestion(
        kind="DUP_POSSIBLE", person_id=other.person_id, explanation="x", others=(one.person_id,)
    )
    async with registry.transaction() as session:
        case_id = await open_duplicate(session, question, at=utc_now())
        await decide_case(session, case_id, "reject", by="district.one", policies=POLICIES)
    async with registry.transaction() as session:
        assert await open_duplicate(session, question, at=utc_now()) is None
    for twin, entry in ((fatima, one), (zuhra, other)):
        again = await admit_one(registry, application_of(twin, organisation_code="SCHOOL-B", form="EVENING"))
        assert (again.result, again.person_id) == (Result.MATCHED, entry.person_id)
    assert await open_cases(registry) == {}


async def test_sources_that_disagree_wait_for_two_people(registry: Database) -> None:
    """S-20: passport against civil registry without an act: the owner's word shows as a mismatch, two people decide."""
    person = People(37).person(sex="M", birth_date=date(2016, 3, 3), surname="Асанов")
    person_id, _ = await admitted_and_verified(registry, person)
    other = application_of(person, surname="Усупбеков", organisation_code="SCHOOL-B", form="EVENING")
    await admit_one(registry, other)
    card = await card_of(registry, person_id)
    surname = next(each for each in card.fields if each.name == "surname")
    assert (surname.value, surname.status) == ("АСАНОВ", "MISMATCH")
    case_id = (await open_cases(registry))["SOURCE_CONFLICT"]
    assert await answered(registry, case_id, Proposal(answer="accept")) == "CLOSED_APPLIED"


async def test_who_was_told_the_wrong_thing_is_known_after_an_undo(registry: Database) -> None:
    """S-21: after a wrong merge is undone, the answers given in between are marked, each with its agency and fields."""
    people = People(38)
    one, other = people.person(sex="M"), people.person(sex="F")
    first = (await admit_one(registry, application_of(one))).person_id
    second = (await admit_one(registry, application_of(other, organisation_code="SCHOOL-B"))).person_id
    async with registry.transaction() as session:
        question = CaseQuestion(kind="DUP_LIKELY", person_id=second, explanation="x", others=(first,))
        case_id = await open_duplicate(session, question, at=utc_now())
    await answered(registry, case_id, MERGE)
    told = uuid4()
    async with registry.transaction() as session:
        await session.execute(
            insert(Disclosure).values(
                disclosure_id=told,
                entry_id=uuid4(),
                person_id=first,
                client="central-server/GOV/70000003/settlements-service",
                service="getLearnerStatus/v1",
                agreement_no="SF-2026-01",
                purpose="SF_SURVIVOR",
                profile="A",
                fields=["studying", "level"],
                as_of_on=date(2026, 10, 1),
                registry_seq=1,
                answer_sha256=b"x",
                disclosed_at=utc_now(),
            )
        )
    await undone(registry, case_id)
    async with registry.transaction() as session:
        (marked,) = await corrections(session)
        assert (marked.disclosure_id, marked.reason) == (told, "UNMERGED")
        assert set(marked.fields) == {"studying", "level"}
        events = (
            await session.execute(text("select type from registry_event where type like '%MERGED'"))
        ).scalars()
        assert list(events) == ["MERGED", "UNMERGED"]
