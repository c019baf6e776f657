"""The tables of uploaded files: what was sent in, in encrypted pieces, and what became of each line."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant, JsonList


class ImportBatch(Base):
    """One uploaded file, known by its digest: the same file twice is one batch."""

    __tablename__ = "import_batch"
    id: Mapped[Id]
    organisation_code: Mapped[str | None]
    file_sha256: Mapped[str] = mapped_column(unique=True)
    file_name: Mapped[str] = mapped_column(server_default="")
    template_version: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="RECEIVED")
    row_count: Mapped[int | None]
    rows_read: Mapped[int] = mapped_column(server_default="0")
    rows_stored: Mapped[int] = mapped_column(server_default="0")
    rows_refused: Mapped[int] = mapped_column(server_default="0")
    progressed_at: Mapped[Instant | None]
    kept_until: Mapped[Instant | None]
    received_by: Mapped[str]
    received_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]


class ImportPiece(Base):
    """A piece of an uploaded file, encrypted; all of them go when nobody needs the file any more."""

    __tablename__ = "import_piece"
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batch.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class ImportRow(Base):
    """What became of one line of a file."""

    __tablename__ = "import_row"
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("import_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    reasons: Mapped[JsonList]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_case.id"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
