"""What intake asks of the world: the seams an adapter fulfils, and the one outcome model over all dialects.

No type of the wire appears here: an adapter's mapping turns its dialect into these values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
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
class PassportRecord(PersonRecord):
    """A passport and the person on it; `valid` is the issuing agency's own word."""

    series: str | None = None
    number: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    authority: str | None = None
    valid: bool | None = None
    registered_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthActRecord(PersonRecord):
    """A birth act: its number, date and body, the certificate, and the parents it names."""

    act_number: str | None = None
    act_date: date | None = None
    act_body: str | None = None
    certificate_series: str | None = None
    certificate_number: str | None = None
    birth_place: str | None = None
    mother: PersonRecord | None = None
    father: PersonRecord | None = None


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


class CivilRegistry(Protocol):
    """The civil registry (ЗАГС): who a PIN belongs to, which PINs a name has, the birth act."""

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        """Ask for the person of a PIN."""

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        """Ask for the PINs of a name and birth date; more than one is AMBIGUOUS with all of them."""

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        """Ask for the birth act of a child's PIN."""


class PassportService(Protocol):
    """The passport service: what a passport says and whether it is valid."""

    async def passport(
        self, pin: str, *, series: str, number: str, context: AskContext
    ) -> AgencyAnswer[PassportRecord]:
        """Ask for the passport of a PIN by series and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """The agencies that are switched on; None where no adapter serves the port."""

    civil_registry: CivilRegistry | None = None
    passports: PassportService | None = None
