"""The tables of work on review cases, and of enrolments that stand in each other's way."""

from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant, Json, PersonLink, RegistryEvent

CaseId = Annotated[UUID, mapped_column(ForeignKey("review_case.id"), primary_key=True)]


class CaseWork(Base):
    """Who works on a case and until when; what one person proposed and another approved."""

    __tablename__ = "case_work"
    case_id: Mapped[CaseId]
    severity: Mapped[str]
    four_eyes: Mapped[bool]
    due_at: Mapped[Instant] = mapped_column(index=True)
    stopped_at: Mapped[Instant | None]
    source_due_at: Mapped[Instant | None]
    postponed_until: Mapped[Instant | None]
    assignee: Mapped[str] = mapped_column(server_default="")
    assignee_scope: Mapped[str] = mapped_column(server_default="")
    proposal: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    proposed_by: Mapped[str | None]
    proposed_at: Mapped[Instant | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[Instant | None]
    undo_proposed_by: Mapped[str | None]
    undo_proposed_at: Mapped[Instant | None]
    undo_approved_by: Mapped[str | None]
    undo_approved_at: Mapped[Instant | None]


class CaseEvent(Base):
    """One step of a case: who did what, why, and from which state to which; never changed."""

    __tablename__ = "case_event"
    case_id: Mapped[CaseId]
    number: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[Instant]


class EnrolmentRival(Base):
    """A full-time enrolment that was in the way of another when that one came, by itself or by a merge."""

    __tablename__ = "enrolment_rival"
    id: Mapped[Id]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    rival_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"))
    recorded_at: Mapped[Instant]
    released_at: Mapped[Instant | None]
    __table_args__ = (Index("ix_enrolment_rival_enrolment_id", "enrolment_id"),)


Index(
    "uq_person_link_absorbed",
    PersonLink.absorbed_id,
    unique=True,
    postgresql_where=text("kind = 'MERGE' and unlinked_at is null"),
)
Index(
    "ix_registry_event_correcting",
    RegistryEvent.seq,
    postgresql_where=text("type in ('UNMERGED', 'VALUE_RETRACTED')"),
)
