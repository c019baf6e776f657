"""Orders about learners, and changes of schools step by step; each is carried out once."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.access.errors import not_found, refused
from gateway.api.conditions import check_match, learner_tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.idempotency import attempt_of
from gateway.api.learner_bodies import (
    OrderAnswer,
    OrderBody,
    StepAnswer,
    StepBody,
    StepName,
    TransferAnswer,
    TransfersAnswer,
)
from gateway.api.learner_routes import NO_STORE, IsuoNo, learner_within
from gateway.api.once import Sent, once
from gateway.api.ordering import carry_out, needed, paper_of
from gateway.foundation.clock import utc_now
from gateway.registry.learners.tables import TransferRequest
from gateway.registry.learners.transfers import Step, complete_transfer, decide_transfer, hold_place
from gateway.registry.model import Enrolment, Organisation, Person

_RUNNING = (Step.REQUESTED, Step.HELD, Step.RELEASED)
_OF_NEW_SCHOOL = frozenset({StepName.HOLD, StepName.REFUSE, StepName.COMPLETE})
_BECOMES = {
    StepName.HOLD: Step.HELD,
    StepName.REFUSE: Step.REFUSED,
    StepName.RELEASE: Step.RELEASED,
    StepName.WITHDRAW: Step.WITHDRAWN,
    StepName.COMPLETE: Step.COMPLETED,
}


def add_order_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what changes a learner's place."""
    _add_orders(router, deps)
    _add_transfers(router, deps)


def _add_orders(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/learners/{isuo_no}/orders", status_code=201)
    async def order_about_learner(
        isuo_no: IsuoNo,
        body: OrderBody,
        permit: Permitted,
        response: Response,
        sent: Sent,
    ) -> OrderAnswer:
        """Give an order about a learner: enrol, leave, return, promote, graduate, expel, transfer, counter-order."""

        async def change(session: AsyncSession) -> OrderAnswer:
            person_id = await learner_within(session, permit, isuo_no)
            check_match(sent.if_match, await learner_tag(session, person_id, lock=True))
            made = await carry_out(
                session, permit, person_id, body, by=permit.user_id(sent.user), at=utc_now()
            )
            return OrderAnswer(
                kind=body.kind,
                order_id=made.order_id,
                enrolment_id=made.enrolment_id,
                transfer_id=made.transfer_id,
                version=(await learner_tag(session, person_id)).strip('"'),
            )

        attempt = attempt_of(permit.caller, sent.key, f"orders/{isuo_no}", body)
        answer = await once(deps.database, attempt, response, change=change, shape=OrderAnswer)
        response.headers["ETag"] = f'"{answer.version}"'
        return answer


def _add_transfers(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/transfers")
    async def transfers_under_way(permit: Permitted, response: Response) -> TransfersAnswer:
        """List the changes of schools under way from or to organisations within reach; no name is shown."""
        response.headers.update(NO_STORE)
        async with deps.database.transaction() as session:
            return TransfersAnswer(transfers=await _running(session, permit))

    @router.post("/transfers/{transfer_id}/steps", status_code=201)
    async def step_of_transfer(
        transfer_id: UUID,
        body: StepBody,
        permit: Permitted,
        response: Response,
        sent: Sent,
    ) -> StepAnswer:
        """Take a step: the new school holds a place, refuses or completes, the old one releases or withdraws."""

        async def change(session: AsyncSession) -> StepAnswer:
            await _check_side(session, permit, transfer_id, body.step)
            return await _take_step(session, transfer_id, body, by=permit.user_id(sent.user))

        attempt = attempt_of(permit.caller, sent.key, f"transfers/{transfer_id}", body)
        return await once(deps.database, attempt, response, change=change, shape=StepAnswer)


async def _running(session: AsyncSession, permit: Permit) -> list[TransferAnswer]:
    old, new = aliased(Organisation), aliased(Organisation)
    reach = permit.right.by_organisation
    found = await session.execute(
        select(TransferRequest, Person.isuo_no, old.code.label("old_code"), new.code.label("new_code"))
        .join(Enrolment, Enrolment.id == TransferRequest.enrolment_id)
        .join(Person, Person.id == Enrolment.person_id)
        .join(old, old.id == Enrolment.organisation_id)
        .join(new, new.id == TransferRequest.to_organisation_id)
        .where(TransferRequest.state.in_(_RUNNING), or_(reach(old.id), reach(new.id)))
        .order_by(TransferRequest.requested_at, TransferRequest.id)
        .limit(500)
    )
    return [
        TransferAnswer(
            transfer_id=row.TransferRequest.id,
            isuo_no=row.isuo_no,
            state=row.TransferRequest.state,
            grade=row.TransferRequest.grade,
            from_organisation_code=row.old_code,
            to_organisation_code=row.new_code,
            hold_until=row.TransferRequest.hold_until,
            requested_at=row.TransferRequest.requested_at,
        )
        for row in found
    ]


async def _check_side(session: AsyncSession, permit: Permit, transfer_id: UUID, step: StepName) -> None:
    """Let a step pass that is the school's to take; raises AccessError."""
    reach = permit.right.by_organisation
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
    if not (row.new if step in _OF_NEW_SCHOOL else row.old):
        raise refused("FORBIDDEN")


async def _take_step(session: AsyncSession, transfer_id: UUID, body: StepBody, *, by: str) -> StepAnswer:
    at, enrolment_id = utc_now(), None
    if body.step is StepName.HOLD:
        until = at + timedelta(days=body.hold_days)
        await hold_place(session, transfer_id, free_places=body.free_places, hold_until=until, at=at)
    elif body.step is StepName.COMPLETE:
        paper = paper_of(body.order_no, body.order_on, by=by)
        on = needed("effective_on", body.effective_on)
        made = await complete_transfer(session, transfer_id, on=on, paper=paper, at=at)
        enrolment_id = made.enrolment_id
    else:
        await decide_transfer(session, transfer_id, _BECOMES[body.step], at=at)
    return StepAnswer(transfer_id=transfer_id, state=_BECOMES[body.step], enrolment_id=enrolment_id)
