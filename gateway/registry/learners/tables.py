"""The tables of Section II beside enrolments; their constraints and triggers stand in migration 0005."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant


class Movement(Base):
    """An order about one enrolment, append-only; a CANCEL names the order it takes back."""

    __tablename__ = "movement"
    id: Mapped[Id]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    kind: Mapped[str]
    order_no: Mapped[str] = mapped_column(server_default="")
    order_on: Mapped[date | None]
    effective_on: Mapped[date] = mapped_column(index=True)
    until_on: Mapped[date | None]
    reason_code: Mapped[str] = mapped_column(server_default="")
    basis: Mapped[str] = mapped_column(server_default="")
    from_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    to_organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    from_grade: Mapped[str | None]
    to_grade: Mapped[str | None]
    cancels_id: Mapped[UUID | None] = mapped_column(ForeignKey("movement.id"), unique=True)
    pair_id: Mapped[UUID | None]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        Index("ix_movement_enrolment_id", "enrolment_id", "number"),
        Index("ix_movement_pair_id", "pair_id", postgresql_where=text("pair_id is not null")),
    )


class TransferRequest(Base):
    """A wish to change schools: a place is held, the old school releases, then both orders are given."""

    __tablename__ = "transfer_request"
    id: Mapped[Id]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    to_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    grade: Mapped[str | None]
    state: Mapped[str]
    hold_until: Mapped[Instant | None]
    requested_by: Mapped[str]
    requested_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    __table_args__ = (
        Index(
            "uq_transfer_request_open",
            "enrolment_id",
            unique=True,
            postgresql_where=text("state in ('REQUESTED', 'HELD', 'RELEASED')"),
        ),
        Index(
            "ix_transfer_request_held",
            "to_organisation_id",
            "grade",
            postgresql_where=text("state in ('HELD', 'RELEASED')"),
        ),
    )


class GradingScale(Base):
    """One version of a scale: the marks it knows and the grades it serves; without marks, ungraded."""

    __tablename__ = "grading_scale"
    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    grades: Mapped[list[str]] = mapped_column(ARRAY(Text))
    marks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Result(Base):
    """A mark on a version of a scale, append-only; a correction names what it corrects, None withdraws."""

    __tablename__ = "result"
    id: Mapped[Id]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    subject_code: Mapped[str]
    period_code: Mapped[str]
    kind: Mapped[str]
    scale_code: Mapped[str]
    scale_version: Mapped[int]
    mark: Mapped[str | None]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("result.id"), unique=True)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(
            ["scale_code", "scale_version"], ["grading_scale.code", "grading_scale.version"]
        ),
        Index(
            "uq_result_first",
            "enrolment_id",
            "subject_code",
            "period_code",
            "kind",
            unique=True,
            postgresql_where=text("corrects_id is null"),
        ),
    )


class AttendanceFact(Base):
    """An absence or lateness on a day or in a lesson, append-only; `lesson_no` 0 is the whole day."""

    __tablename__ = "attendance_fact"
    id: Mapped[Id]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    happened_on: Mapped[date]
    lesson_no: Mapped[int] = mapped_column(server_default="0")
    type: Mapped[str]
    reason_code: Mapped[str] = mapped_column(server_default="")
    hours: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("attendance_fact.id"), unique=True)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    __table_args__ = (
        Index(
            "uq_attendance_fact_first",
            "enrolment_id",
            "happened_on",
            "lesson_no",
            unique=True,
            postgresql_where=text("corrects_id is null"),
        ),
    )


class PersonRelationship(Base):
    """An adult who is a child's parent or guardian, and what proves it."""

    __tablename__ = "person_relationship"
    id: Mapped[Id]
    child_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    adult_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    legal_representative: Mapped[bool]
    evidence: Mapped[str]
    status: Mapped[str]
    source_code: Mapped[str]
    exchange_id: Mapped[UUID | None]
    act: Mapped[str] = mapped_column(server_default="")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    end_reason: Mapped[str] = mapped_column(server_default="")
    rights_limited_by: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    verified_at: Mapped[Instant | None]
    __table_args__ = (
        Index(
            "uq_person_relationship_current",
            "child_id",
            "adult_id",
            "kind",
            unique=True,
            postgresql_where=text("status in ('UNVERIFIED', 'VERIFIED')"),
        ),
    )


class Consent(Base):
    """A written consent: of whom, given by whom, for what, where the paper lies, whether withdrawn."""

    __tablename__ = "consent"
    id: Mapped[Id]
    subject_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    giver_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    giver_relation: Mapped[str]
    scope_code: Mapped[str]
    purpose_code: Mapped[str]
    recipient_code: Mapped[str] = mapped_column(server_default="")
    form: Mapped[str]
    given_on: Mapped[date]
    expires_on: Mapped[date | None]
    paper_location: Mapped[str] = mapped_column(server_default="")
    evidence_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[Instant | None]
    withdraw_reason: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (Index("ix_consent_subject_id", "subject_id", "purpose_code"),)


class PersonalFileEntry(Base):
    """One leaf of a person's file, append-only and chained to the one before."""

    __tablename__ = "personal_file_entry"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    number: Mapped[int]
    kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    happened_on: Mapped[date]
    paper_location: Mapped[str] = mapped_column(server_default="")
    scan_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (UniqueConstraint("person_id", "number"),)


class SpecialRecord(Base):
    """A need, a disability or a social fact, its content sealed; stands apart from everything else."""

    __tablename__ = "record"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str]
    source_code: Mapped[str]
    exchange_id: Mapped[UUID | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    key_id: Mapped[str]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("special.record.id"), unique=True)
    __table_args__ = (
        Index("ix_record_valid_until", "valid_until", postgresql_where=text("valid_until is not null")),
        {"schema": "special"},
    )


class SpecialReading(Base):
    """Who opened a person's special records, when and why; append-only."""

    __tablename__ = "reading"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    reason: Mapped[str]
    read_by: Mapped[str]
    read_at: Mapped[Instant]
    __table_args__ = {"schema": "special"}  # noqa: RUF012 - SQLAlchemy reads it from the class
