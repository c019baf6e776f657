"""The shapes of requests and answers about signing in and accounts."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.access.sessions import Stage
from gateway.access.values import AccountState, Level, Role, ScopeType

Short = Annotated[str, Field(min_length=1, max_length=200)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SignInBody(_Body):
    """A login and its password."""

    login: Short
    password: Secret


class CodeBody(_Body):
    """A six-digit code of an authenticator."""

    code: Annotated[SecretStr, Field(min_length=6, max_length=8)]


class RecoveryBody(_Body):
    """A code that was handed over, and the password it sets."""

    login: Short
    code: Annotated[SecretStr, Field(min_length=1, max_length=60)]
    password: Secret


class PasswordBody(_Body):
    """A new password, and the old one where the state did not just vouch for the person."""

    password: Secret
    old_password: Secret | None = None


class AccountBody(_Body):
    """An account to make: whose, by the permanent number, and its login."""

    isuo_no: Annotated[str, Field(pattern=r"^[0-9]{11}[0-9X]$")]
    login: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9._-]{2,63}$")]


class IdentificationBody(_Body):
    """The id of the exchange that verified the passport, or the number of an act and where it is kept."""

    kind: Literal["PASSPORT_MESSAGE", "IN_PERSON_ACT"]
    reference: Short
    place: Annotated[str, Field(max_length=200)] = ""


class AppointmentBody(_Body):
    """A role to grant: reach, order or evidence, and time; organisation and child by their public numbers."""

    role: Role
    valid_from: date
    valid_until: date | None = None
    territory: Annotated[str, Field(pattern=r"^[0-9]{2,14}$")] | None = None
    organisation_code: Short | None = None
    class_id: UUID | None = None
    child_isuo_no: Annotated[str, Field(pattern=r"^[0-9]{11}[0-9X]$")] | None = None
    supervisory_body: Annotated[str, Field(pattern=r"^[A-Z_]{1,20}$")] | None = None
    order_no: Short | None = None
    order_on: date | None = None
    evidence: Literal["BIRTH_ACT", "COURT", "GUARDIANSHIP_DECISION"] | None = None
    evidence_ref: Annotated[str, Field(max_length=200)] = ""


class ReasonBody(_Body):
    """Why."""

    reason: Short


class BriefingBody(_Body):
    """An instruction the caller gave."""

    held_on: date
    topic: Short


class UndertakingBody(_Body):
    """A signed undertaking: where the paper lies and the digest of its scan."""

    signed_on: date
    paper_location: Short
    scan_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    valid_until: date | None = None


class LevelBody(_Body):
    """The level of an organisation."""

    level: Level


class SessionAnswer(BaseModel):
    """How far a sign-in has come; `csrf_token` goes into X-CSRF-Token of every change."""

    stage: Stage
    csrf_token: str


class SecretAnswer(BaseModel):
    """The otpauth:// address of a new second factor, shown once."""

    address: str


class MadeAnswer(BaseModel):
    """The id of what was made."""

    id: UUID


class RecoveryAnswer(BaseModel):
    """A code to hand over, shown once."""

    code: str


class FormAnswer(BaseModel):
    """The form of the undertaking; a draft until the ministry gives the text."""

    version: str
    draft: bool
    text: str


class GrantAnswer(BaseModel):
    """A role with its reach and time."""

    id: UUID
    role: Role
    scope_type: ScopeType
    territory: str | None
    organisation_id: UUID | None
    class_id: UUID | None
    order_no: str | None
    order_on: date | None
    valid_from: date
    valid_until: date | None
    ended_at: datetime | None


class AccountAnswer(BaseModel):
    """An account as those see it who manage it."""

    id: UUID
    login: str
    state: AccountState
    identified_kind: str | None
    identified_ref: str | None
    identified_at: datetime | None
    blocked_at: datetime | None
    blocked_reason: str
    undertaken_until: date | None
    undertaken: bool
    grants: list[GrantAnswer]


class OwnGrantAnswer(BaseModel):
    """A role in force of one's own."""

    role: Role
    scope_type: ScopeType
    territory: str | None
    organisation_id: UUID | None
    class_id: UUID | None
    child_isuo_no: str | None
    valid_until: date | None


class MeAnswer(BaseModel):
    """Who one is signed in as."""

    account_id: UUID
    login: str
    user_id: str
    stage: Stage
    undertaken: bool
    csrf_token: str
    grants: list[OwnGrantAnswer]


class NoticeAnswer(BaseModel):
    """What a district is told about an appointment."""

    id: UUID
    kind: str
    role: Role
    organisation_code: str
    account_id: UUID
    order_no: str | None
    order_on: date | None
    sent_at: datetime
    received_at: datetime | None
