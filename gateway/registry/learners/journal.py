"""The journal of orders: an order is written and its enrolment brought up to date in one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.entries import StatusPeriod
from gateway.registry.learners.orders import CLOSING, OPENING, Kind, Order, Place, place_of, refused
from gateway.registry.learners.tables import Movement
from gateway.registry.model import Enrolment, EnrolmentStatusPeriod
from gateway.registry.repository import add_enrolment, record_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The order as a document: its number, its day, why, and who entered it."""

    entered_by: str
    order_no: str = ""
    order_on: date | None = None
    reason_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An order to give: what it does from which day; the other school where one is concerned."""

    kind: Kind
    effective_on: date
    paper: Paper
    grade: str | None = None
    until_on: date | None = None
    other_organisation_id: UUID | None = None
    pair_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An order as it stands in the journal."""

    order: Order
    enrolment_id: UUID
    paper: Paper
    until_on: date | None
    pair_id: UUID | None
    recorded_at: datetime


async def open_enrolment(session: AsyncSession, given: Given, *, at: datetime, **values: Any) -> UUID:
    """Give an opening order (ENROL, TRANSFER_IN, REINSTATE) and give the id of the enrolment it opens.

    `values` are columns of Enrolment by name: person_id, organisation_id, level, form.
    """
    if given.kind not in OPENING:
        raise refused("NOT_AN_OPENING_ORDER")
    return await add_enrolment(
        session,
        at=at,
        opening=_row(given, at, values["organisation_id"]),
        start_on=given.effective_on,
        grade=given.grade,
        **values,
    )


async def give_order(session: AsyncSession, enrolment_id: UUID, given: Given, *, at: datetime) -> UUID:
    """Write an order, change the enrolment's periods by it and give the order's id.

    Raises InputRefused with a reason code when it cannot follow the orders that stand, also where it is dated
    back before some of them; RegistryError when there is no such enrolment.
    """
    if given.kind in OPENING or given.kind is Kind.CANCEL:
        raise refused("NOT_AN_ORDER_ABOUT_AN_ENROLMENT")
    enrolment = await _lock(session, enrolment_id)
    row = _row(given, at, enrolment.organisation_id) | {"from_grade": enrolment.grade}
    return await _append(session, enrolment, row, at)


async def cancel_order(session: AsyncSession, movement_id: UUID, *, paper: Paper, at: datetime) -> UUID:
    """Take an order back by a counter-order and give its id; of a pair of transfer orders both.

    The later order of a pair is taken back first, so that the child is never in two schools at once.
    """
    found = await session.execute(select(Movement).where(Movement.id == movement_id))
    order = found.scalar_one_or_none()
    if order is None:
        raise RegistryError("there is no such order")
    pair = await _pair(session, order)
    counter_ids = {each.id: await _cancel_one(session, each, paper, at) for each in pair}
    return counter_ids[movement_id]


async def movements(session: AsyncSession, enrolment_id: UUID) -> tuple[Recorded, ...]:
    """Read the orders about an enrolment as they were recorded."""
    statement = select(Movement).where(Movement.enrolment_id == enrolment_id).order_by(Movement.number)
    return tuple(_recorded(row) for row in (await session.execute(statement)).scalars())


async def movements_of(session: AsyncSession, enrolment_ids: Iterable[UUID]) -> tuple[Recorded, ...]:
    """Read the orders about many enrolments in one SELECT: in the order of the enrolments given, then as recorded."""
    wanted = list(enrolment_ids)
    statement = select(Movement).where(Movement.enrolment_id.in_(wanted)).order_by(Movement.number)
    found = [_recorded(row) for row in (await session.execute(statement)).scalars()]
    return tuple(sorted(found, key=lambda each: wanted.index(each.enrolment_id)))


async def _pair(session: AsyncSession, order: Movement) -> list[Movement]:
    if order.pair_id is None:
        return [order]
    found = await session.execute(
        select(Movement).where(Movement.pair_id == order.pair_id, Movement.kind != Kind.CANCEL)
    )
    return sorted(found.scalars(), key=lambda each: each.kind not in OPENING)


async def _cancel_one(session: AsyncSession, order: Movement, paper: Paper, at: datetime) -> UUID:
    if order.kind == Kind.CANCEL:
        raise refused("A_COUNTER_ORDER_IS_FINAL")
    enrolment = await _lock(session, order.enrolment_id)
    given = Given(kind=Kind.CANCEL, effective_on=order.effective_on, paper=paper, pair_id=order.pair_id)
    row = _row(given, at, enrolment.organisation_id) | {"cancels_id": order.id}
    return await _append(session, enrolment, row, at)


async def _append(session: AsyncSession, enrolment: Enrolment, row: dict[str, Any], at: datetime) -> UUID:
    told = [each.order for each in await movements(session, enrolment.id)]
    if row.get("cancels_id") in {order.cancels_id for order in told} - {None}:
        raise refused("CANCELLED_ALREADY")
    place = place_of([*told, _order(row, number=max((order.number for order in told), default=0) + 1)])
    await session.execute(insert(Movement).values(enrolment_id=enrolment.id, **row))
    await _bring_up_to_date(session, enrolment, place, row["order_no"])
    await record_event(
        session,
        "ENROLMENT_CHANGED",
        enrolment.id,
        at=at,
        subject_type="ENROLMENT",
        effective_on=row["effective_on"],
        detail={"movement_id": str(row["id"]), "kind": row["kind"]},
    )
    movement_id: UUID = row["id"]
    return movement_id


async def _bring_up_to_date(session: AsyncSession, enrolment: Enrolment, place: Place, order_no: str) -> None:
    await session.execute(
        update(Enrolment)
        .where(Enrolment.id == enrolment.id)
        .values(
            start_on=place.start_on,
            end_on=place.end_on,
            grade=place.grade,
            version=enrolment.version + 1,
        )
    )
    await _write_periods(session, enrolment.id, place.periods, order_no)


async def _write_periods(
    session: AsyncSession, enrolment_id: UUID, periods: Iterable[StatusPeriod], order_no: str
) -> None:
    """Replace the periods that changed; those that stay keep their rows."""
    found = await session.execute(
        select(EnrolmentStatusPeriod).where(EnrolmentStatusPeriod.enrolment_id == enrolment_id)
    )
    before = {(row.status, row.from_on, row.until_on): row.id for row in found.scalars()}
    now = [(each.status, each.from_on, each.until_on) for each in periods]
    gone = [row_id for key, row_id in before.items() if key not in now]
    if gone:
        await session.execute(delete(EnrolmentStatusPeriod).where(EnrolmentStatusPeriod.id.in_(gone)))
    new = [key for key in now if key not in before]
    if new:
        rows = [
            {
                "id": uuid4(),
                "enrolment_id": enrolment_id,
                "status": status,
                "from_on": from_on,
                "until_on": until_on,
                "order_no": order_no or None,
            }
            for status, from_on, until_on in new
        ]
        await session.execute(insert(EnrolmentStatusPeriod), rows)


async def _lock(session: AsyncSession, enrolment_id: UUID) -> Enrolment:
    statement = (
        select(Enrolment)
        .where(Enrolment.id == enrolment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    enrolment = (await session.execute(statement)).scalar_one_or_none()
    if enrolment is None:
        raise RegistryError("there is no such enrolment")
    return enrolment


def _row(given: Given, at: datetime, organisation_id: UUID) -> dict[str, Any]:
    here, there = organisation_id, given.other_organisation_id
    arriving, leaving = given.kind in OPENING, given.kind in CLOSING
    return {
        "id": uuid4(),
        "kind": given.kind,
        "order_no": given.paper.order_no,
        "order_on": given.paper.order_on,
        "effective_on": given.effective_on,
        "until_on": given.until_on,
        "reason_code": given.paper.reason_code,
        "from_organisation_id": here if leaving else there if arriving else None,
        "to_organisation_id": here if arriving else there if leaving else None,
        "to_grade": given.grade,
        "pair_id": given.pair_id,
        "recorded_at": at,
        "recorded_by": given.paper.entered_by,
    }


def _order(row: dict[str, Any], *, number: int) -> Order:
    return Order(
        movement_id=row["id"],
        number=number,
        kind=row["kind"],
        effective_on=row["effective_on"],
        grade=row["to_grade"],
        cancels_id=row.get("cancels_id"),
    )


def _recorded(row: Movement) -> Recorded:
    return Recorded(
        order=Order(
            movement_id=row.id,
            number=row.number,
            kind=Kind(row.kind),
            effective_on=row.effective_on,
            grade=row.to_grade,
            cancels_id=row.cancels_id,
        ),
        enrolment_id=row.enrolment_id,
        paper=Paper(
            entered_by=row.recorded_by,
            order_no=row.order_no,
            order_on=row.order_on,
            reason_code=row.reason_code,
        ),
        until_on=row.until_on,
        pair_id=row.pair_id,
        recorded_at=row.recorded_at,
    )
