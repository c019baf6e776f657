"""What a decision's reach holds: one learner, one organisation, one employment; all else is as if not there."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.decide import Decision
from gateway.access.errors import not_found
from gateway.registry.model import Organisation, Person
from gateway.registry.reading import person_by_number
from gateway.registry.staff.model import Employment


async def sees_person(session: AsyncSession, right: Decision, person_id: UUID) -> bool:
    """Tell whether a person is within a right's reach."""
    found = await session.execute(select(exists().where(Person.id == person_id, right.by_person(Person.id))))
    return bool(found.scalar_one())


async def learner_within(session: AsyncSession, right: Decision, isuo_no: str) -> UUID:
    """Find a learner within reach by number; raises AccessError alike for a missing one and for another's."""
    entry = await person_by_number(session, isuo_no)
    if entry is None or not await sees_person(session, right, entry.person_id):
        raise not_found()
    return entry.person_id


async def organisation_within(
    session: AsyncSession, right: Decision, code: str, *, lock: bool = False
) -> Organisation:
    """Find an organisation within reach; raises AccessError alike for a missing one and for another's."""
    statement = select(Organisation).where(Organisation.code == code, right.by_organisation(Organisation.id))
    if lock:
        statement = statement.with_for_update()
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


async def holds_place(session: AsyncSession, right: Decision, code: str) -> bool:
    """Tell whether an organisation of this code is within reach."""
    within = right.by_organisation(Organisation.id)
    found = await session.execute(select(exists().where(Organisation.code == code, within)))
    return bool(found.scalar_one())


async def employee_within(
    session: AsyncSession, right: Decision, employment_id: UUID, *, within: ColumnElement[bool]
) -> tuple[UUID, str]:
    """Find who works in an employment that lasts, and the organisation's code; `within` narrows Employment.

    Raises AccessError alike for a missing one and for another's.
    """
    found = await session.execute(
        select(Employment.person_id, Organisation.code)
        .join(Organisation, Organisation.id == Employment.organisation_id)
        .where(
            Employment.id == employment_id,
            within,
            Employment.end_on.is_(None) | (Employment.end_on > right.on),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise not_found()
    return row.person_id, row.code


async def employment_version(session: AsyncSession, right: Decision, employment_id: UUID) -> int:
    """Lock an employment within reach and give its version; raises AccessError."""
    found = await session.execute(
        select(Employment.version).where(Employment.id == employment_id, right.filter).with_for_update()
    )
    version = found.scalar_one_or_none()
    if version is None:
        raise not_found()
    return version
