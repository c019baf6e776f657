"""Disclosures that told something wrong, until whoever received them has been told so."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import RegistryEvent


class DisclosureCorrection(Base):
    """A disclosure whose content a later split or correction showed to be wrong, and which fields of it."""

    __tablename__ = "disclosure_correction"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("disclosure.disclosure_id"))
    event_seq: Mapped[int] = mapped_column(BigInteger, ForeignKey(RegistryEvent.seq))
    reason: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str] = mapped_column(server_default="MARKED")
    marked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        UniqueConstraint("disclosure_id", "event_seq"),
        Index("ix_disclosure_correction_marked", "marked_at", postgresql_where=text("state = 'MARKED'")),
    )


class CorrectionExamined(Base):
    """A change of the registry whose consequences for past disclosures were looked at."""

    __tablename__ = "correction_examined"
    event_seq: Mapped[int] = mapped_column(BigInteger, ForeignKey(RegistryEvent.seq), primary_key=True)
    marked: Mapped[int]
    examined_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CorrectionNotice(Base):
    """The notice of a correction: by its agreement's service, or by a person, and how far it came."""

    __tablename__ = "correction_notice"
    correction_id: Mapped[UUID] = mapped_column(ForeignKey("disclosure_correction.id"), primary_key=True)
    route: Mapped[str]
    client: Mapped[str]
    service: Mapped[str] = mapped_column(server_default="")
    message_id: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    exchange_id: Mapped[UUID | None]
    last_code: Mapped[str] = mapped_column(server_default="")
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
