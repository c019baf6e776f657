"""The tables of configured registers; both are append-only in the database."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant, Json


class RegisterDefinition(Base):
    """One version of a register: what an entry holds, and the roles that may read it."""

    __tablename__ = "register_definition"
    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    definition: Mapped[Json]
    readers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    defined_by: Mapped[str]
    defined_at: Mapped[Instant]


class RegisterEntry(Base):
    """An entry about a person under the version it was written by; a correction names what it corrects."""

    __tablename__ = "register_entry"
    id: Mapped[Id]
    register_code: Mapped[str]
    version: Mapped[int]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    happened_on: Mapped[date]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    source_code: Mapped[str]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("register_entry.id"), unique=True)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    __table_args__ = (
        ForeignKeyConstraint(
            ["register_code", "version"],
            ["register_definition.code", "register_definition.version"],
            name="fk_register_entry_register_code",
        ),
        Index("ix_register_entry_person_id", "person_id", "register_code"),
    )
