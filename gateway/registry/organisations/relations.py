"""Ties between organisations: branches, founders, supervisors, successors; read from both ends."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.organisations.model import OrganisationRelation
from gateway.registry.organisations.registering import SUBJECT
from gateway.registry.repository import record_event
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTie:
    """`from_id` has `to_id` as its parent, founder, supervisor or successor from a day on, by an order."""

    from_id: UUID
    to_id: UUID
    kind_code: str
    valid_from: date
    order: Order
    reorganisation_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A tie as one of its two organisations sees it; `outward` when it has the other as its parent or successor."""

    tie_id: UUID
    other_id: UUID
    kind_code: str
    outward: bool
    order: Order
    valid_from: date
    valid_until: date | None


async def relate(session: AsyncSession, tie: NewTie, *, at: datetime) -> UUID:
    """Tie two organisations and give the tie's id; both get an event. Raises RegistryError where it cannot be."""
    order, tie_id = require_order(tie.order), uuid4()
    await write(
        session,
        insert(OrganisationRelation).values(
            id=tie_id,
            from_id=tie.from_id,
            to_id=tie.to_id,
            kind_code=tie.kind_code,
            reorganisation_code=tie.reorganisation_code,
            order_no=order.number,
            order_date=order.on,
            valid_from=tie.valid_from,
            recorded_at=at,
        ),
    )
    for organisation_id in (tie.from_id, tie.to_id):
        await record_event(session, "ORGANISATION_RELATED", organisation_id, at=at, subject_type=SUBJECT)
    return tie_id


async def end_tie(session: AsyncSession, tie_id: UUID, *, valid_until: date, at: datetime) -> None:
    """End a tie on the day before `valid_until`; a succession never ends. Raises RegistryError when it cannot."""
    ended = await write(
        session,
        update(OrganisationRelation)
        .where(
            OrganisationRelation.id == tie_id,
            OrganisationRelation.kind_code != "SUCCESSOR",
            OrganisationRelation.valid_until.is_(None),
        )
        .values(valid_until=valid_until)
        .returning(OrganisationRelation.from_id, OrganisationRelation.to_id),
    )
    row = ended.first()
    if row is None:
        raise RegistryError("there is no such tie to end")
    for organisation_id in row:
        await record_event(session, "ORGANISATION_RELATED", organisation_id, at=at, subject_type=SUBJECT)


async def ties_of(session: AsyncSession, organisation_id: UUID) -> tuple[Tie, ...]:
    """Read every tie of an organisation, ended ones too, the oldest first."""
    found = await session.scalars(
        select(OrganisationRelation)
        .where(
            or_(
                OrganisationRelation.from_id == organisation_id, OrganisationRelation.to_id == organisation_id
            )
        )
        .order_by(OrganisationRelation.valid_from, OrganisationRelation.id)
    )
    return tuple(_tie(row, organisation_id) for row in found)


def _tie(row: OrganisationRelation, organisation_id: UUID) -> Tie:
    outward = row.from_id == organisation_id
    return Tie(
        tie_id=row.id,
        other_id=row.to_id if outward else row.from_id,
        kind_code=row.kind_code,
        outward=outward,
        order=Order(number=row.order_no, on=row.order_date),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )
