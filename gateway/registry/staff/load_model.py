"""The table of teaching load, which ties an assignment to a class."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.books.model import BookVersions
from gateway.registry.model import Id
from gateway.registry.organisations.model import ClassGroup
from gateway.registry.staff.model import Assignment


class TeachingLoad(Base):
    """Hours a week of a subject in a class."""

    __tablename__ = "teaching_load"
    id: Mapped[Id]
    assignment_id: Mapped[UUID] = mapped_column(ForeignKey(Assignment.id))
    subject_code: Mapped[str]
    class_group_id: Mapped[UUID] = mapped_column(ForeignKey(ClassGroup.id), index=True)
    hours_per_week: Mapped[Decimal]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        UniqueConstraint(
            "assignment_id", "subject_code", "class_group_id", name="uq_teaching_load_assignment_id"
        ),
    )
