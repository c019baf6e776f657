"""What the tests of Section II share: schools, entries, orders in one line."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.registry.learners.journal import Given, Paper, give_order, open_enrolment
from gateway.registry.learners.orders import Kind
from gateway.registry.merges import Decided
from gateway.registry.projection import project_person
from gateway.registry.repository import (
    Provenance,
    add_assertions,
    claim_identifier,
    create_person,
    save_organisation,
)
from gateway.registry.splits import plan_split
from gateway.registry.splits import split as undo
from gateway.registry.values import IdentifierStatus, Scheme
from tests.intake.support import POLICIES
from tests.people import Person

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
PAPER = Paper(entered_by="clerk.one", order_no="17-к", order_on=date(2026, 8, 30))


def told_by(source: str, at: datetime = NOW, **given: object) -> Provenance:
    verified = at if source != "SCHOOL" else None
    return Provenance(source=source, recorded_at=at, verified_at=verified, **given)


async def entry_of(session: AsyncSession, someone: Person, *, at: datetime = NOW) -> UUID:
    person_id = await create_person(session, at=at)
    values = {
        "surname": someone.surname,
        "given_name": someone.given_name,
        "birth_date": someone.birth_date,
        "sex": someone.sex,
        "pin": someone.pin,
    }
    await add_assertions(session, person_id, values, provenance=told_by("SCHOOL", at))
    await claim_identifier(
        session, person_id, Scheme.PIN, someone.pin, status=IdentifierStatus.CLAIMED, at=at
    )
    await project_person(session, person_id, POLICIES, at=at)
    return person_id


async def schools(database: Database, count: int = 2) -> list[UUID]:
    async with database.transaction() as session:
        return [
            await save_organisation(session, code=f"S-{n}", name_ky=f"{n}-мектеп", name_ru=f"Школа {n}")
            for n in range(1, count + 1)
        ]


def given(kind: Kind, on: date, **values: object) -> Given:
    return Given(kind=kind, effective_on=on, paper=values.pop("paper", PAPER), **values)


async def enrol(session: AsyncSession, person_id: UUID, school: UUID, on: date, **values: object) -> UUID:
    opening = given(Kind.ENROL, on, grade=values.pop("grade", "1"))
    plain = {"person_id": person_id, "organisation_id": school, "level": "GENERAL", "form": "FULL_TIME"}
    return await open_enrolment(session, opening, at=values.pop("at", NOW), **{**plain, **values})


async def order(session: AsyncSession, enrolment_id: UUID, kind: Kind, on: date, **values: object) -> UUID:
    at = values.pop("at", NOW)
    return await give_order(session, enrolment_id, given(kind, on, **values), at=at)


async def split(session: AsyncSession, absorbed_id: UUID, *, at: datetime) -> None:
    """Undo a merge; what was typed by hand since stays where it was typed."""
    plan = await plan_split(session, absorbed_id)
    decided = Decided(by="district.two", at=at)
    await undo(
        session,
        absorbed_id,
        decided=decided,
        reason="by mistake",
        policies=POLICIES,
        belongs=plan.as_recorded(),
    )
