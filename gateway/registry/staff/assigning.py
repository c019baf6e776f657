"""Positions and teaching hours within an employment, and the limit on what one person holds in all."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.model import Person
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.repository import record_event
from gateway.registry.staff.cases import StaffQuestion, open_staff_case
from gateway.registry.staff.load_model import TeachingLoad
from gateway.registry.staff.model import Assignment, Employment
from gateway.registry.writing import write

FTE_LIMIT = Decimal("2.00")
LOAD_CASE = "FTE_OVERLOAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssignment:
    """A position within an employment, in full-time equivalents (0 < fte ≤ 2), from a day on."""

    employment_id: UUID
    position_code: str
    fte: Decimal
    from_on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """Hours a week of a subject in a class."""

    subject_code: str
    class_group_id: UUID
    hours_per_week: Decimal


async def assign(
    session: AsyncSession, new: NewAssignment, *, at: datetime, limit: Decimal = FTE_LIMIT
) -> UUID:
    """Record an assignment and give its id; a person who then holds more than the limit is a case for a person.

    Raises RegistryError where the employment does not cover it or the position is held already.
    """
    assignment_id = uuid4()
    await write(session, insert(Assignment).values(id=assignment_id, recorded_at=at, **asdict(new)))
    await record_event(session, "ASSIGNMENT_STARTED", assignment_id, at=at, subject_type="ASSIGNMENT")
    person_id = await session.scalar(select(Employment.person_id).where(Employment.id == new.employment_id))
    if person_id and await fte_of(session, person_id, on=new.from_on) > limit:
        question = StaffQuestion(
            kind=LOAD_CASE,
            person_id=person_id,
            explanation=f"one person holds more than {limit} full-time positions in all",
        )
        await open_staff_case(session, question, at=at)
    return assignment_id


async def fte_of(session: AsyncSession, person_id: UUID, *, on: date) -> Decimal:
    """Sum what a person holds on a day everywhere, merged entries counted as the one person they are."""
    root = select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id).scalar_subquery()
    total = await session.scalar(
        select(func.sum(Assignment.fte))
        .join(Employment, Employment.id == Assignment.employment_id)
        .join(Person, Person.id == Employment.person_id)
        .where(
            func.coalesce(Person.master_id, Person.id) == root,
            Assignment.from_on <= on,
            or_(Assignment.until_on.is_(None), Assignment.until_on > on),
        )
    )
    return total or Decimal(0)


async def teach(session: AsyncSession, assignment_id: UUID, teaching: Teaching, *, at: datetime) -> UUID:
    """Record the hours of a subject in a class; raises RegistryError for a class of another organisation."""
    same = await session.scalar(
        select(ClassGroup.id)
        .join(Employment, Employment.organisation_id == ClassGroup.organisation_id)
        .join(Assignment, Assignment.employment_id == Employment.id)
        .where(Assignment.id == assignment_id, ClassGroup.id == teaching.class_group_id)
    )
    if same is None:
        raise RegistryError("the class is not one of the organisation the assignment is at")
    load_id = uuid4()
    await write(
        session,
        insert(TeachingLoad).values(id=load_id, assignment_id=assignment_id, **asdict(teaching)),
    )
    await record_event(session, "TEACHING_LOAD_SET", assignment_id, at=at, subject_type="ASSIGNMENT")
    return load_id


async def end_assignment(session: AsyncSession, assignment_id: UUID, *, until_on: date, at: datetime) -> None:
    """End an assignment on the day before `until_on`; raises RegistryError when there is none running."""
    ended = await write(
        session,
        update(Assignment)
        .where(Assignment.id == assignment_id, Assignment.until_on.is_(None))
        .values(until_on=until_on)
        .returning(Assignment.id),
    )
    if ended.first() is None:
        raise RegistryError("there is no such assignment to end")
    await record_event(session, "ASSIGNMENT_ENDED", assignment_id, at=at, subject_type="ASSIGNMENT")
