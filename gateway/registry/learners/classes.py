"""Learners in classes: placed, moved, taken out; the database keeps each within the enrolment and the class (R-035)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.class_tables import CLASS_LEARNER, ClassMembership
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.repository import record_event
from gateway.registry.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassLearner:
    """A learner of a class by name, since when; nothing of the card besides."""

    enrolment_id: UUID
    person_id: UUID
    isuo_no: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    from_on: date
    until_on: date | None


async def place_in_class(
    session: AsyncSession, enrolment_id: UUID, class_id: UUID, *, from_on: date, by: str, at: datetime
) -> UUID:
    """Put a learner into a class from a day on and give the membership's id.

    Another class of the same place (a teaching class; a group of extended day) is left on that day. Raises
    RegistryError where the class is another organisation's, full, or either does not last that day.
    """
    await _leave_same_place(session, enrolment_id, class_id, from_on)
    membership_id = uuid4()
    await write(
        session,
        insert(ClassMembership).values(
            id=membership_id,
            enrolment_id=enrolment_id,
            class_group_id=class_id,
            place="",  # the database tells it from the kind of the class
            from_on=from_on,
            until_on=await _lasts_until(session, class_id),
            recorded_at=at,
            recorded_by=by,
        ),
    )
    await record_event(session, "PLACED_IN_CLASS", class_id, at=at, subject_type="CLASS_GROUP")
    return membership_id


async def take_out_of_class(
    session: AsyncSession, enrolment_id: UUID, class_id: UUID, *, until_on: date, at: datetime
) -> None:
    """End a learner's time in a class: `until_on` is the first day that no longer counts; raises RegistryError."""
    ended = await write(
        session,
        update(ClassMembership)
        .where(
            ClassMembership.enrolment_id == enrolment_id,
            ClassMembership.class_group_id == class_id,
            ClassMembership.from_on <= until_on,
            or_(ClassMembership.until_on.is_(None), ClassMembership.until_on > until_on),
        )
        .values(until_on=until_on)
        .returning(ClassMembership.id),
    )
    if ended.first() is None:
        raise RegistryError("the learner is not in this class on that day")
    await record_event(session, "TAKEN_OUT_OF_CLASS", class_id, at=at, subject_type="CLASS_GROUP")


async def class_learners(session: AsyncSession, class_id: UUID, *, on: date) -> tuple[ClassLearner, ...]:
    """Read who is in a class on a day by name, as far as the session may see it."""
    view = CLASS_LEARNER.c
    found = await session.execute(
        select(*(view[name] for name in ClassLearner.__dataclass_fields__))
        .where(
            view.class_group_id == class_id,
            view.from_on <= on,
            or_(view.until_on.is_(None), view.until_on > on),
        )
        .order_by(view.surname, view.given_name, view.isuo_no)
    )
    return tuple(ClassLearner(**row) for row in found.mappings())


async def classes_of(session: AsyncSession, enrolments: Iterable[UUID], *, on: date) -> dict[UUID, UUID]:
    """Give the teaching class of each of these enrolments on a day, where there is one."""
    found = await session.execute(
        select(ClassMembership.enrolment_id, ClassMembership.class_group_id).where(
            ClassMembership.enrolment_id.in_(list(enrolments)),
            ClassMembership.place == "STUDY",
            ClassMembership.from_on <= on,
            or_(ClassMembership.until_on.is_(None), ClassMembership.until_on > on),
        )
    )
    return {row[0]: row[1] for row in found}


async def _leave_same_place(session: AsyncSession, enrolment_id: UUID, class_id: UUID, on: date) -> None:
    place = await session.scalar(
        select(func.class_place(ClassGroup.kind_code)).where(ClassGroup.id == class_id)
    )
    if place is None:
        raise InputRefused((("class_id", "CLASS_UNKNOWN"),))
    await write(
        session,
        update(ClassMembership)
        .where(
            ClassMembership.enrolment_id == enrolment_id,
            ClassMembership.place == place,
            ClassMembership.from_on < on,
            or_(ClassMembership.until_on.is_(None), ClassMembership.until_on > on),
        )
        .values(until_on=on),
    )


async def _lasts_until(session: AsyncSession, class_id: UUID) -> date | None:
    """Give the day a class ends on: a class that is closed already keeps nobody longer."""
    closed: date | None = await session.scalar(select(ClassGroup.closed_on).where(ClassGroup.id == class_id))
    return closed
