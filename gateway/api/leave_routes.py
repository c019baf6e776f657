"""Leaves of staff: listed, given and ended."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from gateway.access.errors import not_found
from gateway.access.within import organisation_within
from gateway.api.class_bodies import LeaveAnswer, LeaveBody, LeaveEndBody, MadeAnswer
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.learner_routes import NO_STORE
from gateway.api.organisation_routes import Code
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.staff.leave_model import StaffLeave
from gateway.registry.staff.leaving import NewLeave, end_leave, give_leave, leaves_of
from gateway.registry.staff.model import Employment
from gateway.registry.writing import Order


def add_leave_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked and ordered about leaves of staff."""

    @router.get("/organisations/{code}/leaves")
    async def staff_on_leave(
        code: Code, permit: Permitted, response: Response, on: Annotated[date | None, Query()] = None
    ) -> list[LeaveAnswer]:
        """List who of an organisation's staff is on leave on a day; today without one."""
        response.headers.update(NO_STORE)
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            found = await leaves_of(session, organisation.id, on=on or permit.right.on)
        return [LeaveAnswer.model_validate(each, from_attributes=True) for each in found]

    @router.post("/employments/{employment_id}/leaves", status_code=201)
    async def give_staff_leave(employment_id: UUID, body: LeaveBody, permit: Permitted) -> MadeAnswer:
        """Give a leave by order, within the employment and beside no other."""
        if body.until_on is not None and body.until_on <= body.from_on:
            raise InputRefused((("until_on", "RANGE"),))
        async with deps.database.transaction() as session:
            found = await session.execute(
                select(Employment.id).where(Employment.id == employment_id, permit.right.filter)
            )
            if found.scalar_one_or_none() is None:
                raise not_found()
            new = NewLeave(
                employment_id=employment_id,
                kind_code=body.kind_code,
                from_on=body.from_on,
                until_on=body.until_on,
            )
            order = Order(number=body.order_no, on=body.order_on)
            made = await give_leave(session, new, order=order, by=permit.user_id("kopuro-api"), at=utc_now())
        return MadeAnswer(id=made)

    @router.post("/leaves/{leave_id}/end", status_code=204)
    async def end_staff_leave(leave_id: UUID, body: LeaveEndBody, permit: Permitted) -> Response:
        """End a leave: the first day of work again."""
        async with deps.database.transaction() as session:
            found = await session.execute(
                select(StaffLeave.id)
                .join(Employment, Employment.id == StaffLeave.employment_id)
                .where(StaffLeave.id == leave_id, permit.right.filter)
            )
            if found.scalar_one_or_none() is None:
                raise not_found()
            await end_leave(session, leave_id, until_on=body.until_on, at=utc_now())
        return Response(status_code=204)
