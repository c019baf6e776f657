"""The shapes of examinations, of personal files that were signed, and of what was entered late."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from gateway.api.learner_bodies import Body, Word

Points = Annotated[Decimal, Field(ge=0, le=Decimal("9999.99"), max_digits=6, decimal_places=2)]
Part = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reason = Annotated[str, StringConstraints(min_length=5, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ExamBody(Body):
    """A result of an examination the state held; `corrects` names the one it takes the place of."""

    exam_code: Word
    taken_on: date
    points: Points
    certificate_no: Word
    part: Part = ""
    corrects: UUID | None = None


class ExamAnswer(BaseModel):
    """A result as it stands, with who told it."""

    result_id: UUID
    exam_code: str
    part: str
    taken_on: date
    points: Decimal
    certificate_no: str
    source: str
    recorded_at: datetime


class PackageBody(Body):
    """What a signed file is for; it is recorded."""

    reason: Reason


class PackageAnswer(BaseModel):
    """A file that was signed: `digest` is SHA-256 of its content, `problem` what is wrong with it now (or nothing)."""

    package_id: UUID
    signed_at: datetime
    digest: str
    problem: str


class LateAnswer(BaseModel):
    """An order: who entered it, the hours after its day, those a source was down, and those somebody answers for."""

    order_id: UUID
    kind: str
    effective_on: date
    recorded_at: datetime
    by: str
    hours: float
    excused: float
    answerable: float


class LatePlaceAnswer(BaseModel):
    """How late an organisation enters its orders: how many, how many late, the longest and all hours answered for."""

    code: str
    orders: int
    late: int
    longest: float
    answerable: float
