"""The tables of reference books; both are append-only in the database."""

from datetime import date
from typing import Annotated
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Instant, Json

BookVersions = Annotated[dict[str, int], mapped_column(JSONB, server_default=text("'{}'"))]
"""Which version of its book each value of a row was chosen from, by column; the database writes it."""

OrganisationId = Annotated[UUID, mapped_column(ForeignKey("organisation.id"))]
PersonId = Annotated[UUID, mapped_column(ForeignKey("person.id"))]


class BookVersion(Base):
    """One published state of a book."""

    __tablename__ = "book_version"
    book_code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name_ky: Mapped[str]
    name_ru: Mapped[str]
    name_en: Mapped[str]
    owner: Mapped[str]
    source: Mapped[str]
    effective_on: Mapped[date]
    origin: Mapped[str]
    digest: Mapped[str]
    loaded_at: Mapped[Instant]
    approved_by: Mapped[str | None]


class BookValue(Base):
    """A value of a book in one version, from a day until the day before `valid_until`."""

    __tablename__ = "book_value"
    book_code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    parent_code: Mapped[str | None]
    name_ky: Mapped[str]
    name_ru: Mapped[str]
    name_en: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    national_code: Mapped[str | None]
    international_code: Mapped[str | None]
    selectable: Mapped[bool]
    attributes: Mapped[Json]
    __table_args__ = (
        ForeignKeyConstraint(
            ["book_code", "version"],
            ["book_version.book_code", "book_version.version"],
            name="fk_book_value_book_code",
        ),
        Index("ix_book_value_code", "book_code", "version", "code"),
    )
