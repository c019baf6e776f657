"""Classes: opened, given a teacher, closed; who is in them; shifts and programmes (R-035, R-071)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.access.within import organisation_within
from gateway.api.class_bodies import (
    ClassLearnerAnswer,
    CloseBody,
    DepartBody,
    MadeAnswer,
    NewClassBody,
    PlaceBody,
    ProgrammeAnswer,
    ProgrammeBody,
    ShiftBody,
    TeacherBody,
)
from gateway.api.conditions import IfMatch, check_match, tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_bodies import Word
from gateway.api.learner_routes import NO_STORE
from gateway.api.organisation_bodies import ClassAnswer
from gateway.api.organisation_routes import Code, class_answer
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.learners.classes import class_learners, place_in_class, take_out_of_class
from gateway.registry.model import Enrolment
from gateway.registry.organisations.classes import (
    NewClassGroup,
    NewProgramme,
    add_shift,
    appoint_class_teacher,
    close_class_group,
    offer_programme,
    open_class_group,
)
from gateway.registry.organisations.model import ClassGroup, ProgrammeOffering


def add_class_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked and changed about classes."""
    _add_lists(router)
    _add_opening(router, deps)
    _add_teaching(router, deps)
    _add_members(router, deps)


def _add_lists(router: APIRouter) -> None:
    @router.get("/classes")
    async def classes_within_reach(
        permit: Permitted, academic_year: Annotated[Word | None, Query()] = None
    ) -> list[ClassAnswer]:
        """List the open classes within reach; a teacher's are those of the grant and those taught there."""
        statement = select(ClassGroup).where(
            permit.right.filter, ClassGroup.closed_on.is_(None) | (ClassGroup.closed_on > permit.right.on)
        )
        if academic_year:
            statement = statement.where(ClassGroup.academic_year == academic_year)
        async with permit.reading() as session:
            found = await session.execute(
                statement.order_by(ClassGroup.academic_year, ClassGroup.name, ClassGroup.id).limit(1000)
            )
            return [class_answer(each) for each in found.scalars()]

    @router.get("/classes/{class_id}/learners")
    async def learners_of_class(
        class_id: UUID, permit: Permitted, response: Response
    ) -> list[ClassLearnerAnswer]:
        """List who is in a class today by name."""
        response.headers.update(NO_STORE)
        async with permit.reading() as session:
            await class_within(session, class_id, permit.right.filter)
            found = await class_learners(session, class_id, on=permit.right.on)
        return [ClassLearnerAnswer.model_validate(each, from_attributes=True) for each in found]

    @router.get("/organisations/{code}/programmes")
    async def programmes_of_organisation(code: Code, permit: Permitted) -> list[ProgrammeAnswer]:
        """List the programmes an organisation offers or offered."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            found = await session.execute(
                select(ProgrammeOffering)
                .where(ProgrammeOffering.organisation_id == organisation.id)
                .order_by(ProgrammeOffering.valid_from, ProgrammeOffering.code)
            )
            return [_programme(each) for each in found.scalars()]


def _programme(row: ProgrammeOffering) -> ProgrammeAnswer:
    values: dict[str, Any] = {
        name: getattr(row, name) for name in ProgrammeAnswer.model_fields if name != "programme_id"
    }
    return ProgrammeAnswer(programme_id=row.id, **values)


def _add_opening(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/organisations/{code}/classes", status_code=201)
    async def open_class(code: Code, body: NewClassBody, permit: Permitted) -> MadeAnswer:
        """Open a class or group; a second one of the same name, year and shift is refused."""
        async with deps.database.transaction() as session:
            organisation = await organisation_within(session, permit.right, code)
            new = NewClassGroup(**body.model_dump())
            return MadeAnswer(id=await open_class_group(session, organisation.id, new, at=utc_now()))

    @router.post("/organisations/{code}/shifts", status_code=201)
    async def open_shift(code: Code, body: ShiftBody, permit: Permitted) -> MadeAnswer:
        """Add a shift of an academic year."""
        if body.ends_at <= body.starts_at:
            raise InputRefused((("ends_at", "RANGE"),))
        async with deps.database.transaction() as session:
            organisation = await organisation_within(session, permit.right, code)
            made = await add_shift(
                session,
                organisation.id,
                body.academic_year,
                body.number,
                hours=(body.starts_at.replace(tzinfo=None), body.ends_at.replace(tzinfo=None)),
                at=utc_now(),
            )
        return MadeAnswer(id=made)

    @router.post("/organisations/{code}/programmes", status_code=201)
    async def add_programme(code: Code, body: ProgrammeBody, permit: Permitted) -> MadeAnswer:
        """Offer a programme from a day on."""
        async with deps.database.transaction() as session:
            organisation = await organisation_within(session, permit.right, code)
            new = NewProgramme(**body.model_dump())
            return MadeAnswer(id=await offer_programme(session, organisation.id, new, at=utc_now()))


def _add_teaching(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/classes/{class_id}/teacher", status_code=204)
    async def give_class_a_teacher(
        class_id: UUID, body: TeacherBody, permit: Permitted, if_match: IfMatch = None
    ) -> Response:
        """Appoint the class's teacher upon the version that was read; it opens the class to that teacher."""
        async with deps.database.transaction() as session:
            found = await class_within(session, class_id, _of_place(permit))
            check_match(if_match, tag(found.version))
            await appoint_class_teacher(
                session, class_id, body.employment_id, version=found.version, at=utc_now()
            )
        return Response(status_code=204)

    @router.post("/classes/{class_id}/closing", status_code=204)
    async def close_class(class_id: UUID, body: CloseBody, permit: Permitted) -> Response:
        """Close a class from a day on; everybody's time in it ends then."""
        async with deps.database.transaction() as session:
            found = await class_within(session, class_id, _of_place(permit))
            if body.closed_on < found.opened_on:
                raise InputRefused((("closed_on", "RANGE"),))
            await close_class_group(session, class_id, closed_on=body.closed_on, at=utc_now())
        return Response(status_code=204)


def _add_members(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/classes/{class_id}/learners", status_code=201)
    async def place_learner(class_id: UUID, body: PlaceBody, permit: Permitted) -> MadeAnswer:
        """Put a learner of the same organisation into a class; the class before is left on that day."""
        async with deps.database.transaction() as session:
            await class_within(session, class_id, _of_place(permit))
            await enrolment_within(session, permit, body.enrolment_id)
            made = await place_in_class(
                session,
                body.enrolment_id,
                class_id,
                from_on=body.from_on,
                by=permit.user_id("kopuro-api"),
                at=utc_now(),
            )
        return MadeAnswer(id=made)

    @router.post("/classes/{class_id}/departures", status_code=204)
    async def take_learner_out(class_id: UUID, body: DepartBody, permit: Permitted) -> Response:
        """End a learner's time in a class."""
        async with deps.database.transaction() as session:
            await class_within(session, class_id, _of_place(permit))
            await take_out_of_class(
                session, body.enrolment_id, class_id, until_on=body.until_on, at=utc_now()
            )
        return Response(status_code=204)


def _of_place(permit: Permit) -> ColumnElement[bool]:
    return permit.right.by_organisation(ClassGroup.organisation_id)


async def class_within(session: AsyncSession, class_id: UUID, within: ColumnElement[bool]) -> ClassGroup:
    """Find a class within reach; raises AccessError alike for a missing one and for another's."""
    found = (
        await session.execute(select(ClassGroup).where(ClassGroup.id == class_id, within))
    ).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


async def enrolment_within(session: AsyncSession, permit: Permit, enrolment_id: UUID) -> Enrolment:
    """Find an enrolment at an organisation within reach; raises AccessError."""
    within = permit.right.by_organisation(Enrolment.organisation_id)
    found = (
        await session.execute(select(Enrolment).where(Enrolment.id == enrolment_id, within))
    ).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found
