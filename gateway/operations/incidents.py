"""Incidents as operators see them: list, show, and what a person does about one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ScalarSelect, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import RegistryError
from gateway.operations.actor import Actor, told, trace
from gateway.operations.incident_feeding import FAILED
from gateway.operations.incident_tables import Incident, IncidentExchange, IncidentNote

INCIDENT = "INCIDENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with how many of its exchanges still have no answer."""

    incident: Incident
    unanswered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents; None leaves a condition out."""

    is_open: bool | None = None
    agency: str | None = None
    service: str | None = None


async def list_incidents(
    session: AsyncSession,
    wanted: IncidentFilter,
    *,
    limit: int = 50,
    before: tuple[datetime, UUID] | None = None,
) -> Sequence[IncidentView]:
    """List incidents, the one opened last first; `before` is where the page before ended."""
    statement = select(Incident, _unanswered()).order_by(Incident.opened_at.desc(), Incident.id.desc())
    if wanted.is_open is not None:
        statement = statement.where(
            Incident.closed_at.is_(None) if wanted.is_open else Incident.closed_at.is_not(None)
        )
    if wanted.agency is not None:
        statement = statement.where(Incident.agency == wanted.agency)
    if wanted.service is not None:
        statement = statement.where(Incident.service == wanted.service)
    if before is not None:
        at, last = before
        statement = statement.where(
            (Incident.opened_at < at) | ((Incident.opened_at == at) & (Incident.id < last))
        )
    found = await session.execute(statement.limit(limit))
    return [IncidentView(incident=incident, unanswered=count) for incident, count in found]


async def count_open(session: AsyncSession) -> int:
    """Count the open incidents."""
    found = await session.execute(
        select(func.count()).select_from(Incident).where(Incident.closed_at.is_(None))
    )
    return found.scalar_one()


async def show_incident(session: AsyncSession, incident_id: UUID) -> IncidentView:
    """Show one; raises AccessError where there is none."""
    found = await session.execute(select(Incident, _unanswered()).where(Incident.id == incident_id))
    row = found.one_or_none()
    if row is None:
        raise not_found()
    return IncidentView(incident=row[0], unanswered=row[1])


async def exchanges_of(
    session: AsyncSession, incident_id: UUID, *, limit: int = 200, before: int | None = None
) -> Sequence[IncidentExchange]:
    """List the exchanges of an incident, the newest row of the journal first."""
    statement = select(IncidentExchange).where(IncidentExchange.incident_id == incident_id)
    if before is not None:
        statement = statement.where(IncidentExchange.seq < before)
    return (
        (await session.execute(statement.order_by(IncidentExchange.seq.desc()).limit(limit))).scalars().all()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeIncident:
    """The incident an exchange belongs to, and whether its trouble goes on."""

    incident_id: UUID
    is_open: bool


async def incidents_of(session: AsyncSession, exchanges: Sequence[UUID]) -> dict[UUID, ExchangeIncident]:
    """Say which incident each of some exchanges belongs to; those of none are left out."""
    found = await session.execute(
        select(IncidentExchange.exchange_id, Incident.id, Incident.closed_at)
        .join(Incident, Incident.id == IncidentExchange.incident_id)
        .where(IncidentExchange.exchange_id.in_(exchanges))
    )
    return {
        exchange_id: ExchangeIncident(incident_id=incident_id, is_open=closed_at is None)
        for exchange_id, incident_id, closed_at in found
    }


async def notes_of(session: AsyncSession, incident_id: UUID) -> Sequence[IncidentNote]:
    """List what people did about it, in order."""
    found = await session.execute(
        select(IncidentNote)
        .where(IncidentNote.incident_id == incident_id)
        .order_by(IncidentNote.at, IncidentNote.id)
    )
    return found.scalars().all()


async def acknowledge(session: AsyncSession, incident_id: UUID, *, actor: Actor, note: str = "") -> None:
    """Say that somebody looks after it; the first one stays. Raises RegistryError for a closed one."""
    await _change(
        session,
        incident_id,
        {
            "acknowledged_at": func.coalesce(Incident.acknowledged_at, utc_now()),
            "acknowledged_by": func.coalesce(Incident.acknowledged_by, actor.reference),
        },
    )
    await _write(session, incident_id, actor, "ACKNOWLEDGED", note.strip()[:1000])


async def add_note(session: AsyncSession, incident_id: UUID, *, actor: Actor, note: str) -> None:
    """Write something down about an incident, closed ones included."""
    await show_incident(session, incident_id)
    await _write(session, incident_id, actor, "NOTE", told(note, "note"))


async def close_incident(session: AsyncSession, incident_id: UUID, *, actor: Actor, reason: str) -> None:
    """Close it; the next failure of its cause opens another. Raises RegistryError for a closed one."""
    reason = told(reason)
    await _change(
        session,
        incident_id,
        {"closed_at": utc_now(), "closed_by": actor.reference, "close_reason": "PERSON"},
    )
    await _write(session, incident_id, actor, "CLOSED", reason)


async def _change(session: AsyncSession, incident_id: UUID, values: dict[str, object]) -> None:
    changed = await session.execute(
        update(Incident)
        .where(Incident.id == incident_id, Incident.closed_at.is_(None))
        .values(**values)
        .returning(Incident.id)
    )
    if changed.first() is None:
        await show_incident(session, incident_id)
        raise RegistryError("the incident is closed")


async def _write(session: AsyncSession, incident_id: UUID, actor: Actor, act: str, said: str) -> None:
    await session.execute(
        insert(IncidentNote).values(
            id=uuid4(), incident_id=incident_id, at=utc_now(), by=actor.reference, act=act, text=said
        )
    )
    await trace(session, actor, f"incident.{act.lower()}", about=(INCIDENT, incident_id))


def _unanswered() -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(IncidentExchange)
        .where(IncidentExchange.incident_id == Incident.id, IncidentExchange.state == FAILED)
        .scalar_subquery()
    )
