"""Leaves of staff: given and ended by order, each within one employment, never two at once."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.repository import record_event
from gateway.registry.staff.employing import SUBJECT
from gateway.registry.staff.leave_model import StaffLeave
from gateway.registry.staff.model import Employment
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLeave:
    """A leave of a kind of the book STAFF_LEAVE_KIND; without an end it lasts until the return is ordered."""

    employment_id: UUID
    kind_code: str
    from_on: date
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A leave as it stands."""

    leave_id: UUID
    employment_id: UUID
    kind_code: str
    order_no: str
    from_on: date
    until_on: date | None


async def give_leave(session: AsyncSession, new: NewLeave, *, order: Order, by: str, at: datetime) -> UUID:
    """Give a leave and its id; raises RegistryError outside the employment or beside another leave."""
    require_order(order)
    leave_id = uuid4()
    await write(
        session,
        insert(StaffLeave).values(
            id=leave_id,
            employment_id=new.employment_id,
            kind_code=new.kind_code,
            order_no=order.number,
            order_date=order.on,
            from_on=new.from_on,
            until_on=new.until_on,
            recorded_at=at,
            recorded_by=by,
        ),
    )
    await record_event(session, "STAFF_LEAVE_GIVEN", new.employment_id, at=at, subject_type=SUBJECT)
    return leave_id


async def end_leave(session: AsyncSession, leave_id: UUID, *, until_on: date, at: datetime) -> None:
    """End a leave on a day: the first day of work again; raises RegistryError where it does not last until then."""
    ended = await write(
        session,
        update(StaffLeave)
        .where(
            StaffLeave.id == leave_id,
            StaffLeave.from_on <= until_on,
            or_(StaffLeave.until_on.is_(None), StaffLeave.until_on > until_on),
        )
        .values(until_on=until_on)
        .returning(StaffLeave.employment_id),
    )
    employment_id = ended.scalar()
    if employment_id is None:
        raise RegistryError("there is no such leave to end on that day")
    await record_event(session, "STAFF_LEAVE_ENDED", employment_id, at=at, subject_type=SUBJECT)


async def leaves_of(session: AsyncSession, organisation_id: UUID, *, on: date) -> tuple[Leave, ...]:
    """Read who of an organisation's staff is on leave on a day."""
    found = await session.execute(
        select(StaffLeave)
        .join(Employment, Employment.id == StaffLeave.employment_id)
        .where(
            Employment.organisation_id == organisation_id,
            StaffLeave.from_on <= on,
            or_(StaffLeave.until_on.is_(None), StaffLeave.until_on > on),
        )
        .order_by(StaffLeave.from_on, StaffLeave.id)
    )
    return tuple(_leave(row) for row in found.scalars())


def _leave(row: StaffLeave) -> Leave:
    return Leave(
        leave_id=row.id,
        employment_id=row.employment_id,
        kind_code=row.kind_code,
        order_no=row.order_no,
        from_on=row.from_on,
        until_on=row.until_on,
    )
