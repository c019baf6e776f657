"""The shapes of classes, shifts and programmes, of who is in a class, and of classwork."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from gateway.api.learner_bodies import Body, Word

Mark = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=r"^[^\x00-\x1f\x7f]+$")]


class NewClassBody(Body):
    """A class or group to open for an academic year; codes are those of the reference books."""

    academic_year: Word
    name: Word
    opened_on: date
    language_code: Word
    kind_code: Word = "REGULAR"
    grade_code: Word | None = None
    shift_id: UUID | None = None
    capacity: Annotated[int, Field(gt=0, le=1000)] | None = None


class ShiftBody(Body):
    """A shift of an academic year by its local hours."""

    academic_year: Word
    number: Annotated[int, Field(ge=1, le=3)]
    starts_at: time
    ends_at: time


class ProgrammeBody(Body):
    """A programme offered from a day on."""

    code: Word
    name_ky: Word
    name_ru: Word
    level_code: Word
    form_code: Word
    language_code: Word
    valid_from: date


class ProgrammeAnswer(BaseModel):
    """A programme an organisation offers."""

    programme_id: UUID
    code: str
    name_ky: str
    name_ru: str
    level_code: str
    form_code: str
    language_code: str
    valid_from: date
    valid_until: date | None


class MadeAnswer(BaseModel):
    """What was made."""

    id: UUID


class PlaceBody(Body):
    """Who comes into the class from which day: an enrolment of the same organisation."""

    enrolment_id: UUID
    from_on: date


class DepartBody(Body):
    """Who leaves the class: the first day that no longer counts."""

    enrolment_id: UUID
    until_on: date


class TeacherBody(Body):
    """Whose class it is from now on: an employment at the same organisation."""

    employment_id: UUID


class CloseBody(Body):
    """The first day the class no longer exists."""

    closed_on: date


class ClassLearnerAnswer(BaseModel):
    """A learner of the class by name, and nothing of the card besides."""

    enrolment_id: UUID
    isuo_no: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    from_on: date
    until_on: date | None


class MarkBody(Body):
    """A mark of a learner of the class; `corrects` names the mark it takes the place of."""

    enrolment_id: UUID
    subject_code: Word
    period_code: Word
    kind: Literal["QUARTER", "YEAR", "EXAM", "FINAL"]
    mark: Mark
    corrects: UUID | None = None


class MarkAnswer(BaseModel):
    """A mark as it stands, on which version of which scale, and when it was recorded."""

    mark_id: UUID
    enrolment_id: UUID
    subject_code: str
    period_code: str
    kind: str
    mark: str
    scale_code: str
    scale_version: int
    recorded_at: datetime


class AbsenceBody(Body):
    """An absence or lateness of a learner of the class; lesson 0 is the whole day. `corrects` names another fact."""

    enrolment_id: UUID
    happened_on: date
    type: Literal["ABSENT", "LATE", "PRESENT"]
    lesson_no: Annotated[int, Field(ge=0, le=20)] = 0
    reason_code: Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    hours: Annotated[Decimal, Field(ge=0, le=24, decimal_places=2)] | None = None
    corrects: UUID | None = None


class AbsenceAnswer(BaseModel):
    """What stands about a day or lesson, and how often it was corrected."""

    fact_id: UUID
    enrolment_id: UUID
    happened_on: date
    lesson_no: int
    type: str
    reason_code: str
    corrections: int
    recorded_at: datetime


class LeaveBody(Body):
    """A leave of a kind of the book STAFF_LEAVE_KIND, by order; without an end it lasts until the return."""

    kind_code: Word
    order_no: Word
    order_on: date
    from_on: date
    until_on: date | None = None


class LeaveEndBody(Body):
    """The first day of work again."""

    until_on: date


class LeaveAnswer(BaseModel):
    """A leave as it stands."""

    leave_id: UUID
    employment_id: UUID
    kind_code: str
    order_no: str
    from_on: date
    until_on: date | None
