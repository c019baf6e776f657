"""The shapes of organisations, their staff, the reference books and the feed of changes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from gateway.api.learner_bodies import Body, Word


class OrganisationAnswer(BaseModel):
    """An organisation as it stands."""

    code: str
    status: str
    type_code: str | None
    name_ky: str
    name_ru: str
    inn: str | None
    okpo: str | None
    soate: str | None
    ownership_code: str | None
    opened_on: date | None
    closed_on: date | None
    version: int


class PassportAnswer(BaseModel):
    """The passport of an organisation and what the head's last confirmation of it is worth.

    `digest` is that of the content; `missing` are codes of the book PASSPORT_ITEM.
    """

    code: str
    state: str
    completeness: int
    missing: list[str]
    confirmed_at: datetime | None
    confirmed_by: str | None
    digest: str
    content: dict[str, list[dict[str, Any]]]


class SignatureBody(Body):
    """The head's detached signature over the bytes of …/passport/statement, in base64, with the certificate (DER)."""

    algorithm: Word
    signature: Annotated[str, StringConstraints(max_length=2048, pattern=r"^[A-Za-z0-9+/=]+$")]
    certificate: Annotated[str, StringConstraints(max_length=16384, pattern=r"^[A-Za-z0-9+/=]+$")]


class SignatureAnswer(BaseModel):
    """What is kept of the signature under the last confirmation, verified anew; `problem` is empty where it holds."""

    signed_at: datetime
    certificate_serial: str
    issuer: str
    scope: str
    digest: str
    problem: str
    content: str
    signature: str
    certificate: str
    algorithm: str


class ConfirmationAnswer(BaseModel):
    """The head's confirmation, bound to the digest of what was confirmed."""

    confirmation_id: UUID
    digest: str
    completeness: int
    confirmed_at: datetime


class ClassAnswer(BaseModel):
    """A class or group of an academic year."""

    class_id: UUID
    academic_year: str
    name: str
    grade_code: str | None
    language_code: str
    kind_code: str
    capacity: int | None
    teacher_employment_id: UUID | None
    opened_on: date
    closed_on: date | None
    version: int


class AssignmentAnswer(BaseModel):
    """A position held within an employment, in full-time equivalents."""

    assignment_id: UUID
    position_code: str
    fte: Decimal
    from_on: date
    until_on: date | None


class EmploymentAnswer(BaseModel):
    """Somebody's work at an organisation; `version` in quotes is what ending it takes as If-Match."""

    employment_id: UUID
    isuo_no: str | None
    surname: str | None
    given_name: str | None
    patronymic: str | None
    position_code: str
    category_code: str
    kind_code: str
    start_on: date
    end_on: date | None
    end_reason_code: str | None
    social_fund_status: str | None
    version: int
    assignments: list[AssignmentAnswer]


class StaffPage(BaseModel):
    """A page of an organisation's employments; `next_cursor` is empty on the last one."""

    staff: list[EmploymentAnswer]
    next_cursor: str


class HireBody(Body):
    """Whom to hire as what from which day. The PIN is that of the contract; a number alone opens nobody.

    A passport shown is checked with its issuer, and asked about where another person stands with it.
    """

    pin: Annotated[str, StringConstraints(max_length=32)]
    passport: Annotated[str, StringConstraints(max_length=32)] | None = None
    position_code: Word
    start_on: date
    kind_code: Word = "MAIN"
    contract_no: Word | None = None
    order_no: Word


class AssignBody(Body):
    """A position to hold within an employment."""

    position_code: Word
    fte: Annotated[Decimal, Field(gt=0, le=2, max_digits=3, decimal_places=2)]
    from_on: date
    until_on: date | None = None


class EndBody(Body):
    """The first day that no longer counts, and a code of the book EMPLOYMENT_END."""

    end_on: date
    reason_code: Word


class StaffChangeAnswer(BaseModel):
    """What a change of staff made."""

    employment_id: UUID
    assignment_id: UUID | None
    version: int


class BookAnswer(BaseModel):
    """A reference book by its newest version."""

    code: str
    version: int
    name: str
    owner: str
    source: str
    effective_on: date


class BookValueAnswer(BaseModel):
    """A value of a book; `name` is in the language that was asked for."""

    code: str
    name: str
    name_ky: str
    name_ru: str
    name_en: str
    parent_code: str | None
    valid_from: date | None
    valid_until: date | None
    selectable: bool
    attributes: dict[str, Any]


class BookPage(BaseModel):
    """A book with the values that hold on a day."""

    code: str
    version: int
    name: str
    on: date
    language: str
    values: list[BookValueAnswer]


class EventAnswer(BaseModel):
    """A change of the registry: references only, no value."""

    seq: int
    type: str
    subject_type: str
    subject_id: UUID
    at: datetime
    effective_on: date | None
    detail: dict[str, Any]


class EventPage(BaseModel):
    """Settled events and the cursor to ask with next; the cursor stays good when there are none."""

    events: list[EventAnswer]
    cursor: str
    has_more: bool
