"""Appointments by order: the one head of an organisation, and those who answer for its data."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.staff.model import HeadAppointment, ResponsibleAppointment
from gateway.registry.staff.people import require_active
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """Who is appointed where, from which day, by which order."""

    organisation_id: UUID
    person_id: UUID
    from_on: date
    order: Order
    until_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who heads an organisation, and whether only for the time being."""

    appointment_id: UUID
    person_id: UUID
    acting: bool
    from_on: date
    order: Order


async def appoint_head(
    session: AsyncSession,
    new: Appointment,
    *,
    provenance: Provenance,
    acting: bool = False,
    founder_code: str | None = None,
) -> UUID:
    """Appoint a head by order and give the appointment's id.

    The head before, if there is one, ends on the day before; that he does is one change with the appointment.
    Raises RegistryError where another appointment stands on later days, or the organisation is closed.
    """
    values = _values(new, provenance)
    await require_active(session, new.person_id)
    await _end_before(session, new.organisation_id, new.from_on)
    await write(
        session,
        insert(HeadAppointment).values(**values, acting=acting, founder_code=founder_code),
    )
    told: dict[str, object] = {"head": str(new.person_id)}
    await add_assertions(
        session, new.organisation_id, told, provenance=provenance, subject_type="ORGANISATION"
    )
    await _event(session, "HEAD_APPOINTED", new.organisation_id, provenance)
    return UUID(str(values["id"]))


async def end_head(
    session: AsyncSession, organisation_id: UUID, *, until_on: date, provenance: Provenance
) -> None:
    """End the running appointment of a head; raises RegistryError when there is none."""
    ended = await write(
        session,
        update(HeadAppointment)
        .where(HeadAppointment.organisation_id == organisation_id, HeadAppointment.until_on.is_(None))
        .values(until_on=until_on)
        .returning(HeadAppointment.id),
    )
    if ended.first() is None:
        raise RegistryError("there is no head whose appointment could end")
    await _event(session, "HEAD_RELEASED", organisation_id, provenance)


async def head_on(session: AsyncSession, organisation_id: UUID, *, on: date) -> Head | None:
    """Read who heads an organisation on a day; None where nobody does."""
    row = await session.scalar(
        select(HeadAppointment).where(
            HeadAppointment.organisation_id == organisation_id,
            HeadAppointment.from_on <= on,
            or_(HeadAppointment.until_on.is_(None), HeadAppointment.until_on > on),
        )
    )
    if row is None:
        return None
    return Head(
        appointment_id=row.id,
        person_id=row.person_id,
        acting=row.acting,
        from_on=row.from_on,
        order=Order(number=row.order_no, on=row.order_date),
    )


async def appoint_responsible(session: AsyncSession, new: Appointment, *, provenance: Provenance) -> UUID:
    """Let a person answer for an organisation's data by order, and give the appointment's id (R-078)."""
    values = _values(new, provenance)
    await require_active(session, new.person_id)
    await write(session, insert(ResponsibleAppointment).values(**values))
    await _event(session, "RESPONSIBLE_APPOINTED", new.organisation_id, provenance)
    return UUID(str(values["id"]))


async def end_responsible(
    session: AsyncSession, appointment_id: UUID, *, until_on: date, provenance: Provenance
) -> None:
    """End the appointment of a responsible person; raises RegistryError when there is none running."""
    ended = await write(
        session,
        update(ResponsibleAppointment)
        .where(ResponsibleAppointment.id == appointment_id, ResponsibleAppointment.until_on.is_(None))
        .values(until_on=until_on)
        .returning(ResponsibleAppointment.organisation_id),
    )
    organisation_id = ended.scalar_one_or_none()
    if organisation_id is None:
        raise RegistryError("there is no such appointment to end")
    await _event(session, "RESPONSIBLE_RELEASED", organisation_id, provenance)


def _values(new: Appointment, provenance: Provenance) -> dict[str, object]:
    order = require_order(new.order)
    return {
        "id": uuid4(),
        "organisation_id": new.organisation_id,
        "person_id": new.person_id,
        "order_no": order.number,
        "order_date": order.on,
        "from_on": new.from_on,
        "until_on": new.until_on,
        "recorded_at": provenance.recorded_at,
    }


async def _end_before(session: AsyncSession, organisation_id: UUID, day: date) -> None:
    await write(
        session,
        update(HeadAppointment)
        .where(
            HeadAppointment.organisation_id == organisation_id,
            HeadAppointment.from_on < day,
            HeadAppointment.until_on.is_(None),
        )
        .values(until_on=day),
    )


async def _event(session: AsyncSession, kind: str, organisation_id: UUID, provenance: Provenance) -> None:
    await record_event(session, kind, organisation_id, at=provenance.recorded_at, subject_type="ORGANISATION")
