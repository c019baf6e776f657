"""The tables of incidents; the constraints they live by stand in the migration."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.model import Id, Instant
from gateway.foundation.database import Base


class OperationsCursor(Base):
    """How far a reader of the journal has come: the last row by (xid, seq) in this cluster, the highest seq."""

    __tablename__ = "operations_cursor"
    name: Mapped[str] = mapped_column(primary_key=True)
    cluster: Mapped[int] = mapped_column(BigInteger, server_default="0")
    xid: Mapped[int] = mapped_column(BigInteger, server_default="0")
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    top_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    moved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Incident(Base):
    """Failures with one cause, from the first to the end of the trouble; one may be open per cause."""

    __tablename__ = "incident"
    __table_args__ = (
        Index("uq_incident_open", "cause_key", unique=True, postgresql_where=text("closed_at is null")),
        Index("ix_incident_cause_key", "cause_key"),
        Index("ix_incident_opened_at", "opened_at"),
    )

    id: Mapped[Id]
    cause_key: Mapped[str]
    direction: Mapped[str]
    agency: Mapped[str]
    service: Mapped[str]
    fault_code: Mapped[str]
    fault_kind: Mapped[str]
    side: Mapped[str]
    closes_on_success: Mapped[bool]
    opened_at: Mapped[Instant]
    first_at: Mapped[Instant]
    last_at: Mapped[Instant]
    last_success_at: Mapped[Instant | None]
    failure_count: Mapped[int] = mapped_column(BigInteger)
    acknowledged_at: Mapped[Instant | None]
    acknowledged_by: Mapped[str | None]
    closed_at: Mapped[Instant | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]


class IncidentExchange(Base):
    """A failed exchange of an incident: still failed, recovered by a later attempt, or answered by a replay."""

    __tablename__ = "incident_exchange"
    exchange_id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    entry_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    failed_at: Mapped[Instant]
    state: Mapped[str]


class IncidentNote(Base):
    """What a person did about an incident, and said."""

    __tablename__ = "incident_note"
    id: Mapped[Id]
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    at: Mapped[Instant]
    by: Mapped[str]
    act: Mapped[str]
    text: Mapped[str]
