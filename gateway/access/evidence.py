"""What proves that somebody learns at a place, and that an adult may read about a child."""

from datetime import date
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access import reach
from gateway.access.errors import refused
from gateway.access.values import Grant, Role, ScopeType
from gateway.foundation.clock import today
from gateway.registry.model import Assertion, Person
from gateway.registry.values import ZAGS

RELATION_UNPROVED, OF_AGE = "RELATION_UNPROVED", 18


async def check_learner(session: AsyncSession, person_id: UUID | None, organisation_id: UUID | None) -> None:
    """Let somebody pass who learns at the organisation now; raises AccessError otherwise."""
    here = (Grant(role=Role.RESPONSIBLE, scope_type=ScopeType.ORGANISATION, organisation_id=organisation_id),)
    learns = reach.by_person(here, Person.id, own=None, on=today())
    found = await session.execute(select(exists().where(Person.id == person_id, learns)))
    if organisation_id is None or not found.scalar_one():
        raise refused(RELATION_UNPROVED)


async def check_child(
    session: AsyncSession,
    child_id: UUID | None,
    organisation_id: UUID | None,
    evidence: str | None,
    reference: str,
) -> date:
    """Let a parent pass whose child learns here, is a minor, and whose relation is evidenced; give the child's day.

    That is the day of coming of age, on which the right ends by itself.

    A birth act must be a verified answer of the civil registry about the child; a court's or a guardianship
    body's decision is named by its number. Raises AccessError (RELATION_UNPROVED).
    """
    await check_learner(session, child_id, organisation_id)
    child = await session.get(Person, child_id)
    of_age = of_age_on(child.birth_date) if child and child.birth_date else date.min
    proved = bool(reference.strip())
    if evidence == "BIRTH_ACT":
        proved = await _answered(session, child_id, reference)
    if today() >= of_age or not proved or evidence is None:
        raise refused(RELATION_UNPROVED)
    return of_age


def of_age_on(birth_date: date) -> date:
    """Give the day a child comes of age; of 29 February, the first of March."""
    try:
        return birth_date.replace(year=birth_date.year + OF_AGE)
    except ValueError:
        return date(birth_date.year + OF_AGE, 3, 1)


async def _answered(session: AsyncSession, child_id: UUID | None, reference: str) -> bool:
    try:
        exchange_id = UUID(reference)
    except ValueError:
        return False
    told = exists().where(
        Assertion.subject_id == child_id,
        Assertion.exchange_id == exchange_id,
        Assertion.source_code == ZAGS,
        Assertion.verified_at.is_not(None),
        Assertion.retracted_at.is_(None),
    )
    return bool((await session.execute(select(told))).scalar_one())
