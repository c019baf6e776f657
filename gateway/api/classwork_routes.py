"""Marks and attendance of a class, by its own teacher and the place's responsible person (R-075)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found
from gateway.api.class_bodies import AbsenceAnswer, AbsenceBody, MadeAnswer, MarkAnswer, MarkBody
from gateway.api.class_routes import class_within
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.learner_routes import NO_STORE
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.learners.attendance import Fact, RecordedFact, attendance, correct_fact, record_fact
from gateway.registry.learners.classes import class_learners
from gateway.registry.learners.marks import Mark, RecordedMark, correct_mark, marks, record_mark

_LONGEST_DAYS = 400


def add_classwork_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add marks and attendance; none of it ever comes by an exchange or an import."""
    _add_marks(router, deps)
    _add_attendance(router, deps)


def _add_marks(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/classes/{class_id}/marks")
    async def marks_of_class(class_id: UUID, permit: Permitted, response: Response) -> list[MarkAnswer]:
        """List the marks of those who are in a class today, as they stand after corrections."""
        response.headers.update(NO_STORE)
        async with permit.reading() as session:
            places = await _places(session, permit, class_id)
            return [_mark(place, each) for place in places for each in await marks(session, place)]

    @router.post("/classes/{class_id}/marks", status_code=201)
    async def give_mark(class_id: UUID, body: MarkBody, permit: Permitted) -> MadeAnswer:
        """Record a mark on the scale of the grade, or correct one; the old one stays to be read."""
        at, by = utc_now(), permit.user_id("kopuro-api")
        async with deps.database.transaction() as session:
            await _check_in_class(session, permit, class_id, body.enrolment_id)
            if body.corrects is not None:
                known = {each.result_id for each in await marks(session, body.enrolment_id)}
                if body.corrects not in known:
                    raise not_found()
                made = await correct_mark(session, body.corrects, body.mark, by=by, at=at)
            else:
                mark = Mark(
                    subject_code=body.subject_code,
                    period_code=body.period_code,
                    kind=body.kind,
                    value=body.mark,
                )
                made = await record_mark(session, body.enrolment_id, mark, on=day_of(at), by=by, at=at)
        return MadeAnswer(id=made)


def _add_attendance(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/classes/{class_id}/attendance")
    async def attendance_of_class(
        class_id: UUID,
        permit: Permitted,
        response: Response,
        since: Annotated[date, Query()],
        until: Annotated[date, Query()],
    ) -> list[AbsenceAnswer]:
        """List what stands about the attendance of a class from a day until the day before another."""
        response.headers.update(NO_STORE)
        if not 0 <= (until - since).days <= _LONGEST_DAYS:
            raise InputRefused((("until", "RANGE"),))
        async with permit.reading() as session:
            places = await _places(session, permit, class_id)
            return [
                _absence(place, each)
                for place in places
                for each in await attendance(session, place, since=since, until=until)
            ]

    @router.post("/classes/{class_id}/attendance", status_code=201)
    async def note_absence(class_id: UUID, body: AbsenceBody, permit: Permitted) -> MadeAnswer:
        """Record an absence or lateness, or correct one; that it was edited stays to be seen."""
        at, by = utc_now(), permit.user_id("kopuro-api")
        fact = Fact(
            happened_on=body.happened_on,
            type=body.type,
            lesson_no=body.lesson_no,
            reason_code=body.reason_code,
            hours=body.hours,
        )
        if body.happened_on > day_of(at):
            raise InputRefused((("happened_on", "DATE_IN_FUTURE"),))
        async with deps.database.transaction() as session:
            await _check_in_class(session, permit, class_id, body.enrolment_id)
            if body.corrects is not None:
                await _check_fact(session, body)
                made = await correct_fact(session, body.corrects, fact, by=by, at=at)
            else:
                made = await record_fact(session, body.enrolment_id, fact, by=by, at=at)
        return MadeAnswer(id=made)


async def _check_fact(session: AsyncSession, body: AbsenceBody) -> None:
    """Let a correction pass that names a fact of the same learner and day."""
    until = date.fromordinal(body.happened_on.toordinal() + 1)
    standing = await attendance(session, body.enrolment_id, since=body.happened_on, until=until)
    if body.corrects not in {each.fact_id for each in standing}:
        raise not_found()


async def _places(session: AsyncSession, permit: Permit, class_id: UUID) -> list[UUID]:
    """Give the enrolments that are in a class within reach today; raises AccessError."""
    await class_within(session, class_id, permit.right.filter)
    return [each.enrolment_id for each in await class_learners(session, class_id, on=permit.right.on)]


async def _check_in_class(session: AsyncSession, permit: Permit, class_id: UUID, enrolment_id: UUID) -> None:
    if enrolment_id not in await _places(session, permit, class_id):
        raise not_found()


def _mark(place: UUID, row: RecordedMark) -> MarkAnswer:
    return MarkAnswer(
        mark_id=row.result_id,
        enrolment_id=place,
        subject_code=row.mark.subject_code,
        period_code=row.mark.period_code,
        kind=row.mark.kind,
        mark=row.mark.value,
        scale_code=row.scale[0],
        scale_version=row.scale[1],
        recorded_at=row.recorded_at,
    )


def _absence(place: UUID, row: RecordedFact) -> AbsenceAnswer:
    return AbsenceAnswer(
        fact_id=row.fact_id,
        enrolment_id=place,
        happened_on=row.fact.happened_on,
        lesson_no=row.fact.lesson_no,
        type=row.fact.type,
        reason_code=row.fact.reason_code,
        corrections=row.corrections,
        recorded_at=row.recorded_at,
    )
