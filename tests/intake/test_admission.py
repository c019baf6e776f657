"""Admission: match before create, one person per child, nobody refused, nothing twice."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
import pytest_asyncio

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.intake.admission import Result
from gateway.intake.cases import decide_case, list_cases
from gateway.registry.reading import enrolments, open_case, person_by_pin, registry_seq
from gateway.registry.values import VerificationStatus
from tests.intake.support import (
    POLICIES,
    Sources,
    add_schools,
    admit_one,
    application_of,
    count,
    evidence_of,
    jobs,
    provenance,
)
from tests.people import People


@pytest_asyncio.fixture
async def registry(database: Database) -> Database:
    await add_schools(database)
    return database


async def test_a_new_child_is_created_enrolled_and_left_to_be_checked(registry: Database) -> None:
    """A child nobody knows becomes one entry with an enrolment, and a job will ask the source about it."""
    child = People(1).person()
    admission = await admit_one(registry, application_of(child))
    assert admission.result is Result.CREATED
    assert admission.case_id is None
    assert await jobs(registry) == [str(admission.person_id)]
    async with registry.transaction() as session:
        entry = await person_by_pin(session, child.pin)
        places = await enrolments(session, admission.person_id)
    assert entry is not None
    assert (entry.isuo_no, entry.given_name, entry.identity) == (
        admission.isuo_no,
        child.given_name,
        "UNVERIFIED",
    )
    assert [(place.organisation.code, place.status_on(date(2026, 10, 1))) for place in places] == [
        ("SCHOOL-A", "ENROLLED")
    ]


async def test_evidence_verifies_at_once_and_leaves_no_job(registry: Database) -> None:
    """With the source's agreeing answer the identity is verified at once, spelled by the source."""
    child = People(2).person()
    sources = Sources.knowing([child])
    admission = await admit_one(registry, application_of(child), evidence=await evidence_of(sources, child))
    assert admission.result is Result.CREATED
    assert admission.verification is VerificationStatus.MATCHED_WITH_SOURCE
    assert await jobs(registry) == []
    shown = await provenance(registry, admission.person_id)
    assert shown["surname"] == ("ZAGS", "MATCHED_WITH_SOURCE")
    async with registry.transaction() as session:
        entry = await person_by_pin(session, child.pin)
    assert entry.identity == "VERIFIED"
    assert entry.surname == child.surname.upper()


@pytest.mark.requirement("D-4")
async def test_the_same_record_twice_changes_nothing(registry: Database) -> None:
    """A repeat of the same source record gives the same entry and enrolment, no event and no second job."""
    application = application_of(People(3).person())
    first = await admit_one(registry, application)
    async with registry.transaction() as session:
        before = (await registry_seq(session), await count(session, "from assertion"))
    again = await admit_one(registry, application)
    async with registry.transaction() as session:
        after = (await registry_seq(session), await count(session, "from assertion"))
    assert (again.result, again.person_id, again.enrolment_id) == (
        Result.UPDATED,
        first.person_id,
        first.enrolment_id,
    )
    assert before == after
    assert len(await jobs(registry)) == 1


async def test_a_correction_of_the_same_record_amends_the_entry(registry: Database) -> None:
    """A repeat that tells a value anew records it as a new assertion and shows it."""
    child = People(4).person()
    application = application_of(child)
    first = await admit_one(registry, application)
    await admit_one(registry, replace(application, surname="Жаңыбаева", grade="2"))
    async with registry.transaction() as session:
        entry = await person_by_pin(session, child.pin)
        places = await enrolments(session, first.person_id)
        told = await count(session, "from assertion where field = 'surname'")
    assert (entry.surname, told, places[0].grade, len(places)) == ("Жаңыбаева", 2, "2", 1)


async def test_another_person_under_a_known_key_goes_to_a_person(registry: Database) -> None:
    """A key that suddenly names somebody else changes nothing and opens a case."""
    people = People(5)
    child, stranger = people.person(sex="F"), people.person(sex="M")
    application = application_of(child)
    await admit_one(registry, application)
    key = application.source_record_key
    admission = await admit_one(registry, application_of(stranger, source_record_key=key))
    assert (admission.result, admission.reasons) == (Result.CASE, ("SOURCE_CONFLICT",))
    async with registry.transaction() as session:
        assert (await person_by_pin(session, child.pin)).surname == child.surname
        assert await person_by_pin(session, stranger.pin) is None


@pytest.mark.requirement("D-5", "R-021")
async def test_parallel_admissions_of_one_child_make_one_person(registry: Database) -> None:
    """Eight schools' clerks pressing the button at once for the same child leave one entry."""
    child = People(6).person()
    applications = [application_of(child) for _ in range(8)]
    admissions = await asyncio.gather(*(admit_one(registry, each) for each in applications))
    assert {each.person_id for each in admissions} == {admissions[0].person_id}
    assert sorted(each.result for each in admissions) == [Result.CREATED, *[Result.MATCHED] * 7]
    async with registry.transaction() as session:
        assert await count(session, "from person") == 1
        assert await count(session, "from enrolment") == 1


async def test_parallel_admissions_with_and_without_pin_do_not_both_create(registry: Database) -> None:
    """One application with a PIN and one without it, at the same moment and school, are the same child."""
    child = People(7).person()
    bare = application_of(child, pin=None, birth_certificate=None)
    admissions = await asyncio.gather(admit_one(registry, application_of(child)), admit_one(registry, bare))
    assert len({each.person_id for each in admissions}) == 1


async def test_a_child_without_pin_is_enrolled(registry: Database) -> None:
    """No PIN is a legal state: the child is created and enrolled, and nobody is asked in vain."""
    child = People(8).person()
    admission = await admit_one(registry, application_of(child, pin=None))
    assert admission.result is Result.CREATED
    assert admission.enrolment_id is not None
    assert admission.verification is VerificationStatus.UNVERIFIED
    assert await jobs(registry) == []


async def test_a_twin_is_another_person(registry: Database) -> None:
    """A twin at the same school, with a neighbouring PIN or none, becomes a second entry without a case."""
    people = People(9)
    child = people.person(given_name="Фатима", sex="F")
    await admit_one(registry, application_of(child))
    zuhra = replace(people.twin(child), given_name="Зухра")
    third = replace(people.twin(child), given_name="Айпери")
    with_pin = await admit_one(registry, application_of(zuhra))
    bare = await admit_one(registry, application_of(third, pin=None, birth_certificate=None))
    assert (with_pin.result, with_pin.case_id) == (Result.CREATED, None)
    assert (bare.result, bare.case_id) == (Result.CREATED, None)


async def test_a_second_school_without_pin_and_with_a_typo_opens_a_case_and_enrols(
    registry: Database,
) -> None:
    """S-5: a doubtful double is admitted as a provisional entry, and a case names the entry it may be."""
    child = People(10).person(given_name="Нурислам", sex="M", surname="Токтогулов")
    first = await admit_one(registry, application_of(child))
    doubtful = application_of(
        child, pin=None, birth_certificate=None, surname="Токтагулов", organisation_code="SCHOOL-B"
    )
    second = await admit_one(registry, doubtful)
    assert second.result is Result.CASE
    assert second.person_id != first.person_id
    assert second.enrolment_id is not None
    async with registry.transaction() as session:
        (case,) = await list_cases(session)
        assert await open_case(session, first.person_id)
    assert (case.case_id, case.kind) == (second.case_id, "DUP_LIKELY")
    assert [each.person_id for each in case.candidates] == [first.person_id]
    assert case.candidates[0].evidence


async def test_confirming_a_case_leaves_one_child_and_one_counted_place(registry: Database) -> None:
    """S-5: after confirm there is one child, and the second full-time place is held and asked about."""
    child = People(11).person(given_name="Нурислам", sex="M", surname="Токтогулов")
    first = await admit_one(registry, application_of(child))
    second = await admit_one(
        registry,
        application_of(
            child, pin=None, birth_certificate=None, surname="Токтагулов", organisation_code="SCHOOL-B"
        ),
    )
    async with registry.transaction() as session:
        state = await decide_case(session, second.case_id, "confirm", by="district.one", policies=POLICIES)
        places = await enrolments(session, first.person_id)
        kinds = [case.kind for case in await list_cases(session)]
    assert state == "CLOSED_APPLIED"
    assert sorted((place.organisation.code, place.held) for place in places) == [
        ("SCHOOL-A", False),
        ("SCHOOL-B", True),
    ]
    assert "DUP_ENROLMENT" in kinds
    async with registry.transaction() as session:
        assert await count(session, "from person where master_id is null") == 1


async def test_rejecting_a_case_keeps_two_people(registry: Database) -> None:
    """After reject both stay, and the pair is remembered as two people."""
    child = People(12).person(given_name="Нурислам", sex="M", surname="Токтогулов")
    await admit_one(registry, application_of(child))
    second = await admit_one(
        registry,
        application_of(
            child, pin=None, birth_certificate=None, surname="Токтагулов", organisation_code="SCHOOL-B"
        ),
    )
    async with registry.transaction() as session:
        await decide_case(session, second.case_id, "reject", by="district.one", policies=POLICIES)
        assert await count(session, "from person where master_id is null") == 2
        assert await count(session, "from person_link where kind = 'NOT_SAME'") == 1
        assert await list_cases(session) == ()


@pytest.mark.requirement("R-021")
async def test_a_second_full_time_school_links_the_same_person_and_holds_the_place(
    registry: Database,
) -> None:
    """The same child with the same PIN elsewhere is no second person: the second place is held."""
    child = People(13).person()
    first = await admit_one(registry, application_of(child))
    second = await admit_one(registry, application_of(child, organisation_code="SCHOOL-B"))
    assert (second.result, second.person_id) == (Result.MATCHED, first.person_id)
    assert second.reasons == ("DUP_ENROLMENT",)
    async with registry.transaction() as session:
        places = await enrolments(session, first.person_id)
        kinds = [case.kind for case in await list_cases(session)]
        (case,) = await list_cases(session)
    assert {place.organisation.code: place.held for place in places} == {"SCHOOL-A": False, "SCHOOL-B": True}
    assert kinds == ["DUP_ENROLMENT"]
    with pytest.raises(RegistryError, match="answered in the review"):
        async with registry.transaction() as session:
            await decide_case(session, case.case_id, "confirm", by="district.one", policies=POLICIES)
    async with registry.transaction() as session:
        assert [each.case_id for each in await list_cases(session)] == [case.case_id]


async def test_an_evening_school_beside_the_day_school_is_no_problem(registry: Database) -> None:
    """Only full-time places exclude each other."""
    child = People(14).person()
    await admit_one(registry, application_of(child))
    second = await admit_one(registry, application_of(child, organisation_code="SCHOOL-B", form="EVENING"))
    assert (second.result, second.case_id) == (Result.MATCHED, None)


async def test_a_pin_the_source_gives_to_somebody_else_is_disputed_and_nothing_of_him_is_stored(
    registry: Database,
) -> None:
    """S-7: the child is enrolled, the PIN is disputed, a case is open, the stranger's name is nowhere."""
    people = People(15)
    child = people.person(sex="M", birth_date=date(2018, 5, 4), given_name="Нурлан")
    stranger = people.person(sex="M", birth_date=date(2018, 5, 4), given_name="Темирлан", surname="Чокморов")
    sources = Sources.knowing([stranger])
    wrong = replace(child, pin=stranger.pin)
    admission = await admit_one(registry, application_of(wrong), evidence=await evidence_of(sources, wrong))
    assert (admission.result, admission.verification) == (Result.CASE, VerificationStatus.DISPUTED)
    assert "PIN_CONFLICT" in admission.reasons
    async with registry.transaction() as session:
        assert await person_by_pin(session, stranger.pin) is None
        assert await count(session, "from assertion where value::text ilike '%чокморов%'") == 0
        assert await count(session, "from enrolment") == 1


async def test_a_parents_pin_typed_for_the_child_opens_a_case(registry: Database) -> None:
    """A PIN that stands with another person is disputed on the newcomer, and the holder keeps it."""
    people = People(16)
    child = people.person(birth_date=date(2018, 5, 4))
    parent = people.parent(child)
    holder = await admit_one(registry, application_of(parent, form="EVENING"))
    wrong = replace(child, pin=parent.pin)
    admission = await admit_one(registry, application_of(wrong))
    assert (admission.result, admission.reasons[0]) == (Result.CASE, "PIN_CONFLICT")
    async with registry.transaction() as session:
        statuses = await count(session, "from person_identifier where scheme = 'PIN' and status = 'DISPUTED'")
        holders = await count(session, f"from person_identifier where person_id = '{holder.person_id}'")
    assert (statuses, holders) == (1, 2)


async def test_a_relatives_pin_on_a_known_childs_record_is_asked_about_and_not_kept(
    registry: Database,
) -> None:
    """The record is the known child's; the parent's PIN on it is left out of the entry, and a case asks about it."""
    people = People(17)
    child = people.person(birth_date=date(2018, 5, 4))
    parent = people.parent(child)
    known = await admit_one(registry, application_of(child))
    await admit_one(registry, application_of(parent, form="EVENING"))
    admission = await admit_one(registry, application_of(replace(child, pin=parent.pin)))
    assert (admission.result, admission.person_id) == (Result.MATCHED, known.person_id)
    assert "PIN_CONFLICT" in admission.reasons
    assert admission.case_id
    async with registry.transaction() as session:
        owned = await count(
            session, f"from person_identifier where person_id = '{known.person_id}' and scheme = 'PIN'"
        )
        open_ones = await count(session, "from review_case where kind = 'PIN_CONFLICT' and field = 'pin'")
        entry = await person_by_pin(session, child.pin)
    assert (owned, open_ones) == (1, 1)
    assert entry is not None
    assert entry.person_id == known.person_id


async def test_an_unknown_organisation_is_rejected_without_a_trace(registry: Database) -> None:
    """An application to an organisation nobody knows is refused with the reason, and nothing is written."""
    admission = await admit_one(registry, application_of(People(17).person(), organisation_code="NOWHERE"))
    assert (admission.result, admission.reasons) == (Result.REJECTED, ("ORGANISATION_UNKNOWN",))
    async with registry.transaction() as session:
        assert await count(session, "from person") == 0


async def test_a_rolled_back_admission_leaves_nothing(registry: Database) -> None:
    """An error after the admission takes everything back: entry, assertions, events, keys, job."""
    application = application_of(People(18).person())

    async def admit_and_fail() -> None:
        async with registry.transaction() as session:
            from gateway.intake.admission import admit

            await admit(session, application, policies=POLICIES, recorded_by="clerk.one")
            raise RuntimeError("the wire broke")

    with pytest.raises(RuntimeError, match="the wire broke"):
        await admit_and_fail()
    async with registry.transaction() as session:
        for table in ("person", "assertion", "registry_event", "match_key", "enrolment", "source_record"):
            assert await count(session, f"from {table}") == 0
    assert await jobs(registry) == []
