"""The shapes of the card's blocks, configured registers, corrections, boards and enquiries."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from gateway.api.learner_bodies import Body, Text, Word

Said = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]


class ItemAnswer(BaseModel):
    """One thing a block shows, with its source and since when it is known."""

    what: str
    value: dict[str, Any]
    source: str
    known_at: datetime
    status: str


class BlockAnswer(BaseModel):
    """A block of the card; a closed one opens only with a reason that is noted."""

    name: str
    closed: bool
    items: list[ItemAnswer]


class RegisterFieldAnswer(BaseModel):
    """A field of a configured register."""

    name: str
    kind: str
    data_class: str
    required: bool
    choices: list[str]


class RegisterAnswer(BaseModel):
    """A configured register."""

    code: str
    names: dict[str, str]
    readers: list[str]
    fields: list[RegisterFieldAnswer]


class EntryBody(Body):
    """An entry of a configured register; `corrects` names the one it takes the place of."""

    happened_on: date
    content: dict[Word, str | int | bool | None]
    corrects: UUID | None = None


class EntryAnswer(BaseModel):
    """An entry as it stands, with its source."""

    entry_id: UUID
    register_code: str
    happened_on: date
    content: dict[str, Any]
    source_code: str
    recorded_at: datetime


class CorrectionBody(Body):
    """A value as the school knows it."""

    field: Literal["surname", "given_name", "patronymic", "birth_date", "sex"]
    value: Text


class CorrectionAnswer(BaseModel):
    """Whether the value shows now, or which case asks about it."""

    changed: bool
    case_id: UUID | None


class ScoreAnswer(BaseModel):
    """An organisation's card: numbers, never a person."""

    code: str
    learners: int
    completeness: int
    accuracy: int | None
    days_late: float | None
    unverified: int
    open_cases: int
    passport_unconfirmed: bool
    without_responsible: bool


class BoardAnswer(BaseModel):
    """What waits within reach, and the organisations it is the sum of; where there are many, those first in need."""

    organisations: int
    learners: int
    unverified: int
    open_cases: int
    passports_unconfirmed: int
    without_responsible: int
    duplicates_prevented: int
    scores: list[ScoreAnswer]


class EnquiryBody(Body):
    """A question to the special administrator, about an organisation or one of its cases."""

    text: Said
    case_id: UUID | None = None


class WordBody(Body):
    """One more word in a thread."""

    text: Said


class MessageAnswer(BaseModel):
    """One word in a thread."""

    number: int
    author: str
    text: str
    at: datetime


class EnquiryAnswer(BaseModel):
    """A thread with what was said, in order."""

    enquiry_id: UUID
    case_id: UUID | None
    opened_at: datetime
    closed_at: datetime | None
    messages: list[MessageAnswer]


class BasisAnswer(BaseModel):
    """An act and its article."""

    act: str
    article: str
    valid_from: str
    valid_until: str


class CatalogueAnswer(BaseModel):
    """A service other agencies may ask, and the ground it is answered on."""

    service: str
    legal_bases: list[BasisAnswer]


class CellAnswer(BaseModel):
    """A cell of a statistical form; an amount nobody recorded is none."""

    book: str
    code: str
    unit: str
    amount: Decimal | None


class FileItemAnswer(BaseModel):
    """One thing in a personal file."""

    on: date
    kind: str
    reference: str
    place: str
    known_at: datetime | None
