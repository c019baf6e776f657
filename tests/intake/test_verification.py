"""Checking a person against the sources, at once and in the background."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
import pytest_asyncio

from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.intake.cases import list_cases
from gateway.intake.ports import Agencies, Outcome
from gateway.intake.verification import Verification, verify_person
from gateway.registry.reading import person_by_id, person_by_pin
from gateway.registry.values import VerificationStatus
from tests.intake.support import (
    CONTEXT,
    POLICIES,
    Sources,
    add_schools,
    admit_one,
    application_of,
    count,
    person_record,
    provenance,
)
from tests.people import People, Person


@pytest_asyncio.fixture
async def registry(database: Database) -> Database:
    await add_schools(database)
    return database


async def admitted(registry: Database, seed: int) -> tuple[Person, UUID]:
    child = People(seed).person(birth_date=date(2018, 5, 4))
    return child, (await admit_one(registry, application_of(child))).person_id


async def verify(registry: Database, sources: Sources, person_id: UUID) -> Verification | None:
    return await verify_person(registry, sources.agencies(), person_id, policies=POLICIES, context=CONTEXT)


async def kinds(registry: Database) -> list[str]:
    async with registry.transaction() as session:
        return [case.kind for case in await list_cases(session)]


@pytest.mark.requirement("D-7")
async def test_the_worker_verifies_what_the_school_typed(registry: Database) -> None:
    """A source that agrees makes the PIN verified and every field carry the source and its exchange."""
    child, person_id = await admitted(registry, 1)
    verification = await verify(registry, Sources.knowing([child]), person_id)
    assert verification == Verification(status=VerificationStatus.MATCHED_WITH_SOURCE)
    assert (await provenance(registry, person_id))["given_name"] == ("ZAGS", "MATCHED_WITH_SOURCE")
    async with registry.transaction() as session:
        assert (await person_by_pin(session, child.pin)).identity == "VERIFIED"
        assert await count(session, "from assertion where source_code = 'ZAGS' and exchange_id is null") == 0


async def test_a_source_that_is_down_stays_visible_and_is_asked_again(registry: Database) -> None:
    """While the source is down the job fails for a retry, and the card says so, not "not found"."""
    child, person_id = await admitted(registry, 2)
    sources = Sources.knowing([child])
    sources.down = True
    with pytest.raises(AgencyUnavailable):
        await verify(registry, sources, person_id)
    assert (await provenance(registry, person_id))["pin"] == ("SCHOOL", "SOURCE_UNAVAILABLE")
    sources.down = False
    await verify(registry, sources, person_id)
    assert (await provenance(registry, person_id))["pin"] == ("ZAGS", "MATCHED_WITH_SOURCE")
    assert await kinds(registry) == []


async def test_without_a_connected_agency_the_job_is_retried(registry: Database) -> None:
    """No adapter is as good as a source that is down: nothing is called verified or missing."""
    _, person_id = await admitted(registry, 3)
    with pytest.raises(AgencyUnavailable):
        await verify_person(registry, Agencies(), person_id, policies=POLICIES, context=CONTEXT)


async def test_a_pin_the_source_does_not_know_opens_a_case_once(registry: Database) -> None:
    """NOT_FOUND is shown as such and asked about once, however often the check is repeated."""
    _, person_id = await admitted(registry, 4)
    for _ in range(3):
        await verify(registry, Sources(), person_id)
    assert (await provenance(registry, person_id))["pin"] == ("SCHOOL", "NOT_FOUND_AT_SOURCE")
    assert await kinds(registry) == ["PIN_NOT_FOUND"]


async def test_a_changed_surname_is_shown_from_the_source_and_asked_about(registry: Database) -> None:
    """The owner of a field prevails; a real difference, not one of spelling, is a person's to confirm."""
    child, person_id = await admitted(registry, 5)
    sources = Sources(people={child.pin: person_record(child, surname="БӨКӨНБАЕВА-ҮСӨНОВА")})
    await verify(registry, sources, person_id)
    assert (await provenance(registry, person_id))["surname"] == ("ZAGS", "MISMATCH")
    assert await kinds(registry) == ["SOURCE_CONFLICT"]
    async with registry.transaction() as session:
        assert (await person_by_id(session, person_id)).surname == "БӨКӨНБАЕВА-ҮСӨНОВА"


async def test_a_blocked_pin_is_no_longer_answered(registry: Database) -> None:
    """A blocked PIN leads to nobody and opens a case."""
    child, person_id = await admitted(registry, 6)
    sources = Sources(people={child.pin: person_record(child, pin_blocked=True)})
    await verify(registry, sources, person_id)
    assert await kinds(registry) == ["PIN_BLOCKED"]
    async with registry.transaction() as session:
        assert await person_by_pin(session, child.pin) is None


async def test_a_replaced_pin_is_followed(registry: Database) -> None:
    """When the source answers with a new PIN for the old one, the new is verified and the old ends."""
    people = People(7)
    child = people.person(birth_date=date(2018, 5, 4))
    person_id = (await admit_one(registry, application_of(child))).person_id
    new = people.pin(child.sex, child.birth_date)
    sources = Sources(people={child.pin: person_record(child, pin=new)})
    await verify(registry, sources, person_id)
    async with registry.transaction() as session:
        assert (await person_by_pin(session, new)).person_id == person_id
        assert await person_by_pin(session, child.pin) is None
    assert await kinds(registry) == []


async def test_a_death_is_believed_unless_school_began_after_it(registry: Database) -> None:
    """A death before the enrolment is a FALSE_DEATH question; one after it marks the entry."""
    child, person_id = await admitted(registry, 8)
    early = Sources(people={child.pin: person_record(child, death_date=date(2025, 1, 1))})
    await verify(registry, early, person_id)
    assert await kinds(registry) == ["FALSE_DEATH"]
    late = Sources(people={child.pin: person_record(child, death_date=date(2026, 11, 1))})
    await verify(registry, late, person_id)
    assert await kinds(registry) == ["FALSE_DEATH", "DEATH"]
    async with registry.transaction() as session:
        entry = await person_by_id(session, person_id)
    assert (entry.status, entry.death_date) == ("DECEASED", date(2026, 11, 1))


async def test_a_verified_pin_prevails_over_a_mere_claim(registry: Database) -> None:
    """The rightful owner's verified PIN takes it from an entry that only claimed it, and a case is open."""
    people = People(9)
    owner = people.person(sex="F", birth_date=date(2018, 5, 4), given_name="Айпери", surname="Исакова")
    claimant = replace(
        people.person(sex="F", birth_date=date(2018, 5, 4), given_name="Толгонай", surname="Чокморова"),
        pin=owner.pin,
    )
    await admit_one(registry, application_of(claimant))
    async with registry.transaction() as session:
        assert (await person_by_pin(session, owner.pin)).given_name == "Толгонай"
    second = await admit_one(registry, application_of(owner, organisation_code="SCHOOL-B"))
    async with registry.transaction() as session:
        assert await person_by_pin(session, owner.pin) is None
    await verify(registry, Sources.knowing([owner]), second.person_id)
    async with registry.transaction() as session:
        assert (await person_by_pin(session, owner.pin)).person_id == second.person_id
    assert "PIN_CONFLICT" in await kinds(registry)


async def test_one_exchange_is_recorded_once(registry: Database) -> None:
    """The same answer applied twice, as after a killed worker, adds no assertion."""
    from gateway.intake.verification import apply_evidence

    child, person_id = await admitted(registry, 10)
    answers = (await Sources.knowing([child]).person_by_pin(child.pin, context=CONTEXT),)
    told = []
    for _ in range(2):
        async with registry.transaction() as session:
            await apply_evidence(session, person_id, answers, POLICIES)
            told.append(await count(session, "from assertion"))
    assert told[0] == told[1]


async def test_a_denied_question_is_neither_down_nor_not_found(registry: Database) -> None:
    """An agency that refuses leaves the value unverified."""
    child, person_id = await admitted(registry, 11)
    sources = Sources.knowing([child])
    sources.outcome = Outcome.DENIED
    verification = await verify(registry, sources, person_id)
    assert verification.status is VerificationStatus.UNVERIFIED
