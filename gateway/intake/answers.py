"""What every answer of an agency has: one outcome model over all dialects, and the person it may tell about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

Record = TypeVar("Record")


class Outcome(StrEnum):
    """How an agency answered. "Service down" is UNAVAILABLE and never NOT_FOUND."""

    FOUND = "FOUND"
    NOT_FOUND = "NOT_FOUND"
    AMBIGUOUS = "AMBIGUOUS"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"
    PROVIDER_ERROR = "PROVIDER_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskContext:
    """Why and for whom we ask: X-Road `userId` and `issue` (the case, never "1" or "?")."""

    user_id: str
    issue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """What a source told about one person; a value it did not give is None. Dates are calendar dates."""

    pin: str | None = None
    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None
    sex: str | None = None
    birth_date: date | None = None
    citizenship: str | None = None
    death_date: date | None = None
    pin_blocked: bool | None = None
    pin_assigned_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyAnswer(Generic[Record]):
    """An agency's answer: the outcome, the record when FOUND, and which exchange in the journal proves it."""

    outcome: Outcome
    source: str
    answered_at: datetime
    record: Record | None = None
    exchange_id: UUID | None = None
    message_id: str = ""
    code: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
