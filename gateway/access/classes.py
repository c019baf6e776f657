"""Which classes are a teacher's: as the tables of classes say today, the same as the wall's access_classes()."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.access.model import Account
from gateway.access.values import Grant
from gateway.registry.model import Person
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.staff.load_model import TeachingLoad
from gateway.registry.staff.model import Assignment, Employment


async def taught_classes(
    session: AsyncSession, account_id: UUID, grant: Grant, *, on: date
) -> tuple[UUID, ...]:
    """Give the open classes of a teacher's grant: the one it names, and those taught at its organisation.

    Read it as the tables' owner: a teacher sees neither employments nor loads.
    """
    found = await session.execute(
        select(ClassGroup.id)
        .where(
            ClassGroup.organisation_id == grant.organisation_id,
            or_(ClassGroup.closed_on.is_(None), ClassGroup.closed_on > on),
            or_(ClassGroup.id == grant.class_id, _taught(account_id, on)),
        )
        .order_by(ClassGroup.id)
    )
    return tuple(found.scalars())


def _taught(account_id: UUID, on: date) -> ColumnElement[bool]:
    """Say that somebody is the class's teacher or teaches a subject in it, by work in force on a day."""
    worker, own = aliased(Person), aliased(Person)
    subjects = (
        select(TeachingLoad.id)
        .join(Assignment, Assignment.id == TeachingLoad.assignment_id)
        .where(
            Assignment.employment_id == Employment.id,
            TeachingLoad.class_group_id == ClassGroup.id,
            _lasts(Assignment.from_on, Assignment.until_on, on),
        )
    )
    return (
        select(Employment.id)
        .join(worker, worker.id == Employment.person_id)
        .join(own, func.coalesce(own.master_id, own.id) == func.coalesce(worker.master_id, worker.id))
        .join(Account, and_(Account.person_id == own.id, Account.id == account_id))
        .where(
            Employment.organisation_id == ClassGroup.organisation_id,
            _lasts(Employment.start_on, Employment.end_on, on),
            or_(Employment.id == ClassGroup.teacher_employment_id, subjects.exists()),
        )
        .correlate(ClassGroup)
        .exists()
    )


def _lasts(first: Any, until: Any, on: date) -> ColumnElement[bool]:
    return and_(first <= on, or_(until.is_(None), until > on))
