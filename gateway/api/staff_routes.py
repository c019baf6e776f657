"""Staff of an organisation: who works there, hiring, positions, the end; each change is carried out once."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.within import employment_version, organisation_within
from gateway.api.conditions import check_match, tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.idempotency import attempt_of
from gateway.api.learner_routes import NO_STORE
from gateway.api.once import Sending, Sent, once
from gateway.api.organisation_bodies import (
    AssignBody,
    EmploymentAnswer,
    EndBody,
    HireBody,
    StaffChangeAnswer,
    StaffPage,
)
from gateway.api.organisation_routes import Code
from gateway.api.paging import Cursor, Limit, cursor_of, place_of
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.intake.hiring import hire_by_pin
from gateway.registry.repository import Provenance
from gateway.registry.staff.assigning import NewAssignment, assign
from gateway.registry.staff.employing import end_employment
from gateway.registry.staff.listing import list_staff
from gateway.registry.staff.model import Employment
from gateway.registry.values import SCHOOL, Pin


def add_staff_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked and changed about staff."""
    _add_list(router)
    _add_hiring(router, deps)
    _add_positions(router, deps)


def _add_list(router: APIRouter) -> None:
    @router.get("/organisations/{code}/staff")
    async def staff_of_organisation(
        code: Code,
        permit: Permitted,
        response: Response,
        cursor: Annotated[Cursor, Query()] = "",
        limit: Annotated[Limit, Query()] = 50,
    ) -> StaffPage:
        """List the employments at an organisation within reach; who has left is shown without a name."""
        response.headers.update(NO_STORE)
        after = _id_of(cursor)
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            found = await list_staff(
                session,
                Employment.organisation_id == organisation.id,
                permit.right.filter,
                after=after,
                limit=limit + 1,
            )
        shown = [EmploymentAnswer.model_validate(each, from_attributes=True) for each in found[:limit]]
        last = cursor_of(str(shown[-1].employment_id)) if len(found) > limit else ""
        return StaffPage(staff=shown, next_cursor=last)


def _id_of(cursor: str) -> UUID | None:
    place = place_of(cursor)
    try:
        return UUID(place) if place else None
    except ValueError:
        raise InputRefused((("cursor", "NOT_A_CURSOR"),)) from None


def _add_hiring(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/organisations/{code}/staff", status_code=201)
    async def hire_somebody(
        code: Code, body: HireBody, permit: Permitted, response: Response, sent: Sent
    ) -> StaffChangeAnswer:
        """Hire a person the registry knows by the PIN of the contract."""
        pin = Pin.parse(body.pin)

        async def change(session: AsyncSession) -> StaffChangeAnswer:
            organisation = await organisation_within(session, permit.right, code)
            made = await hire_by_pin(
                session,
                organisation.id,
                pin,
                body.model_dump(exclude={"pin", "passport"}),
                passport=body.passport,
                provenance=_told(permit, sent),
            )
            return StaffChangeAnswer(employment_id=made, assignment_id=None, version=1)

        attempt = attempt_of(permit.caller, sent.key, f"staff/{code}", body)
        return await once(deps.database, attempt, response, change=change, shape=StaffChangeAnswer)


def _add_positions(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/employments/{employment_id}/assignments", status_code=201)
    async def assign_position(
        employment_id: UUID, body: AssignBody, permit: Permitted, response: Response, sent: Sent
    ) -> StaffChangeAnswer:
        """Give a position within an employment; more than two full-time positions in all is a review case."""

        async def change(session: AsyncSession) -> StaffChangeAnswer:
            version = await employment_version(session, permit.right, employment_id)
            new = NewAssignment(employment_id=employment_id, **body.model_dump())
            if new.until_on is not None and new.until_on <= new.from_on:
                raise InputRefused((("until_on", "RANGE"),))
            made = await assign(session, new, at=utc_now())
            return StaffChangeAnswer(employment_id=employment_id, assignment_id=made, version=version)

        attempt = attempt_of(permit.caller, sent.key, f"assignments/{employment_id}", body)
        return await once(deps.database, attempt, response, change=change, shape=StaffChangeAnswer)

    @router.post("/employments/{employment_id}/end", status_code=201)
    async def end_work(
        employment_id: UUID, body: EndBody, permit: Permitted, response: Response, sent: Sent
    ) -> StaffChangeAnswer:
        """End an employment that stands at the version of If-Match; its positions end with it."""

        async def change(session: AsyncSession) -> StaffChangeAnswer:
            version = await employment_version(session, permit.right, employment_id)
            check_match(sent.if_match, tag(version))
            await end_employment(
                session,
                employment_id,
                end_on=body.end_on,
                reason_code=body.reason_code,
                provenance=_told(permit, sent),
            )
            return StaffChangeAnswer(employment_id=employment_id, assignment_id=None, version=version + 1)

        attempt = attempt_of(permit.caller, sent.key, f"end/{employment_id}", body)
        return await once(deps.database, attempt, response, change=change, shape=StaffChangeAnswer)


def _told(permit: Permit, sent: Sending) -> Provenance:
    return Provenance(source=SCHOOL, recorded_at=utc_now(), entered_by=permit.user_id(sent.user))
