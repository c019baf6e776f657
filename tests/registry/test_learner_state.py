"""One SELECT for a learner's state gives what the four plain questions give, for everybody and at any time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.registry.entries import LearnerState
from gateway.registry.learner_state import learner_state_by_number, learner_state_by_pin
from gateway.registry.merges import Decided, merge
from gateway.registry.model import EnrolmentStatusPeriod, Person, PersonIdentifier, ReviewCase
from gateway.registry.projection import project_person
from gateway.registry.reading import enrolments, open_case, person_by_number, person_by_pin, registry_seq
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    add_enrolment,
    claim_identifier,
    create_person,
    save_organisation,
)
from gateway.registry.values import IdentifierStatus, Scheme
from tests.intake.support import POLICIES
from tests.people import People
from tests.people import Person as Someone

NOW = datetime(2026, 9, 1, tzinfo=UTC)
SCHOOL = Provenance(source="SCHOOL", recorded_at=NOW)
ZAGS = Provenance(source="ZAGS", recorded_at=NOW, verified_at=NOW)
CLAIMED, VERIFIED = IdentifierStatus.CLAIMED, IdentifierStatus.VERIFIED
Furnish = Callable[[AsyncSession, Someone, UUID], Awaitable[object]]


async def entry(
    session: AsyncSession, someone: Someone, *, status: IdentifierStatus = CLAIMED, told: Provenance = SCHOOL
) -> UUID:
    person_id = await create_person(session, at=NOW)
    values = {"surname": someone.surname, "given_name": someone.given_name, "birth_date": someone.birth_date}
    await add_assertions(session, person_id, {**values, "pin": someone.pin}, provenance=told)
    await claim_identifier(session, person_id, Scheme.PIN, someone.pin, status=status, at=NOW)
    await project_person(session, person_id, POLICIES, at=NOW)
    return person_id


async def enrol(session: AsyncSession, person_id: UUID, school: UUID, start: date, **values: object) -> UUID:
    plain = {"organisation_id": school, "level": "GENERAL", "form": "EVENING", "start_on": start}
    return await add_enrolment(session, at=NOW, person_id=person_id, **plain | values)


async def open_one(session: AsyncSession, person_id: UUID, state: str) -> None:
    values = {"evidence": {}, "explanation": "x", "created_at": NOW, "subject_ids": [person_id]}
    await session.execute(
        insert(ReviewCase).values(id=uuid4(), kind=state, state=state, person_id=person_id, **values)
    )


async def nobody(session: AsyncSession, someone: Someone, school: UUID) -> None:
    """A PIN nobody has."""


async def plain(session: AsyncSession, someone: Someone, school: UUID) -> None:
    await entry(session, someone)


async def verified_with_places(session: AsyncSession, someone: Someone, school: UUID) -> None:
    person_id = await entry(session, someone, status=VERIFIED, told=ZAGS)
    first = await enrol(session, person_id, school, date(2020, 9, 1), end_on=date(2024, 6, 1))
    await session.execute(
        update(EnrolmentStatusPeriod)
        .where(EnrolmentStatusPeriod.enrolment_id == first)
        .values(until_on=date(2021, 1, 1))
    )
    for status, start, end in (
        ("ACADEMIC_LEAVE", date(2021, 1, 1), date(2022, 1, 1)),
        ("PRESENT", date(2022, 1, 1), date(2024, 6, 1)),
    ):
        await session.execute(
            insert(EnrolmentStatusPeriod).values(
                id=uuid4(), enrolment_id=first, status=status, from_on=start, until_on=end
            )
        )
    await enrol(session, person_id, school, date(2024, 9, 1), held=True, grade="5а")
    await enrol(session, person_id, school, date(2024, 9, 1))


async def claimed_by_two(session: AsyncSession, someone: Someone, school: UUID) -> None:
    for _ in range(2):
        await enrol(session, await entry(session, someone), school, date(2026, 9, 1))


async def verified_against_a_claim(session: AsyncSession, someone: Someone, school: UUID) -> None:
    await enrol(session, await entry(session, someone), school, date(2025, 9, 1))
    await enrol(session, await entry(session, someone, status=VERIFIED), school, date(2026, 9, 1))


async def merged_with_the_same_pin(session: AsyncSession, someone: Someone, school: UUID) -> None:
    """Both entries claim the PIN: after the merge it leads twice to one master."""
    one, two = await entry(session, someone), await entry(session, someone)
    await enrol(session, one, school, date(2025, 9, 1))
    await enrol(session, two, school, date(2026, 9, 1))
    await merge(session, one, two, decided=Decided(by="x", at=NOW), policies=POLICIES)


async def blocked(session: AsyncSession, someone: Someone, school: UUID) -> None:
    await entry(session, someone)
    await session.execute(
        update(PersonIdentifier)
        .where(PersonIdentifier.value == someone.pin)
        .values(status=IdentifierStatus.BLOCKED)
    )


async def given_back(session: AsyncSession, someone: Someone, school: UUID) -> None:
    await entry(session, someone)
    await session.execute(
        update(PersonIdentifier)
        .where(PersonIdentifier.value == someone.pin)
        .values(valid_until=date(2026, 1, 1))
    )


async def annulled(session: AsyncSession, someone: Someone, school: UUID) -> None:
    person_id = await entry(session, someone)
    await session.execute(update(Person).where(Person.id == person_id).values(status="ANNULLED"))


async def with_open_case(session: AsyncSession, someone: Someone, school: UUID) -> None:
    await open_one(session, await entry(session, someone), "IN_REVIEW")


async def with_closed_cases(session: AsyncSession, someone: Someone, school: UUID) -> None:
    person_id = await entry(session, someone)
    for state in ("CLOSED_APPLIED", "AUTO_RESOLVED"):
        await open_one(session, person_id, state)


STORIES: tuple[Furnish, ...] = (
    nobody, plain, verified_with_places, claimed_by_two, verified_against_a_claim, merged_with_the_same_pin,
    blocked, given_back, annulled, with_open_case, with_closed_cases,
)  # fmt: skip


async def furnish(database: Database) -> list[Someone]:
    """One registry in which every story happened to somebody."""
    people, found = People(21), []
    async with database.transaction() as session:
        school = await save_organisation(session, code="S-1", name_ky="Мектеп", name_ru="Школа")
        for story in STORIES:
            found.append(people.person())
            await story(session, found[-1], school)
    return found


async def plainly_by_pin(database: Database, pin: str) -> LearnerState:
    async with database.transaction() as session:
        person = await person_by_pin(session, pin)
        seq = await registry_seq(session)
        if person is None:
            return LearnerState(registry_seq=seq)
        return LearnerState(
            registry_seq=seq,
            person=person,
            enrolments=await enrolments(session, person.person_id),
            open_case=await open_case(session, person.person_id),
        )


async def test_one_select_gives_what_four_questions_give(database: Database) -> None:
    """For claimed, disputed, merged, blocked and annulled entries alike, with any places and cases."""
    people = await furnish(database)
    for story, someone in zip(STORIES, people, strict=True):
        expected = await plainly_by_pin(database, someone.pin)
        assert await learner_state_by_pin(database, someone.pin) == expected, story.__name__
    kinds = [await plainly_by_pin(database, someone.pin) for someone in people]
    assert sum(state.person is None for state in kinds) == 5
    assert max(len(state.enrolments) for state in kinds) == 3
    assert sum(state.open_case for state in kinds) == 1


async def test_many_at_once_get_their_own_answers(database: Database) -> None:
    """What is asked at the same time goes in one SELECT, and nobody gets another's person."""
    people = await furnish(database)
    expected = {someone.pin: await plainly_by_pin(database, someone.pin) for someone in people}
    asked = [someone.pin for someone in people] * 30
    answers = await asyncio.gather(*(learner_state_by_pin(database, pin) for pin in asked))
    assert [answer == expected[pin] for pin, answer in zip(asked, answers, strict=True)] == [True] * len(
        asked
    )


async def test_a_permanent_number_leads_to_the_same_state(database: Database) -> None:
    """By number the state is that of the entry or its master; an unknown or empty number is nobody's."""
    people = await furnish(database)
    async with database.transaction() as session:
        numbers = (await session.execute(text("select isuo_no from person order by isuo_no"))).scalars().all()
        entries = {number: await person_by_number(session, number) for number in numbers}
    assert len(numbers) > len(people)
    for number, person in entries.items():
        state = await learner_state_by_number(database, number)
        assert state.person == person
        async with database.transaction() as session:
            assert state.enrolments == await enrolments(session, person.person_id)
            assert state.open_case == await open_case(session, person.person_id)
    for number in ("", "00000000000X"):
        state = await learner_state_by_number(database, number)
        assert (state.person, state.registry_seq > 0) == (None, True)
