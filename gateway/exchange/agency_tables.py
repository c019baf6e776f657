"""What is known about the talk with agencies: breakers, holds, feeds, what was spent, what could not be done."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base

Key = Annotated[str, mapped_column(primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Large = Annotated[int, mapped_column(BigInteger, server_default="0")]


class AgencyBreaker(Base):
    """Whether a service of an agency is asked at all: CLOSED yes, OPEN no, HALF_OPEN by one probe."""

    __tablename__ = "agency_breaker"
    agency: Mapped[Key]
    service: Mapped[Key]
    state: Mapped[str]
    failures: Mapped[int] = mapped_column(server_default="0")
    openings: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[Instant | None]
    probe_at: Mapped[Instant | None]
    probe_id: Mapped[UUID | None]
    last_code: Mapped[str] = mapped_column(server_default="")
    failed_at: Mapped[Instant | None]
    changed_at: Mapped[Instant]


class WorkHold(Base):
    """A person's word that an agency, a feed or a task rests; it lasts until somebody releases it."""

    __tablename__ = "work_hold"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    name: Mapped[str]
    reason: Mapped[str]
    held_by: Mapped[str]
    held_at: Mapped[Instant]
    released_by: Mapped[str | None]
    released_at: Mapped[Instant | None]
    __table_args__ = (
        Index("uq_work_hold_open", "kind", "name", unique=True, postgresql_where=text("released_at is null")),
    )


class FeedCursor(Base):
    """How far a feed was taken in: `cursor` is the feed's own, `gap` says whether something may be missing."""

    __tablename__ = "feed_cursor"
    feed: Mapped[Key]
    cursor: Mapped[str]
    seen_at: Mapped[Instant | None]
    asked_at: Mapped[Instant | None]
    answered_at: Mapped[Instant | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    last_code: Mapped[str] = mapped_column(server_default="")
    gap: Mapped[str] = mapped_column(server_default="NONE")
    gap_since: Mapped[Instant | None]
    changed_at: Mapped[Instant]


class FeedItem(Base):
    """One record of a feed that came, and what it did to the registry; the same version comes in once."""

    __tablename__ = "feed_inbox"
    feed: Mapped[str] = mapped_column(ForeignKey("feed_cursor.feed"), primary_key=True)
    item_key: Mapped[Key]
    version: Mapped[Key]
    page: Mapped[str]
    digest: Mapped[bytes]
    effect: Mapped[str]
    subject_id: Mapped[UUID | None]
    case_id: Mapped[UUID | None]
    received_at: Mapped[Instant]
    __table_args__ = (Index("ix_feed_inbox_effect", "feed", "effect", "received_at"),)


class FeedPage(Base):
    """A stretch of a feed that was taken in, how many records it held, and the exchange that proves it."""

    __tablename__ = "feed_page"
    feed: Mapped[str] = mapped_column(ForeignKey("feed_cursor.feed"), primary_key=True)
    page: Mapped[Key]
    items: Mapped[int]
    exchange_id: Mapped[UUID | None]
    taken_at: Mapped[Instant]


class ScheduleMark(Base):
    """The last day a daily task has done."""

    __tablename__ = "schedule_mark"
    name: Mapped[Key]
    done_on: Mapped[date]
    marked_at: Mapped[Instant]


class AgencyLedger(Base):
    """What a day in Bishkek cost at a service: questions planned by the background, and all that were sent."""

    __tablename__ = "agency_ledger"
    agency: Mapped[Key]
    service: Mapped[Key]
    day: Mapped[date] = mapped_column(primary_key=True)
    planned: Mapped[int] = mapped_column(server_default="0")
    planned_tyiyn: Mapped[Large]
    calls: Mapped[int] = mapped_column(server_default="0")
    cost_tyiyn: Mapped[Large]


class DeadLetter(Base):
    """Work nobody will try again by itself, with the class of its cause, until a person settles it."""

    __tablename__ = "dead_letter"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    name: Mapped[str]
    reference: Mapped[str]
    cause: Mapped[str]
    error: Mapped[str] = mapped_column(server_default="")
    attempts: Mapped[int] = mapped_column(server_default="1")
    died_at: Mapped[Instant]
    settlement: Mapped[str | None]
    settled_by: Mapped[str | None]
    settled_at: Mapped[Instant | None]
    __table_args__ = (
        UniqueConstraint("kind", "name", "reference", name="uq_dead_letter_kind"),
        Index("ix_dead_letter_open", "died_at", postgresql_where=text("settled_at is null")),
    )


class SourceAnswer(Base):
    """An agency's answer as long as it is fresh: encrypted, found by the pseudonym of whom it is about."""

    __tablename__ = "source_answer"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    question: Mapped[str]
    subject: Mapped[bytes]
    key_id: Mapped[str]
    nonce: Mapped[bytes]
    ciphertext: Mapped[bytes]
    exchange_id: Mapped[UUID | None]
    message_id: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[Instant]
    fresh_until: Mapped[Instant]
    __table_args__ = (
        UniqueConstraint("source", "question", "subject", name="uq_source_answer_source"),
        Index("ix_source_answer_fresh_until", "fresh_until"),
    )
