"""The registry's tables; the constraints they live by stand in the migration."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base

Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
JsonList = Annotated[list[Any], mapped_column(JSONB)]


class Person(Base):
    """An entry: one human being under a permanent number, its values projected from assertions."""

    __tablename__ = "person"
    id: Mapped[Id]
    isuo_no: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="ACTIVE")
    master_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    surname: Mapped[str | None]
    given_name: Mapped[str | None]
    patronymic: Mapped[str | None]
    birth_date: Mapped[date | None]
    sex: Mapped[str | None]
    citizenship: Mapped[str | None]
    death_date: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[Instant]
    projected_at: Mapped[Instant]
    policy_digest: Mapped[str | None] = mapped_column(ForeignKey("field_policy.digest"))
    __table_args__ = (
        Index("ix_person_master_id", "master_id", postgresql_where=text("master_id is not null")),
    )


class PersonIdentifier(Base):
    """A PIN or a document number of a person, bounded in time."""

    __tablename__ = "person_identifier"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    scheme: Mapped[str]
    value: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    status: Mapped[str]
    recorded_at: Mapped[Instant]
    __table_args__ = (
        Index("ix_person_identifier_scheme_value", "scheme", "value"),
        Index(
            "uq_person_identifier_verified",
            "scheme",
            "value",
            unique=True,
            postgresql_where=text("status = 'VERIFIED' and valid_until is null"),
        ),
        Index(
            "uq_person_identifier_person_id",
            "person_id",
            "scheme",
            "value",
            unique=True,
            postgresql_where=text("valid_until is null"),
        ),
    )


class Assertion(Base):
    """One field as one source told it once; never changed, at most retracted.

    `valid_from` is the day from which the value holds, where the source knows it; `document_on` and
    `document_until` belong to the act or document it rests on; `told_at` is when the source said it.
    """

    __tablename__ = "assertion"
    id: Mapped[Id]
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    field: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    source_code: Mapped[str]
    source_record_key: Mapped[str] = mapped_column(server_default="")
    exchange_id: Mapped[UUID | None]
    message_id: Mapped[str] = mapped_column(server_default="")
    entered_by: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[Instant]
    verified_at: Mapped[Instant | None]
    retracted_at: Mapped[Instant | None]
    retract_reason: Mapped[str | None]
    valid_from: Mapped[date | None]
    document_on: Mapped[date | None]
    document_until: Mapped[date | None]
    told_at: Mapped[Instant | None]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=text("registry_tx()"))
    retracted_tx: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_assertion_subject_id", "subject_id", "seq"),
        Index("ix_assertion_exchange_id", "exchange_id", postgresql_where=text("exchange_id is not null")),
        Index(
            "uq_assertion_exchange",
            "subject_id",
            "field",
            "source_code",
            "exchange_id",
            unique=True,
            postgresql_where=text("exchange_id is not null"),
        ),
    )


class FieldProvenance(Base):
    """Which assertion a visible value comes from, and what it is worth."""

    __tablename__ = "field_provenance"
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    assertion_id: Mapped[UUID] = mapped_column(ForeignKey("assertion.id"))
    source_code: Mapped[str]
    verified_at: Mapped[Instant | None]
    status: Mapped[str]
    stale_after: Mapped[Instant | None]
    projected_at: Mapped[Instant]
    __table_args__ = (
        Index(
            "ix_field_provenance_reverify",
            text("verified_at nulls first"),
            postgresql_where=text("field = 'pin'"),
        ),
    )


class MatchKey(Base):
    """A blocking key of an entry; keys of former values stay, so that old names still find it."""

    __tablename__ = "match_key"
    key: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)


class PersonLink(Base):
    """Two entries decided to be one (MERGE) or two (NOT_SAME); closed, never deleted."""

    __tablename__ = "person_link"
    id: Mapped[Id]
    survivor_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    absorbed_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    decided_by: Mapped[str]
    case_id: Mapped[UUID | None]
    linked_at: Mapped[Instant]
    unlinked_at: Mapped[Instant | None]
    unlink_reason: Mapped[str | None]
    __table_args__ = (
        Index(
            "uq_person_link_pair",
            "survivor_id",
            "absorbed_id",
            "kind",
            unique=True,
            postgresql_where=text("unlinked_at is null"),
        ),
    )


class Organisation(Base):
    """A school, college or kindergarten; one with a special profile is masked in what leaves the registry."""

    __tablename__ = "organisation"
    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    inn: Mapped[str | None]
    soate: Mapped[str | None]
    name_ky: Mapped[str]
    name_ru: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="ACTIVE")
    special_profile: Mapped[str | None]
    type_code: Mapped[str | None]
    ownership_code: Mapped[str | None]
    provider_code: Mapped[str | None]
    gked_code: Mapped[str | None]
    locality_kind: Mapped[str | None]
    okpo: Mapped[str | None]
    registration_no: Mapped[str | None]
    latitude: Mapped[Decimal | None]
    longitude: Mapped[Decimal | None]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    book_versions: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    mask_in_disclosure: Mapped[bool] = mapped_column(Computed("special_profile is not null", persisted=True))
    __table_args__ = (
        Index("uq_organisation_inn", "inn", unique=True, postgresql_where=text("status = 'ACTIVE'")),
        Index("uq_organisation_okpo", "okpo", unique=True, postgresql_where=text("closed_on is null")),
    )


class Enrolment(Base):
    """A person's place at an organisation; `end_on` is the first day that no longer counts."""

    __tablename__ = "enrolment"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    level: Mapped[str]
    form: Mapped[str]
    grade: Mapped[str | None]
    start_on: Mapped[date]
    expected_end_on: Mapped[date | None]
    end_on: Mapped[date | None]
    held: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default="1")
    recorded_at: Mapped[Instant]


class EnrolmentStatusPeriod(Base):
    """What an enrolment was from one day until another; periods of one enrolment never overlap."""

    __tablename__ = "enrolment_status_period"
    id: Mapped[Id]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"), index=True)
    status: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    order_no: Mapped[str | None]


class EducationDocument(Base):
    """A certificate or diploma, unique by type, series and number."""

    __tablename__ = "education_document"
    id: Mapped[Id]
    type: Mapped[str]
    series: Mapped[str] = mapped_column(server_default="")
    number: Mapped[str]
    registration_no: Mapped[str | None]
    issued_on: Mapped[date]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    qualification: Mapped[str | None]
    level: Mapped[str | None]
    honours: Mapped[bool] = mapped_column(server_default="false")
    status: Mapped[str] = mapped_column(server_default="VALID")
    __table_args__ = (UniqueConstraint("type", "series", "number"),)


class SourceRecord(Base):
    """Which entry a source's own record became: the same record arriving again changes nothing twice."""

    __tablename__ = "source_record"
    source_code: Mapped[str] = mapped_column(primary_key=True)
    organisation_code: Mapped[str] = mapped_column(primary_key=True)
    record_key: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    enrolment_id: Mapped[UUID | None] = mapped_column(ForeignKey("enrolment.id"))
    digest: Mapped[str]
    recorded_at: Mapped[Instant]


class ReviewCase(Base):
    """A question only a person may answer; `person_id` is the entry it hangs on, of a pair the newer one."""

    __tablename__ = "review_case"
    id: Mapped[Id]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="TRIAGE")
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    subject_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    field: Mapped[str] = mapped_column(server_default="")
    evidence: Mapped[Json]
    explanation: Mapped[str]
    created_at: Mapped[Instant]
    decision: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[Instant | None]
    __table_args__ = (
        Index("ix_review_case_subject_ids", "subject_ids", postgresql_using="gin"),
        Index("ix_review_case_created_at", "created_at"),
        Index(
            "uq_review_case_open",
            "person_id",
            "kind",
            "field",
            unique=True,
            postgresql_where=text(
                "decision is null and state not like 'CLOSED%' and state <> 'AUTO_RESOLVED'"
            ),
        ),
    )


class ReviewCandidate(Base):
    """An entry the case's person may be, with its score and the reasons."""

    __tablename__ = "review_candidate"
    case_id: Mapped[UUID] = mapped_column(ForeignKey("review_case.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    rank: Mapped[int]
    score: Mapped[float]
    rule: Mapped[str]
    evidence: Mapped[JsonList]


class RegistryEvent(Base):
    """One change of the registry; the greatest `seq` is what an answer was read at."""

    __tablename__ = "registry_event"
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    type: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID] = mapped_column(index=True)
    at: Mapped[Instant]
    xid: Mapped[int] = mapped_column(
        BigInteger, server_default=text("registry_xid_base() + pg_current_xact_id()::text::bigint")
    )
    effective_on: Mapped[date | None]
    detail: Mapped[Json] = mapped_column(server_default="{}")
    __table_args__ = (Index("ix_registry_event_xid", "xid", "seq"),)
