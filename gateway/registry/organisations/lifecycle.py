"""An organisation's life: planned, open, suspended, reorganised or closed; the two last are for ever."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.books.lookup import value_on
from gateway.registry.model import Enrolment, Organisation
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.organisations.registering import SUBJECT, tell
from gateway.registry.organisations.relations import NewTie, relate
from gateway.registry.repository import Provenance, record_event
from gateway.registry.staff.model import Employment, HeadAppointment, ResponsibleAppointment
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorganisation:
    """What becomes of whom, from which day, by which order; `kind_code` is one of the book REORGANISATION."""

    kind_code: str
    predecessors: tuple[UUID, ...]
    successors: tuple[UUID, ...]
    effective_on: date
    order: Order


async def change_status(
    session: AsyncSession, organisation_id: UUID, status: str, *, order: Order, provenance: Provenance
) -> None:
    """Open a planned organisation, suspend an open one or resume a suspended one, by an order.

    Raises RegistryError where the present state does not allow it; closing has its own function.
    """
    if status not in {"ACTIVE", "SUSPENDED"}:
        raise InputRefused((("status", "CLOSE_OR_REORGANISE_INSTEAD"),))
    await _set_status(session, organisation_id, status, closed_on=None, order=order, provenance=provenance)


async def close_organisation(
    session: AsyncSession, organisation_id: UUID, *, closed_on: date, order: Order, provenance: Provenance
) -> None:
    """Close an organisation from a day on: classes and appointments end with it.

    Raises RegistryError while learners or employees are still there on that day.
    """
    await _set_status(
        session, organisation_id, "CLOSED", closed_on=closed_on, order=order, provenance=provenance
    )
    learners, employees = await still_there(session, organisation_id, on=closed_on)
    if learners or employees:
        raise RegistryError(
            f"on the closing date {learners} learners and {employees} employees are still there: "
            "transfer or release them first"
        )
    await _end_what_belongs(session, organisation_id, closed_on)


async def reorganise(session: AsyncSession, change: Reorganisation, *, provenance: Provenance) -> None:
    """Let organisations end in others, or part from one that stays; each pair stays linked by the order.

    Raises InputRefused for a kind or a number of organisations that does not fit, RegistryError where an
    organisation is already closed. Learners and staff go over by orders of their own.
    """
    stays = await _predecessor_stays(session, change)
    await _require_open(session, change.successors, on=change.effective_on)
    for predecessor in change.predecessors:
        for successor in change.successors:
            await _succeed(session, change, predecessor, successor, at=provenance.recorded_at)
        if not stays:
            await _set_status(
                session,
                predecessor,
                "REORGANISED",
                closed_on=change.effective_on,
                order=change.order,
                provenance=provenance,
            )
            await _end_what_belongs(session, predecessor, change.effective_on)


_SHAPES = {
    "MERGER": (range(2, 100), range(1, 2)),
    "ACCESSION": (range(1, 100), range(1, 2)),
    "DIVISION": (range(1, 2), range(2, 100)),
    "SEPARATION": (range(1, 2), range(1, 100)),
    "TRANSFORMATION": (range(1, 2), range(1, 2)),
}


async def _predecessor_stays(session: AsyncSession, change: Reorganisation) -> bool:
    kind = await value_on(session, "REORGANISATION", change.kind_code, on=change.effective_on)
    if kind is None or change.kind_code not in _SHAPES:
        raise InputRefused((("kind", "NOT_IN_BOOK"),))
    before, after = _SHAPES[change.kind_code]
    if len(set(change.predecessors)) not in before or len(set(change.successors)) not in after:
        raise InputRefused((("organisations", "NUMBER_DOES_NOT_FIT_THE_KIND"),))
    return bool(kind.attributes.get("predecessor_stays"))


async def _require_open(session: AsyncSession, successors: tuple[UUID, ...], *, on: date) -> None:
    closed = await session.scalar(
        select(func.count()).where(Organisation.id.in_(successors), Organisation.closed_on <= on)
    )
    if closed:
        raise RegistryError("a successor is itself closed by then")


async def _succeed(
    session: AsyncSession, change: Reorganisation, predecessor: UUID, successor: UUID, *, at: datetime
) -> None:
    tie = NewTie(
        from_id=predecessor,
        to_id=successor,
        kind_code="SUCCESSOR",
        reorganisation_code=change.kind_code,
        valid_from=change.effective_on,
        order=change.order,
    )
    await relate(session, tie, at=at)


async def _set_status(
    session: AsyncSession,
    organisation_id: UUID,
    status: str,
    *,
    closed_on: date | None,
    order: Order,
    provenance: Provenance,
) -> None:
    changed = await write(
        session,
        update(Organisation)
        .where(Organisation.id == organisation_id, Organisation.status != status)
        .values(status=status, closed_on=closed_on, version=Organisation.version + 1)
        .returning(Organisation.id),
    )
    if changed.first() is None:
        raise RegistryError("there is no such organisation, or it is in this state already")
    said = require_order(order)
    told: dict[str, object] = {
        "status": status,
        "closed_on": closed_on,
        "status_order": {"number": said.number, "on": said.on.isoformat()},
    }
    await tell(session, organisation_id, told, provenance=provenance)
    await record_event(
        session, f"ORGANISATION_{status}", organisation_id, at=provenance.recorded_at, subject_type=SUBJECT
    )


async def still_there(session: AsyncSession, organisation_id: UUID, *, on: date) -> tuple[int, int]:
    """Count the learners and the employees an organisation has on a day: whom a closing would leave behind."""
    learners = await _count(session, Enrolment, organisation_id, on)
    return learners, await _count(session, Employment, organisation_id, on)


async def _count(
    session: AsyncSession, table: type[Enrolment | Employment], organisation_id: UUID, day: date
) -> int:
    counted = select(func.count()).where(
        table.organisation_id == organisation_id, or_(table.end_on.is_(None), table.end_on > day)
    )
    if table is Enrolment:
        counted = counted.where(~Enrolment.held)
    return await session.scalar(counted) or 0


async def _end_what_belongs(session: AsyncSession, organisation_id: UUID, day: date) -> None:
    """End classes and appointments on the closing day; those that would begin later never begin."""
    for table, first, end in (
        (ClassGroup, ClassGroup.opened_on, ClassGroup.closed_on),
        (HeadAppointment, HeadAppointment.from_on, HeadAppointment.until_on),
        (ResponsibleAppointment, ResponsibleAppointment.from_on, ResponsibleAppointment.until_on),
    ):
        await write(
            session,
            update(table)
            .where(table.organisation_id == organisation_id, or_(end.is_(None), end > day))
            .values({end: func.greatest(first, day)}),
        )
