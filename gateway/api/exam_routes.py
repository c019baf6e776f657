"""Results of examinations the state held: read beside their source, recorded, corrected by a new one."""

from uuid import UUID

from fastapi import APIRouter, Response

from gateway.access.within import learner_within
from gateway.api.class_bodies import MadeAnswer
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.learner_routes import NO_STORE, IsuoNo, visible_learner
from gateway.api.record_bodies import ExamAnswer, ExamBody
from gateway.foundation.clock import utc_now
from gateway.registry.learners.exams import Exam, RecordedExam, exams_of, record_exam
from gateway.registry.repository import Provenance
from gateway.registry.values import SCHOOL


def add_exam_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add the results of a learner."""

    @router.get("/learners/{isuo_no}/exams")
    async def exams_of_learner(isuo_no: IsuoNo, permit: Permitted, response: Response) -> list[ExamAnswer]:
        """List the results that stand, by day, each with who told it."""
        response.headers.update(NO_STORE)
        person_id = await visible_learner(permit, isuo_no)
        async with permit.reading() as session:
            return [_answer(each) for each in await exams_of(session, person_id)]

    @router.post("/learners/{isuo_no}/exams", status_code=201)
    async def record_exam_of_learner(isuo_no: IsuoNo, body: ExamBody, permit: Permitted) -> MadeAnswer:
        """Record a result as the school knows it, or correct one of the school's own."""
        user = permit.user_id("kopuro-api")
        told = Provenance(source=SCHOOL, recorded_at=utc_now(), entered_by=user)
        exam = Exam(**body.model_dump(exclude={"corrects"}))
        async with deps.database.transaction() as session:
            person_id: UUID = await learner_within(session, permit.right, isuo_no)
            made = await record_exam(session, person_id, exam, provenance=told, corrects=body.corrects)
        return MadeAnswer(id=made)


def _answer(found: RecordedExam) -> ExamAnswer:
    exam = found.exam
    return ExamAnswer(
        result_id=found.result_id,
        exam_code=exam.exam_code,
        part=exam.part,
        taken_on=exam.taken_on,
        points=exam.points,
        certificate_no=exam.certificate_no,
        source=found.source_code,
        recorded_at=found.recorded_at,
    )
