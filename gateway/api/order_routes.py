"""Orders about learners, and changes of schools step by step; each is carried out once."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.within import learner_within
from gateway.api.conditions import check_match, learner_tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.idempotency import attempt_of
from gateway.api.learner_bodies import (
    OrderAnswer,
    OrderBody,
    StepAnswer,
    StepBody,
    TransferAnswer,
    TransfersAnswer,
)
from gateway.api.learner_routes import NO_STORE, IsuoNo
from gateway.api.once import Sent, once
from gateway.foundation.clock import utc_now
from gateway.intake.ordering import carry_out
from gateway.intake.transferring import running_transfers, take_step


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
            person_id = await learner_within(session, permit.right, isuo_no)
            check_match(sent.if_match, await learner_tag(session, person_id, lock=True))
            made = await carry_out(
                session, permit.right, person_id, body.wanted(), by=permit.user_id(sent.user), at=utc_now()
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
            found = await running_transfers(session, permit.right)
        return TransfersAnswer(
            transfers=[TransferAnswer.model_validate(each, from_attributes=True) for each in found]
        )

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
            taken = await take_step(
                session, permit.right, transfer_id, body.wanted(), by=permit.user_id(sent.user)
            )
            return StepAnswer(transfer_id=transfer_id, state=taken.state, enrolment_id=taken.enrolment_id)

        attempt = attempt_of(permit.caller, sent.key, f"transfers/{transfer_id}", body)
        return await once(deps.database, attempt, response, change=change, shape=StepAnswer)
