"""Changes of schools as two schools see them: what is under way within reach, and whose step comes next."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.access.decide import Decision
from gateway.access.errors import not_found, refused
from gateway.foundation.clock import utc_now
from gateway.intake.ordering import needed, paper_of
from gateway.registry.learners.tables import TransferRequest
from gateway.registry.learners.transfers import (
    Step,
    complete_transfer,
    decide_transfer,
    hold_place,
    may_follow,
)
from gateway.registry.model import Enrolment, Organisation, Person


class StepName(StrEnum):
    """The steps of a change of schools: HOLD, REFUSE, COMPLETE by the new school, RELEASE, WITHDRAW by the old."""

    HOLD = "HOLD"
    REFUSE = "REFUSE"
    RELEASE = "RELEASE"
    WITHDRAW = "WITHDRAW"
    COMPLETE = "COMPLETE"


_RUNNING = (Step.REQUESTED, Step.HELD, Step.RELEASED)
OF_NEW_SCHOOL = frozenset({StepName.HOLD, StepName.REFUSE, StepName.COMPLETE})
_BECOMES = {
    StepName.HOLD: Step.HELD,
    StepName.REFUSE: Step.REFUSED,
    StepName.RELEASE: Step.RELEASED,
    StepName.WITHDRAW: Step.WITHDRAWN,
    StepName.COMPLETE: Step.COMPLETED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWanted:
    """A step; HOLD says how many free places there are and for how many days one is held, COMPLETE the order."""

    step: StepName
    free_places: int = 1
    hold_days: int = 10
    order_no: str | None = None
    order_on: date | None = None
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTransfer:
    """A change of schools under way; no name, only the number. `ours_new` and `ours_old` say whose step is ours."""

    transfer_id: UUID
    isuo_no: str
    state: str
    grade: str | None
    from_organisation_code: str
    to_organisation_code: str
    hold_until: datetime | None
    requested_at: datetime
    ours_old: bool
    ours_new: bool

    @property
    def steps(self) -> tuple[StepName, ...]:
        """Give the steps that are ours to take now."""
        return tuple(
            step
            for step, becomes in _BECOMES.items()
            if may_follow(Step(self.state), becomes)
            and (self.ours_new if step in OF_NEW_SCHOOL else self.ours_old)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """Where a change of schools stands after a step, and the enrolment a completion made."""

    state: str
    enrolment_id: UUID | None


async def running_transfers(
    session: AsyncSession, right: Decision, *, transfer_id: UUID | None = None
) -> list[RunningTransfer]:
    """List the changes of schools under way from or to organisations within reach; by id that one, if it runs.

    Read it as the tables' owner: the new school must see whom it is asked to take.
    """
    old, new = aliased(Organisation), aliased(Organisation)
    reach = right.by_organisation
    statement = (
        select(
            TransferRequest,
            Person.isuo_no,
            old.code.label("old_code"),
            new.code.label("new_code"),
            reach(old.id).label("ours_old"),
            reach(new.id).label("ours_new"),
        )
        .join(Enrolment, Enrolment.id == TransferRequest.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .join(old, old.id == Enrolment.organisation_id)
        .join(new, new.id == TransferRequest.to_organisation_id)
        .where(TransferRequest.state.in_(_RUNNING), or_(reach(old.id), reach(new.id)))
        .order_by(TransferRequest.requested_at, TransferRequest.id)
        .limit(500)
    )
    if transfer_id is not None:
        statement = statement.where(TransferRequest.id == transfer_id)
    found = await session.execute(statement)
    return [
        RunningTransfer(
            transfer_id=row.TransferRequest.id,
            isuo_no=row.isuo_no,
            state=row.TransferRequest.state,
            grade=row.TransferRequest.grade,
            from_organisation_code=row.old_code,
            to_organisation_code=row.new_code,
            hold_until=row.TransferRequest.hold_until,
            requested_at=row.TransferRequest.requested_at,
            ours_old=row.ours_old,
            ours_new=row.ours_new,
        )
        for row in found
    ]


async def take_step(
    session: AsyncSession, right: Decision, transfer_id: UUID, wanted: StepWanted, *, by: str
) -> StepTaken:
    """Take a step that is the school's own; raises AccessError for another's, InputRefused for what is missing."""
    await _check_side(session, right, transfer_id, wanted.step)
    at, enrolment_id = utc_now(), None
    if wanted.step is StepName.HOLD:
        until = at + timedelta(days=wanted.hold_days)
        await hold_place(session, transfer_id, free_places=wanted.free_places, hold_until=until, at=at)
    elif wanted.step is StepName.COMPLETE:
        paper = paper_of(wanted.order_no, wanted.order_on, by=by)
        on = needed("effective_on", wanted.effective_on)
        made = await complete_transfer(session, transfer_id, on=on, paper=paper, at=at)
        enrolment_id = made.enrolment_id
    else:
        await decide_transfer(session, transfer_id, _BECOMES[wanted.step], at=at)
    return StepTaken(state=_BECOMES[wanted.step], enrolment_id=enrolment_id)


async def _check_side(session: AsyncSession, right: Decision, transfer_id: UUID, step: StepName) -> None:
    """Let a step pass that is the school's to take; raises AccessError."""
    reach = right.by_organisation
    found = await session.execute(
        select(
            reach(Enrolment.organisation_id).label("old"),
            reach(TransferRequest.to_organisation_id).label("new"),
        )
        .select_from(TransferRequest)
        .join(Enrolment, Enrolment.id == TransferRequest.enrolment_id)
        .where(TransferRequest.id == transfer_id)
    )
    row = found.one_or_none()
    if row is None or not (row.old or row.new):
        raise not_found()
    if not (row.new if step in OF_NEW_SCHOOL else row.old):
        raise refused("FORBIDDEN")
