"""Carry out an order about a learner: which enrolment it is about, whether that is within reach, what it makes."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.decide import Decision
from gateway.access.errors import not_found, refused
from gateway.foundation.errors import InputRefused
from gateway.registry.learners.journal import Given, Paper, cancel_order, give_order, open_enrolment
from gateway.registry.learners.orders import Kind
from gateway.registry.learners.tables import Movement
from gateway.registry.learners.transfers import request_transfer
from gateway.registry.model import Enrolment, Organisation, Person

Value = TypeVar("Value")
_OVERLAP = "ex_enrolment_one_full_time"


class OrderKind(StrEnum):
    """What may be ordered here; TRANSFER asks for a change of schools, CANCEL takes an order back."""

    ENROL = "ENROL"
    REINSTATE = "REINSTATE"
    ATTEND = "ATTEND"
    LEAVE = "LEAVE"
    EXCHANGE = "EXCHANGE"
    SUSPEND = "SUSPEND"
    RETURN = "RETURN"
    PROMOTE = "PROMOTE"
    REPEAT = "REPEAT"
    TRANSFER = "TRANSFER"
    GRADUATE = "GRADUATE"
    EXPEL = "EXPEL"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWanted:
    """An order as it is asked for: what it does from which day, by which paper.

    `organisation_code`, `level` and `form` belong to ENROL and REINSTATE, `to_organisation_code` to TRANSFER,
    `cancels_id` to CANCEL; `enrolment_id` may be left out where there is one enrolment only.
    """

    kind: OrderKind
    order_no: str | None = None
    order_on: date | None = None
    effective_on: date | None = None
    until_on: date | None = None
    reason_code: str = ""
    enrolment_id: UUID | None = None
    grade: str | None = None
    organisation_code: str | None = None
    level: str = "GENERAL"
    form: str = "FULL_TIME"
    to_organisation_code: str | None = None
    cancels_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an order made."""

    order_id: UUID | None = None
    enrolment_id: UUID | None = None
    transfer_id: UUID | None = None


async def carry_out(
    session: AsyncSession, right: Decision, person_id: UUID, wanted: OrderWanted, *, by: str, at: datetime
) -> Made:
    """Give an order about a learner's enrolment within reach.

    Raises InputRefused for what is missing or cannot follow, AccessError for what is not within reach.
    """
    if wanted.kind in {OrderKind.ENROL, OrderKind.REINSTATE}:
        return await _enrol(session, right, person_id, wanted, by=by, at=at)
    if wanted.kind is OrderKind.CANCEL:
        return await _cancel(session, right, person_id, wanted, by=by, at=at)
    enrolment_id = await _enrolment(session, right, person_id, wanted.enrolment_id)
    if wanted.kind is OrderKind.TRANSFER:
        to = await organisation_of(session, needed("to_organisation_code", wanted.to_organisation_code))
        made = await request_transfer(session, enrolment_id, to, grade=wanted.grade, by=by, at=at)
        return Made(enrolment_id=enrolment_id, transfer_id=made)
    order_id = await give_order(session, enrolment_id, _given(wanted, by), at=at)
    return Made(order_id=order_id, enrolment_id=enrolment_id)


async def _enrol(
    session: AsyncSession, right: Decision, person_id: UUID, wanted: OrderWanted, *, by: str, at: datetime
) -> Made:
    code = needed("organisation_code", wanted.organisation_code)
    organisation_id = await organisation_of(session, code, right=right)
    try:
        enrolment_id = await open_enrolment(
            session,
            _given(wanted, by),
            at=at,
            person_id=person_id,
            organisation_id=organisation_id,
            level=wanted.level,
            form=wanted.form,
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
    session: AsyncSession, right: Decision, person_id: UUID, wanted: OrderWanted, *, by: str, at: datetime
) -> Made:
    """Take an order back; of a transfer's two orders both must be within reach."""
    cancels_id = needed("cancels_id", wanted.cancels_id)
    order = (await session.execute(select(Movement).where(Movement.id == cancels_id))).scalar_one_or_none()
    if order is None:
        raise not_found()
    await _enrolment(session, right, person_id, order.enrolment_id)
    if order.pair_id:
        pair = select(Movement.enrolment_id).where(Movement.pair_id == order.pair_id)
        beyond = select(Enrolment.id).where(
            Enrolment.id.in_(pair), ~right.by_organisation(Enrolment.organisation_id)
        )
        if (await session.execute(beyond)).first():
            raise refused("FORBIDDEN")
    made = await cancel_order(session, cancels_id, paper=_paper(wanted, by), at=at)
    return Made(order_id=made, enrolment_id=order.enrolment_id)


async def _enrolment(
    session: AsyncSession, right: Decision, person_id: UUID, enrolment_id: UUID | None
) -> UUID:
    """Find the enrolment an order is about: the one named, or the only running one within reach."""
    same = select(Person.id).where((Person.id == person_id) | (Person.master_id == person_id))
    statement = select(Enrolment.id).where(
        Enrolment.person_id.in_(same),
        ~Enrolment.held,
        right.by_organisation(Enrolment.organisation_id),
        Enrolment.end_on.is_(None) if enrolment_id is None else Enrolment.id == enrolment_id,
    )
    found = (await session.execute(statement)).scalars().all()
    if enrolment_id is None and len(found) != 1:
        raise InputRefused((("enrolment_id", "REQUIRED"),))
    if not found:
        raise not_found()
    return found[0]


async def organisation_of(session: AsyncSession, code: str, *, right: Decision | None = None) -> UUID:
    """Find an organisation by its code; with a right only one within reach. Raises InputRefused."""
    statement = select(Organisation.id).where(Organisation.code == code)
    if right is not None:
        statement = statement.where(right.by_organisation(Organisation.id))
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise InputRefused((("organisation_code", "ORGANISATION_UNKNOWN"),))
    return found


def needed(field: str, value: Value | None) -> Value:
    """Give a value that this request must have; raises InputRefused."""
    if value is None:
        raise InputRefused(((field, "REQUIRED"),))
    return value


def _given(wanted: OrderWanted, by: str) -> Given:
    effective_on = needed("effective_on", wanted.effective_on)
    if wanted.until_on is not None and wanted.until_on <= effective_on:
        raise InputRefused((("until_on", "RANGE"),))
    return Given(
        kind=Kind(wanted.kind),
        effective_on=effective_on,
        paper=_paper(wanted, by),
        grade=wanted.grade,
        until_on=wanted.until_on,
    )


def _paper(wanted: OrderWanted, by: str) -> Paper:
    return paper_of(wanted.order_no, wanted.order_on, by=by, reason_code=wanted.reason_code)


def paper_of(order_no: str | None, order_on: date | None, *, by: str, reason_code: str = "") -> Paper:
    """Make the paper of an order; raises InputRefused where its number or its day is missing."""
    return Paper(
        entered_by=by,
        order_no=needed("order_no", order_no),
        order_on=needed("order_on", order_on),
        reason_code=reason_code,
    )
