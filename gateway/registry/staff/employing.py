"""Hire a person, and end an employment; both by what the organisation says, beside what the Social Fund says."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.staff.model import Assignment, Employment
from gateway.registry.staff.people import require_active
from gateway.registry.writing import write

SUBJECT = "EMPLOYMENT"
SocialFund = Literal["CONFIRMED", "NOT_FOUND", "ENDED", "UNAVAILABLE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmployment:
    """Who works where as what from which day; codes are those of the reference books."""

    person_id: UUID
    organisation_id: UUID
    position_code: str
    start_on: date
    kind_code: str = "MAIN"
    contract_no: str | None = None
    order_no: str | None = None


async def hire(session: AsyncSession, new: NewEmployment, *, provenance: Provenance) -> UUID:
    """Record an employment and give its id; the group of staff follows from the position.

    Raises RegistryError where the person already works there so, or the organisation is closed by then.
    """
    await require_active(session, new.person_id)
    employment_id = uuid4()
    values = asdict(new)
    await write(
        session,
        # the database puts the group in place of the empty text
        insert(Employment).values(
            id=employment_id, category_code="", recorded_at=provenance.recorded_at, **values
        ),
    )
    told = {name: values[name] for name in ("position_code", "kind_code", "start_on", "contract_no")}
    await _told(session, employment_id, told, event="EMPLOYMENT_STARTED", provenance=provenance)
    return employment_id


async def end_employment(
    session: AsyncSession, employment_id: UUID, *, end_on: date, reason_code: str, provenance: Provenance
) -> None:
    """End an employment: `end_on` is the first day that no longer counts. Its assignments end with it.

    Classes the person was teacher of are left without one. Raises RegistryError when there is none to end.
    """
    await write(
        session,
        update(Assignment)
        .where(
            Assignment.employment_id == employment_id,
            or_(Assignment.until_on.is_(None), Assignment.until_on > end_on),
        )
        .values(until_on=func.greatest(Assignment.from_on, end_on)),
    )
    ended = await write(
        session,
        update(Employment)
        .where(Employment.id == employment_id, Employment.end_on.is_(None))
        .values(end_on=end_on, end_reason_code=reason_code, version=Employment.version + 1)
        .returning(Employment.id),
    )
    if ended.first() is None:
        raise RegistryError("there is no such employment to end")
    await _release_classes(session, employment_id, end_on)
    told: dict[str, object] = {"end_on": end_on, "end_reason_code": reason_code}
    await _told(session, employment_id, told, event="EMPLOYMENT_ENDED", provenance=provenance)


async def note_social_fund(
    session: AsyncSession, employment_id: UUID, status: SocialFund, *, provenance: Provenance
) -> None:
    """Note what the Social Fund says of an employment; it is information and changes nothing by itself."""
    noted = await write(
        session,
        update(Employment)
        .where(Employment.id == employment_id)
        .values(social_fund_status=status, social_fund_checked_at=provenance.recorded_at)
        .returning(Employment.id),
    )
    if noted.first() is None:
        raise RegistryError("there is no such employment")
    told: dict[str, object] = {"social_fund_status": status}
    await _told(session, employment_id, told, event="EMPLOYMENT_CHECKED", provenance=provenance)


async def employments_overdue(session: AsyncSession, *, hired_before: date) -> tuple[UUID, ...]:
    """Give running employments begun before a day that the Social Fund does not know (60 days of grace, 4.4)."""
    found = await session.scalars(
        select(Employment.id)
        .where(
            Employment.start_on < hired_before,
            Employment.end_on.is_(None),
            Employment.social_fund_status == "NOT_FOUND",
        )
        .order_by(Employment.start_on, Employment.id)
    )
    return tuple(found)


async def _release_classes(session: AsyncSession, employment_id: UUID, day: date) -> None:
    await write(
        session,
        update(ClassGroup)
        .where(
            ClassGroup.teacher_employment_id == employment_id,
            or_(ClassGroup.closed_on.is_(None), ClassGroup.closed_on > day),
        )
        .values(teacher_employment_id=None, version=ClassGroup.version + 1),
    )


async def _told(
    session: AsyncSession,
    employment_id: UUID,
    told: dict[str, object],
    *,
    event: str,
    provenance: Provenance,
) -> None:
    await add_assertions(session, employment_id, told, provenance=provenance, subject_type=SUBJECT)
    at: datetime = provenance.recorded_at
    await record_event(session, event, employment_id, at=at, subject_type=SUBJECT)
