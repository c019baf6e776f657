"""The tables of alerts, and of what people decided about jobs."""

from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PGUUID
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.model import Id, Instant
from gateway.foundation.database import Base


class AlertChannel(Base):
    """Where alerts go: a mailbox or a webhook."""

    __tablename__ = "alert_channel"
    id: Mapped[Id]
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    address: Mapped[str]
    language: Mapped[str]
    enabled: Mapped[bool]
    changed_by: Mapped[str]
    changed_at: Mapped[Instant]


class AlertRule(Base):
    """When somebody is told: a kind of trouble with its numbers, as data."""

    __tablename__ = "alert_rule"
    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    urgent: Mapped[bool]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    enabled: Mapped[bool]
    channels: Mapped[list[UUID]] = mapped_column(ARRAY(PGUUID(as_uuid=True)), server_default="{}")
    changed_by: Mapped[str]
    changed_at: Mapped[Instant]


class Alert(Base):
    """A rule that holds about a subject, from when until when."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("uq_alert_open", "rule_id", "subject", unique=True, postgresql_where=text("closed_at is null")),
    )

    id: Mapped[Id]
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rule.id"))
    subject: Mapped[str]
    opened_at: Mapped[Instant] = mapped_column(index=True)
    value: Mapped[float]
    worst: Mapped[float]
    seen_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]


class AlertDelivery(Base):
    """One message about one event to one channel."""

    __tablename__ = "alert_delivery"
    __table_args__ = (UniqueConstraint("alert_id", "channel_id", "event", name="uq_alert_delivery_alert_id"),)

    id: Mapped[Id]
    alert_id: Mapped[UUID | None] = mapped_column(ForeignKey("alert.id"))
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("alert_rule.id"))
    channel_id: Mapped[UUID] = mapped_column(ForeignKey("alert_channel.id"))
    event: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[Instant] = mapped_column(index=True)
    ended_at: Mapped[Instant | None]
    error: Mapped[str] = mapped_column(server_default="")


class JobDecision(Base):
    """What a person decided about a job: to hold it (and when it was due), or to drop it."""

    __tablename__ = "job_decision"
    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    decision: Mapped[str]
    due_at: Mapped[Instant | None]
    by: Mapped[str]
    at: Mapped[Instant]
    reason: Mapped[str]
