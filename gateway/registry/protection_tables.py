"""Persons whose data is withheld (adoption, safety, court): two people put one in, two take one out."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.model import Id, Instant


class ProtectedPerson(Base):
    """A protection, in force once a second person approved it, until its end or until two people lift it."""

    __tablename__ = "protected_person"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    regime: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    authority_ref: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[Instant]
    approved_by: Mapped[str | None]
    approved_at: Mapped[Instant | None]
    lift_proposed_by: Mapped[str | None]
    lift_proposed_at: Mapped[Instant | None]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[Instant | None]
