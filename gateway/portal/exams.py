"""Results of examinations the state held, about one learner: what stands, one to record, one to correct."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from gateway.access.decide import decide
from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.access.within import learner_within
from gateway.foundation.clock import today
from gateway.pages.room import Page, Room
from gateway.pages.visit import Visit
from gateway.portal.changing import answer_form, change_once, told_by
from gateway.portal.desk import Desk
from gateway.portal.fields import Field, read_fields, with_options
from gateway.portal.forms import Form, new_form
from gateway.registry.learners.exams import Exam, exams_of, record_exam
from gateway.registry.values import SCHOOL

CLERKS = holder(Kind.STAFF, Action.READ)
WRITING = holder(Kind.PERSON, Action.WRITE)
_FIELDS = (
    Field(name="exam_code", kind="choice", book="EXAM"),
    Field(name="part", required=False, longest=64),
    Field(name="taken_on", kind="day"),
    Field(name="points", kind="amount"),
    Field(name="certificate_no", longest=64),
    Field(name="corrects", required=False, longest=36),
)


class Exams:
    """The answers of these pages."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk."""
        self._desk = desk

    def room(self) -> Room:
        """Give the pages."""
        path = "/learners/{isuo_no}/exams"
        return Room(
            pages=(
                Page(method="GET", path=path, answer=self.show, policy=CLERKS),
                Page(method="POST", path=path, answer=self.record, policy=WRITING),
            )
        )

    async def show(self, visit: Visit) -> Response:
        """Show the results that stand, and the form of another; one of the school's own may be corrected."""
        return await self._show(visit, new_form(taken_on=today().isoformat()))

    async def _show(self, visit: Visit, form: Form, *, status: int = 200) -> Response:
        readers = decide(visit.caller, Action.READ, Kind.PERSON)
        async with visit.reading() as session:
            person_id = await learner_within(session, readers, visit.path("isuo_no"))
            found = await exams_of(session, person_id)
            fields = await with_options(session, _FIELDS, visit.language)
        return visit.render(
            "portal/exams.html",
            status=status,
            form=form,
            number=visit.path("isuo_no"),
            exams=found,
            fields=[each for each in fields if each.name != "corrects"],
            names={each.code: each.name for each in fields[0].given},
            own=[each for each in found if each.source_code == SCHOOL],
        )

    async def record(self, visit: Visit) -> Response:
        """Record a result as the school knows it, or correct one of its own."""

        async def act() -> Response:
            async with visit.reading() as session:
                fields = await with_options(session, _FIELDS, visit.language)
            values = read_fields(visit, fields)
            await change_once(visit, lambda session: self._record(session, visit, values))
            return visit.redirect(
                f"/portal/learners/{visit.path('isuo_no')}/exams", told="learners.exam_recorded"
            )

        async def again(form: Form, status: int) -> Response:
            return await self._show(visit, form, status=status)

        return await answer_form(act, again, visit)

    async def _record(self, session: AsyncSession, visit: Visit, values: Mapping[str, Any]) -> dict[str, str]:
        person_id = await learner_within(session, visit.right, visit.path("isuo_no"))
        standing = {str(each.result_id): each.result_id for each in await exams_of(session, person_id)}
        corrects: UUID | None = standing.get(values["corrects"] or "")
        exam = Exam(
            **{name: value for name, value in values.items() if name not in {"corrects", "part"}},
            part=values["part"] or "",
        )
        made = await record_exam(session, person_id, exam, provenance=told_by(visit), corrects=corrects)
        return {"result_id": str(made)}
