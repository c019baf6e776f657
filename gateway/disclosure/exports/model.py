"""The record of exports: who took which learners' data out, when and what for; append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base


class ExportRecord(Base):
    """One file that left: its fields, how many people it is about, the digest of its bytes, the stated reason."""

    __tablename__ = "export_record"

    export_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    organisation_code: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
    row_count: Mapped[int]
    reason: Mapped[str]
    exported_by: Mapped[str]
    file_sha256: Mapped[str]
    exported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
