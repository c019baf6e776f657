"""What was told wrongly is found again: after a merge is undone, after a value is taken back, and nothing else."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from gateway.disclosure.corrections import corrections, examine_changes, settle_correction
from gateway.disclosure.model import Disclosure
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.merges import Decided, merge
from gateway.registry.projection import project_person
from gateway.registry.repository import add_assertions
from gateway.registry.splits import plan_split, split
from gateway.registry.vital import take_back
from tests.intake.support import POLICIES
from tests.people import People
from tests.registry.learners.support import enrol, entry_of, schools, told_by

DAY = date(2026, 10, 1)


async def two(database: Database) -> tuple[UUID, UUID]:
    people, (school,) = People(3), await schools(database, 1)
    async with database.transaction() as session:
        one, other = [await entry_of(session, people.person(sex="F"), at=utc_now()) for _ in range(2)]
        await enrol(session, one, school, date(2026, 9, 1))
        return one, other


async def tell(database: Database, person_id: UUID, fields: Sequence[str]) -> UUID:
    """Note that an answer about an entry went out now."""
    disclosure_id = uuid4()
    async with database.transaction() as session:
        await session.execute(
            insert(Disclosure).values(
                disclosure_id=disclosure_id,
                entry_id=uuid4(),
                person_id=person_id,
                client="central-server/GOV/70000003/settlements-service",
                service="getLearnerStatus/v1",
                agreement_no="SF-2026-01",
                purpose="SF_SURVIVOR",
                profile="A",
                fields=list(fields),
                as_of_on=DAY,
                registry_seq=1,
                answer_sha256=b"x",
                disclosed_at=utc_now(),
            )
        )
    return disclosure_id


async def merged(database: Database, one: UUID, other: UUID) -> None:
    async with database.transaction() as session:
        await merge(session, one, other, decided=Decided(by="x", at=utc_now()), policies=POLICIES)


async def undone(database: Database, absorbed: UUID, *, at: datetime | None = None) -> int:
    async with database.transaction() as session:
        plan = await plan_split(session, absorbed)
        decided = Decided(by="y", at=at or utc_now())
        await split(
            session, absorbed, decided=decided, reason="x", policies=POLICIES, belongs=plan.as_recorded()
        )
        return await examine_changes(session, at=utc_now())


async def marked(database: Database) -> dict[UUID, tuple[str, ...]]:
    async with database.transaction() as session:
        return {each.disclosure_id: each.fields for each in await corrections(session)}


async def test_answers_given_while_two_were_one_are_marked(database: Database) -> None:
    """Of answers before, during and after a wrong merge those during it are marked, and only once."""
    one, other = await two(database)
    before = await tell(database, one, ["surname", "studying"])
    await merged(database, one, other)
    during = await tell(database, one, ["surname", "studying", "sex"])
    assert await undone(database, other) == 1
    after = await tell(database, one, ["surname", "studying"])
    found = await marked(database)
    assert found == {during: ("surname", "studying")}
    assert not {before, after} & set(found)
    async with database.transaction() as session:
        assert await examine_changes(session, at=utc_now()) == 0
        (one_marked,) = await corrections(session)
        assert (one_marked.reason, one_marked.client.split("/")[2]) == ("UNMERGED", "70000003")
        await settle_correction(session, one_marked.correction_id, "SENT", at=utc_now())
        assert await corrections(session) == ()
        with pytest.raises(RegistryError):
            await settle_correction(session, one_marked.correction_id, "LOST", at=utc_now())


async def test_an_answer_true_of_both_is_not_marked(database: Database) -> None:
    """What would have been told of either alone in the same words needs no correction."""
    one, other = await two(database)
    await merged(database, one, other)
    same = await tell(database, one, ["sex"])
    assert await undone(database, other) == 0
    assert same not in await marked(database)


async def test_an_answer_with_a_value_taken_back_is_marked(database: Database) -> None:
    """A wrong value that was shown marks the answers that carried its field; a value never shown marks none."""
    one, _ = await two(database)
    async with database.transaction() as session:
        await add_assertions(session, one, {"surname": "БАШКА"}, provenance=told_by("ZAGS", utc_now()))
        await add_assertions(session, one, {"surname": "Үчүнчү"}, provenance=told_by("SCHOOL", utc_now()))
        await project_person(session, one, POLICIES, at=utc_now())
    wrong = await tell(database, one, ["surname", "studying"])
    right = await tell(database, one, ["sex", "studying"])

    async def take(value: str) -> int:
        async with database.transaction() as session:
            statement = text("select id from assertion where value = cast(:value as jsonb)")
            found = (await session.execute(statement, {"value": f'"{value}"'})).scalar_one()
            await take_back(session, found, reason="another child", policies=POLICIES, at=utc_now())
            return await examine_changes(session, at=utc_now())

    assert await take("Үчүнчү") == 0
    assert await take("БАШКА") == 1
    found = await marked(database)
    assert found == {wrong: ("surname",)}
    assert right not in found
