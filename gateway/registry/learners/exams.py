"""Results of examinations the state held: told by a source, corrected by a new row, never changed."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.class_tables import ExamResult
from gateway.registry.model import Person
from gateway.registry.repository import Provenance, record_event
from gateway.registry.writing import write

Correction = aliased(ExamResult, name="correction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What was reached: the examination (book EXAM), its part, the day, the points, the certificate's number."""

    exam_code: str
    taken_on: date
    points: Decimal
    certificate_no: str
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExam:
    """A result as it stands, with who told it."""

    result_id: UUID
    exam: Exam
    source_code: str
    recorded_at: datetime


async def record_exam(
    session: AsyncSession,
    person_id: UUID,
    exam: Exam,
    *,
    provenance: Provenance,
    corrects: UUID | None = None,
) -> UUID:
    """Record a result and give its id; raises RegistryError for one that stands already or is corrected already.

    A correction stands in the place of what it corrects, comes from the same source and names the same certificate.
    """
    if corrects is not None:
        await _check_corrects(session, person_id, exam, corrects, by=provenance.source)
    result_id = uuid4()
    await write(
        session,
        insert(ExamResult).values(
            id=result_id,
            person_id=person_id,
            exam_code=exam.exam_code,
            part=exam.part,
            taken_on=exam.taken_on,
            points=exam.points,
            certificate_no=exam.certificate_no,
            source_code=provenance.source,
            exchange_id=provenance.exchange_id,
            corrects_id=corrects,
            recorded_at=provenance.recorded_at,
            recorded_by=provenance.entered_by or provenance.source,
        ),
    )
    await record_event(session, "EXAM_RECORDED", person_id, at=provenance.recorded_at)
    return result_id


async def exams_of(session: AsyncSession, person_id: UUID) -> tuple[RecordedExam, ...]:
    """Read the results that stand for a person, those of merged entries included, by day."""
    root = select(Person.master_id).where(Person.id == person_id).scalar_subquery()
    same = select(Person.id).where(
        or_(Person.id == person_id, Person.id == root, Person.master_id.in_((person_id, root)))
    )
    found = await session.execute(
        select(ExamResult)
        .where(
            ExamResult.person_id.in_(same),
            ~select(Correction.id).where(Correction.corrects_id == ExamResult.id).exists(),
        )
        .order_by(ExamResult.taken_on, ExamResult.exam_code, ExamResult.part)
    )
    return tuple(_recorded(row) for row in found.scalars())


async def _check_corrects(
    session: AsyncSession, person_id: UUID, exam: Exam, corrects: UUID, *, by: str
) -> None:
    old = await session.get(ExamResult, corrects)
    if old is None or old.person_id != person_id:
        raise RegistryError("there is no such result to correct")
    if old.source_code != by:
        raise RegistryError("only the source that told a result corrects it")
    if (old.exam_code, old.part, old.certificate_no) != (exam.exam_code, exam.part, exam.certificate_no):
        raise InputRefused((("certificate_no", "ANOTHER_RESULT"),))


def _recorded(row: ExamResult) -> RecordedExam:
    exam = Exam(
        exam_code=row.exam_code,
        part=row.part,
        taken_on=row.taken_on,
        points=row.points,
        certificate_no=row.certificate_no,
    )
    return RecordedExam(result_id=row.id, exam=exam, source_code=row.source_code, recorded_at=row.recorded_at)
