"""The shapes of requests and answers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from gateway.intake.admission import Result
from gateway.intake.autofill_more import Part
from gateway.intake.ports import Outcome
from gateway.registry.values import IdentifierStatus, VerificationStatus


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DocumentBody(_Body):
    """A passport by series and number."""

    series: str
    number: str


class NamesBody(_Body):
    """What the clerk has typed already; the PIN's person must agree with it."""

    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None
    birth_date: str | None = None
    sex: str | None = None


class AutofillBody(_Body):
    """A PIN to fill a form from."""

    pin: str
    document: DocumentBody | None = None
    names: NamesBody | None = None
    parts: tuple[Part, ...] = ()


class LearnerBody(_Body):
    """A learner to admit; all values are text, dates are ISO or DD.MM.YYYY."""

    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None
    sex: str | None = None
    birth_date: str | None = None
    pin: str | None = None
    birth_certificate: str | None = None
    passport: str | None = None
    citizenship: str | None = None
    organisation_code: str | None = None
    grade: str | None = None
    level: str | None = None
    form: str | None = None
    start_on: str | None = None
    source: str | None = None
    source_record_key: str | None = None


class DecisionBody(_Body):
    """The answer to a review case, and who gives it; `candidate` where it is not the first one."""

    decision: Literal["confirm", "reject"]
    by: str
    candidate: UUID | None = None


class FieldAnswer(BaseModel):
    """A value with its source and what it is worth."""

    name: str
    value: str | None
    source: str
    verified_at: datetime | None
    status: VerificationStatus
    exchange_id: UUID | None


class WarningAnswer(BaseModel):
    """A reason code with its sentence."""

    code: str
    message: str


class AutofillAnswer(BaseModel):
    """The filled form."""

    fields: list[FieldAnswer]
    outcomes: dict[str, Outcome]
    warnings: list[WarningAnswer]


class AdmissionAnswer(BaseModel):
    """What became of an application."""

    result: Result
    isuo_no: str
    enrolment_id: UUID | None
    case_id: UUID | None
    verification: VerificationStatus
    reasons: list[WarningAnswer]
    explanation: list[str]
    fields: list[FieldAnswer]


class IdentifierAnswer(BaseModel):
    """An identifier of a person."""

    scheme: str
    value: str
    status: IdentifierStatus


class PeriodAnswer(BaseModel):
    """A status of an enrolment."""

    status: str
    from_on: date
    until_on: date | None


class EnrolmentAnswer(BaseModel):
    """An enrolment; a held one waits for a decision."""

    enrolment_id: UUID
    organisation_code: str
    organisation_name_ky: str
    organisation_name_ru: str
    level: str
    form: str
    grade: str | None
    start_on: date
    end_on: date | None
    held: bool
    periods: list[PeriodAnswer]


class LearnerAnswer(BaseModel):
    """A learner's card; asked again with its `as_of` and `known_at` it is given as it was."""

    isuo_no: str
    as_of: date | None = None
    known_at: datetime | None = None
    also_known_as: list[str]
    status: str
    version: int
    open_case: bool
    fields: list[FieldAnswer]
    identifiers: list[IdentifierAnswer]
    enrolments: list[EnrolmentAnswer]


class EvidenceAnswer(BaseModel):
    """What one field says for or against a candidate."""

    field: str
    level: str
    weight: float
    text: str


class CandidateAnswer(BaseModel):
    """An entry the case's person may be."""

    person_id: UUID
    isuo_no: str
    score: float
    rule: str
    evidence: list[EvidenceAnswer]


class CaseAnswer(BaseModel):
    """A review case."""

    case_id: UUID
    kind: str
    state: str
    isuo_no: str
    field: str
    explanation: str
    message: str
    created_at: datetime
    candidates: list[CandidateAnswer]


class DecisionAnswer(BaseModel):
    """The state of the case after the decision."""

    case_id: UUID
    state: str
