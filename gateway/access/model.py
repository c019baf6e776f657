"""The tables of access; the constraints they live by stand in the migration."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, FetchedValue, ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base

Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Account(Base):
    """One human's way in; `pin_digest` is a keyed hash, by which a state identity finds the account."""

    __tablename__ = "account"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), unique=True)
    login: Mapped[str] = mapped_column(unique=True)
    pin_digest: Mapped[bytes | None] = mapped_column(unique=True)
    state: Mapped[str]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[Instant]
    identified_kind: Mapped[str | None]
    identified_ref: Mapped[str | None]
    identified_place: Mapped[str] = mapped_column(server_default="")
    identified_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    identified_at: Mapped[Instant | None]
    blocked_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    blocked_at: Mapped[Instant | None]
    blocked_reason: Mapped[str] = mapped_column(server_default="")


class OrganisationLevel(Base):
    """The level of an organisation as far as appointments ask for it."""

    __tablename__ = "organisation_level"
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    level: Mapped[str]
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    set_at: Mapped[Instant]


class RoleGrant(Base):
    """A role with its reach, its ground and its time; ended, never deleted."""

    __tablename__ = "role_grant"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str]
    scope_type: Mapped[str]
    territory: Mapped[str | None]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    class_id: Mapped[UUID | None]
    child_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    supervisory_body: Mapped[str | None]
    order_no: Mapped[str | None]
    order_on: Mapped[date | None]
    evidence: Mapped[str | None]
    evidence_ref: Mapped[str] = mapped_column(server_default="")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    end_reason: Mapped[str] = mapped_column(server_default="")


class AppointmentNotice(Base):
    """What a district is told about an appointment, and when it took note."""

    __tablename__ = "appointment_notice"
    id: Mapped[Id]
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("role_grant.id"))
    kind: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    sent_at: Mapped[Instant]
    received_at: Mapped[Instant | None]
    received_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))


class Briefing(Base):
    """The instruction that comes before an undertaking."""

    __tablename__ = "briefing"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    held_on: Mapped[date]
    instructor_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    topic: Mapped[str]
    recorded_at: Mapped[Instant]


class Undertaking(Base):
    """A signed undertaking not to disclose: where the paper lies, and until when it counts."""

    __tablename__ = "undertaking"
    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    briefing_id: Mapped[UUID] = mapped_column(ForeignKey("briefing.id"))
    form_version: Mapped[str]
    signed_on: Mapped[date]
    paper_location: Mapped[str]
    scan_sha256: Mapped[bytes | None]
    valid_until: Mapped[date | None]
    registered_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    registered_at: Mapped[Instant]
    withdrawn_at: Mapped[Instant | None]


class Credential(Base):
    """What an account proves itself with; the TOTP secret is encrypted."""

    __tablename__ = "credential"
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    password_hash: Mapped[str | None]
    password_set_at: Mapped[Instant | None]
    totp_secret: Mapped[bytes | None]
    totp_confirmed_at: Mapped[Instant | None]
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")


class RecoveryCode(Base):
    """A code that lets one person set a password once."""

    __tablename__ = "recovery_code"
    code_digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    issued_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    issued_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class AccessSession(Base):
    """A signed-in browser; only the digest of its token is kept."""

    __tablename__ = "access_session"
    token_digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    stage: Mapped[str]
    method: Mapped[str]
    peer: Mapped[str]
    started_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    end_reason: Mapped[str] = mapped_column(server_default="")


class SignInAttempt(Base):
    """One try to sign in, written before it is judged."""

    __tablename__ = "sign_in_attempt"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    login_digest: Mapped[bytes]
    peer: Mapped[str]
    at: Mapped[Instant]
    succeeded: Mapped[bool] = mapped_column(server_default="false")


class OidcFlow(Base):
    """A sign-in that has left for the state's identity provider and not come back yet."""

    __tablename__ = "oidc_flow"
    state_digest: Mapped[bytes] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    started_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class AccessAct(Base):
    """One act of one caller, allowed or not; chained by hashes and never changed."""

    __tablename__ = "access_act"
    seq: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, server_default=FetchedValue()
    )
    at: Mapped[Instant]
    account_id: Mapped[UUID | None]
    caller: Mapped[str]
    act: Mapped[str]
    object: Mapped[str]
    object_id: Mapped[str]
    allowed: Mapped[bool]
    reason: Mapped[str]
    peer: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    previous_hash: Mapped[bytes] = mapped_column(server_default=FetchedValue())
    hash: Mapped[bytes] = mapped_column(server_default=FetchedValue())
