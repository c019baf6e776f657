"""A change of schools: a place is held, the old school releases, and both orders are given at once."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.learners.journal import Given, Paper, give_order, open_enrolment
from gateway.registry.learners.orders import Kind, refused
from gateway.registry.learners.tables import TransferRequest
from gateway.registry.model import Enrolment
from gateway.registry.repository import record_event


class Step(StrEnum):
    """Where a transfer stands."""

    REQUESTED = "REQUESTED"
    HELD = "HELD"
    RELEASED = "RELEASED"
    COMPLETED = "COMPLETED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


_NEXT = {
    Step.REQUESTED: frozenset({Step.HELD, Step.REFUSED, Step.WITHDRAWN}),
    Step.HELD: frozenset({Step.RELEASED, Step.REFUSED, Step.WITHDRAWN, Step.LAPSED}),
    Step.RELEASED: frozenset({Step.COMPLETED, Step.WITHDRAWN, Step.LAPSED}),
}
_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:place, 0))")


def may_follow(present: Step, wanted: Step) -> bool:
    """Tell whether a transfer may go from one step to another."""
    return wanted in _NEXT.get(present, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """What completing a transfer made: the closing order, and the enrolment at the new school."""

    left_by: UUID
    enrolment_id: UUID


async def request_transfer(
    session: AsyncSession,
    enrolment_id: UUID,
    to_organisation_id: UUID,
    *,
    grade: str | None,
    by: str,
    at: datetime,
) -> UUID:
    """Record a wish to change schools and give its id; raises RegistryError where the enrolment has ended."""
    enrolment = await _enrolment(session, enrolment_id)
    if enrolment.end_on is not None or enrolment.organisation_id == to_organisation_id:
        raise refused("NOT_TRANSFERABLE")
    request_id = uuid4()
    await session.execute(
        insert(TransferRequest).values(
            id=request_id,
            enrolment_id=enrolment_id,
            to_organisation_id=to_organisation_id,
            grade=grade or enrolment.grade,
            state=Step.REQUESTED,
            requested_by=by,
            requested_at=at,
            changed_at=at,
        )
    )
    await _tell(session, request_id, Step.REQUESTED, at)
    return request_id


async def hold_place(
    session: AsyncSession, request_id: UUID, *, free_places: int, hold_until: datetime, at: datetime
) -> None:
    """Hold a place for a child; `free_places` is how many the school has in the grade, holds not counted.

    Holds of one grade of one school wait for each other. Raises InputRefused when every place is held.
    """
    request = await _lock(session, request_id, Step.HELD)
    await session.execute(_LOCK, {"place": f"{request.to_organisation_id}/{request.grade}"})
    if await _held(session, request, at) >= free_places:
        raise refused("NO_FREE_PLACE")
    await _move(session, request_id, Step.HELD, at, hold_until=hold_until)


async def decide_transfer(session: AsyncSession, request_id: UUID, step: Step, *, at: datetime) -> None:
    """Release the child (the old school), refuse (the new one) or withdraw (the parent)."""
    if step not in {Step.RELEASED, Step.REFUSED, Step.WITHDRAWN}:
        raise refused("NOT_A_DECISION")
    request = await _lock(session, request_id, step)
    if step is Step.RELEASED and (request.hold_until is None or request.hold_until <= at):
        raise refused("HOLD_LAPSED")
    await _move(session, request_id, step, at)


async def complete_transfer(
    session: AsyncSession, request_id: UUID, *, on: date, paper: Paper, at: datetime
) -> Transferred:
    """Give both orders: on that day the child is no longer at the old school and is at the new one."""
    request = await _lock(session, request_id, Step.COMPLETED)
    enrolment = await _enrolment(session, request.enrolment_id)
    pair_id = uuid4()
    out = Given(
        kind=Kind.TRANSFER_OUT,
        effective_on=on,
        paper=paper,
        other_organisation_id=request.to_organisation_id,
        pair_id=pair_id,
    )
    arriving = Given(
        kind=Kind.TRANSFER_IN,
        effective_on=on,
        paper=paper,
        grade=request.grade,
        other_organisation_id=enrolment.organisation_id,
        pair_id=pair_id,
    )
    left_by = await give_order(session, enrolment.id, out, at=at)
    enrolment_id = await open_enrolment(
        session,
        arriving,
        at=at,
        person_id=enrolment.person_id,
        organisation_id=request.to_organisation_id,
        level=enrolment.level,
        form=enrolment.form,
    )
    await _move(session, request_id, Step.COMPLETED, at)
    return Transferred(left_by=left_by, enrolment_id=enrolment_id)


async def lapse_holds(session: AsyncSession, *, at: datetime) -> int:
    """Let go of the places whose time is over and give how many."""
    found = await session.execute(
        update(TransferRequest)
        .where(TransferRequest.state.in_((Step.HELD, Step.RELEASED)), TransferRequest.hold_until <= at)
        .values(state=Step.LAPSED, changed_at=at)
        .returning(TransferRequest.id)
    )
    lapsed = found.scalars().all()
    for request_id in lapsed:
        await _tell(session, request_id, Step.LAPSED, at)
    return len(lapsed)


async def _held(session: AsyncSession, request: TransferRequest, at: datetime) -> int:
    found = await session.execute(
        select(func.count()).where(
            TransferRequest.to_organisation_id == request.to_organisation_id,
            TransferRequest.grade.is_not_distinct_from(request.grade),
            TransferRequest.state.in_((Step.HELD, Step.RELEASED)),
            TransferRequest.hold_until > at,
        )
    )
    return int(found.scalar_one())


async def _lock(session: AsyncSession, request_id: UUID, wanted: Step) -> TransferRequest:
    statement = (
        select(TransferRequest)
        .where(TransferRequest.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    request = (await session.execute(statement)).scalar_one_or_none()
    if request is None:
        raise RegistryError("there is no such transfer")
    if not may_follow(Step(request.state), wanted):
        raise refused(f"{wanted}_FROM_{request.state}")
    return request


async def _enrolment(session: AsyncSession, enrolment_id: UUID) -> Enrolment:
    found = await session.execute(
        select(Enrolment).where(Enrolment.id == enrolment_id).execution_options(populate_existing=True)
    )
    enrolment = found.scalar_one_or_none()
    if enrolment is None:
        raise RegistryError("there is no such enrolment")
    return enrolment


async def _move(
    session: AsyncSession, request_id: UUID, step: Step, at: datetime, *, hold_until: datetime | None = None
) -> None:
    values = {"state": step, "changed_at": at} | ({"hold_until": hold_until} if hold_until else {})
    await session.execute(update(TransferRequest).where(TransferRequest.id == request_id).values(**values))
    await _tell(session, request_id, step, at)


async def _tell(session: AsyncSession, request_id: UUID, step: Step, at: datetime) -> None:
    await record_event(session, f"TRANSFER_{step}", request_id, at=at, subject_type="TRANSFER")
