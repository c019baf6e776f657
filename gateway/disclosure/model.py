"""The record of what was disclosed about whom: the ground for a person's question "who asked about me"."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base


class Disclosure(Base):
    """One answer about one person: fields that left, under which agreement, purpose and profile."""

    __tablename__ = "disclosure"

    disclosure_id: Mapped[UUID] = mapped_column(primary_key=True)
    entry_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(index=True)
    client: Mapped[str]
    service: Mapped[str]
    agreement_no: Mapped[str]
    purpose: Mapped[str]
    profile: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    as_of_on: Mapped[date]
    registry_seq: Mapped[int] = mapped_column(BigInteger)
    answer_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    disclosed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
