"""Carry out an order about a learner: which enrolment it is about, whether that is within reach, what it makes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found, refused
from gateway.api.guard import Permit
from gateway.api.learner_bodies import OrderBody, OrderKind
from gateway.foundation.errors import InputRefused
from gateway.registry.learners.journal import Given, Paper, cancel_order, give_order, open_enrolment
from gateway.registry.learners.orders import Kind
from gateway.registry.learners.tables import Movement
from gateway.registry.learners.transfers import request_transfer
from gateway.registry.model import Enrolment, Organisation, Person

Value = TypeVar("Value")
_OVERLAP = "ex_enrolment_one_full_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an order made."""

    order_id: UUID | None = None
    enrolment_id: UUID | None = None
    transfer_id: UUID | None = None


async def carry_out(
    session: AsyncSession, permit: Permit, person_id: UUID, body: OrderBody, *, by: str, at: datetime
) -> Made:
    """Give an order about a learner's enrolment within reach.

    Raises InputRefused for what is missing or cannot follow, AccessError for what is not within reach.
    """
    if body.kind in {OrderKind.ENROL, OrderKind.REINSTATE}:
        return await _enrol(session, permit, person_id, body, by=by, at=at)
    if body.kind is OrderKind.CANCEL:
        return await _cancel(session, permit, person_id, body, by=by, at=at)
    enrolment_id = await _enrolment(session, permit, person_id, body.enrolment_id)
    if body.kind is OrderKind.TRANSFER:
        to = await organisation_of(session, needed("to_organisation_code", body.to_organisation_code))
        made = await request_transfer(session, enrolment_id, to, grade=body.grade, by=by, at=at)
        return Made(enrolment_id=enrolment_id, transfer_id=made)
    order_id = await give_order(session, enrolment_id, _given(body, by), at=at)
    return Made(order_id=order_id, enrolment_id=enrolment_id)


async def _enrol(
    session: AsyncSession, permit: Permit, person_id: UUID, body: OrderBody, *, by: str, at: datetime
) -> Made:
    code = needed("organisation_code", body.organisation_code)
    organisation_id = await organisation_of(session, code, permit=permit)
    try:
        enrolment_id = await open_enrolment(
            session,
            _given(body, by),
            at=at,
            person_id=person_id,
            organisation_id=organisation_id,
            level=body.level,
            form=body.form,
        )
    except IntegrityError as error:
        raise _unfit(error) from None
    opening = select(Movement.id).where(Movement.enrolment_id == enrolment_id)
    return Made(order_id=(await session.execute(opening)).scalar_one(), enrolment_id=enrolment_id)


def _unfit(error: IntegrityError) -> InputRefused:
    """Say which rule of the database an enrolment met, without what was sent."""
    rule = str(getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "")
    if rule == _OVERLAP:
        return InputRefused((("order", "DUP_ENROLMENT"),))
    field = next((name for name in ("level", "form", "grade") if name in rule), "order")
    return InputRefused(((field, "FORM" if field == "form" else "NOT_IN_BOOK"),))


async def _cancel(
    session: AsyncSession, permit: Permit, person_id: UUID, body: OrderBody, *, by: str, at: datetime
) -> Made:
    """Take an order back; of a transfer's two orders both must be within reach."""
    cancels_id = needed("cancels_id", body.cancels_id)
    order = (await session.execute(select(Movement).where(Movement.id == cancels_id))).scalar_one_or_none()
    if order is None:
        raise not_found()
    await _enrolment(session, permit, person_id, order.enrolment_id)
    if order.pair_id:
        pair = select(Movement.enrolment_id).where(Movement.pair_id == order.pair_id)
        beyond = select(Enrolment.id).where(
            Enrolment.id.in_(pair), ~permit.right.by_organisation(Enrolment.organisation_id)
        )
        if (await session.execute(beyond)).first():
            raise refused("FORBIDDEN")
    made = await cancel_order(session, cancels_id, paper=_paper(body, by), at=at)
    return Made(order_id=made, enrolment_id=order.enrolment_id)


async def _enrolment(
    session: AsyncSession, permit: Permit, person_id: UUID, enrolment_id: UUID | None
) -> UUID:
    """Find the enrolment an order is about: the one named, or the only running one within reach."""
    same = select(Person.id).where((Person.id == person_id) | (Person.master_id == person_id))
    statement = select(Enrolment.id).where(
        Enrolment.person_id.in_(same),
        ~Enrolment.held,
        permit.right.by_organisation(Enrolment.organisation_id),
        Enrolment.end_on.is_(None) if enrolment_id is None else Enrolment.id == enrolment_id,
    )
    found = (await session.execute(statement)).scalars().all()
    if enrolment_id is None and len(found) != 1:
        raise InputRefused((("enrolment_id", "REQUIRED"),))
    if not found:
        raise not_found()
    return found[0]


async def organisation_of(session: AsyncSession, code: str, *, permit: Permit | None = None) -> UUID:
    """Find an organisation by its code; with a permit only one within reach. Raises InputRefused."""
    statement = select(Organisation.id).where(Organisation.code == code)
    if permit is not None:
        statement = statement.where(permit.right.by_organisation(Organisation.id))
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise InputRefused((("organisation_code", "ORGANISATION_UNKNOWN"),))
    return found


def needed(field: str, value: Value | None) -> Value:
    """Give a value that this request must have; raises InputRefused."""
    if value is None:
        raise InputRefused(((field, "REQUIRED"),))
    return value


def _given(body: OrderBody, by: str) -> Given:
    effective_on = needed("effective_on", body.effective_on)
    if body.until_on is not None and body.until_on <= effective_on:
        raise InputRefused((("until_on", "RANGE"),))
    return Given(
        kind=Kind(body.kind),
        effective_on=effective_on,
        paper=_paper(body, by),
        grade=body.grade,
        until_on=body.until_on,
    )


def _paper(body: OrderBody, by: str) -> Paper:
    return paper_of(body.order_no, body.order_on, by=by, reason_code=body.reason_code)


def paper_of(order_no: str | None, order_on: date | None, *, by: str, reason_code: str = "") -> Paper:
    """Make the paper of an order; raises InputRefused where its number or its day is missing."""
    return Paper(
        entered_by=by,
        order_no=needed("order_no", order_no),
        order_on=needed("order_on", order_on),
        reason_code=reason_code,
    )
