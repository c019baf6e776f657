"""Pairs to review: twins, one person entered twice, two with a doubtful PIN; all synthetic, all at A-SCHOOL."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text, update

from gateway.foundation.clock import day_of, utc_now
from gateway.intake.cases import CaseQuestion, open_case
from gateway.matching.decision import judge
from gateway.matching.record import Candidate
from gateway.registry.candidates import entry_record, population
from gateway.registry.case_tables import CaseWork
from gateway.registry.projection import project_person
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    add_enrolment,
    claim_identifier,
    create_person,
)
from gateway.registry.values import IdentifierStatus, Scheme
from tests.access.world import World
from tests.intake.support import POLICIES

BORN = date(2014, 3, 9)


async def _enter(world: World, session, *, pin: str, verified: bool, school: str, **names: object) -> UUID:
    at = utc_now()
    person_id = await create_person(session, at=at)
    told = {**names, "sex": names["sex"], "birth_date": names["birth_date"].isoformat()}
    provenance = Provenance(source="SCHOOL", recorded_at=at, entered_by="clerk")
    await add_assertions(session, person_id, told, provenance=provenance)
    status = IdentifierStatus.VERIFIED if verified else IdentifierStatus.CLAIMED
    if pin:
        await claim_identifier(session, person_id, Scheme.PIN, pin, status=status, at=at)
    await project_person(session, person_id, POLICIES, at=at)
    await add_enrolment(
        session, at=at, person_id=person_id, organisation_id=world.organisations[school], level="GENERAL",
        form="FULL_TIME", start_on=day_of(at), held=False,
    )  # fmt: skip
    return person_id


async def _ask(session, world: World, name: str, kind: str, one: UUID, other: UUID) -> None:
    records = [await entry_record(session, each) for each in (one, other)]
    opinion = judge(
        records[0], Candidate(person_id=other, record=records[1]), population=await population(session)
    )
    opinion = replace(
        opinion, judged=replace(opinion.judged, says=opinion.rule or "names and birth date are alike")
    )
    question = CaseQuestion(kind=kind, person_id=one, explanation="x", opinions=(opinion,))
    world.cases[name] = await open_case(session, question, at=utc_now())


async def add_pairs(world: World) -> None:
    """Open three cases and make one of them late."""
    async with world.database.transaction() as session:
        base = {"surname": "Токтогулова", "patronymic": "Бакытовна", "sex": "F", "birth_date": BORN}
        one = await _enter(
            world, session, pin="10903201400011", verified=True, school="A-SCHOOL", given_name="Айгүл", **base
        )
        two = await _enter(
            world,
            session,
            pin="10903201400021",
            verified=False,
            school="A-SCHOOL",
            given_name="Айнур",
            **base,
        )
        await _ask(session, world, "twins", "DUP_POSSIBLE", two, one)
        boy = {"sex": "M", "patronymic": "Нурланович", "given_name": "Эрлан"}
        one = await _enter(
            world, session, pin="20105201500031", verified=True, school="A-SCHOOL", surname="Үсөнов",
            birth_date=date(2015, 5, 1), **boy,
        )  # fmt: skip
        two = await _enter(
            world, session, pin="", verified=False, school="A-SCHOOL", surname="Усенов",
            birth_date=date(2015, 1, 5), **boy,
        )  # fmt: skip
        await _ask(session, world, "twice", "DUP_LIKELY", two, one)
        past = utc_now() - timedelta(hours=30)
        await session.execute(
            update(CaseWork).where(CaseWork.case_id == world.cases["twice"]).values(due_at=past)
        )
        assert (await session.execute(text("select count(*) from review_case"))).scalar_one() >= 2
