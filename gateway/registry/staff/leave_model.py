"""Leaves of staff; the laws they live by stand in migration 0012."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.books.model import BookVersions
from gateway.registry.model import Id, Instant


class StaffLeave(Base):
    """A leave of an employee by order, from a day until the day before `until_on`; never two at once."""

    __tablename__ = "staff_leave"
    id: Mapped[Id]
    employment_id: Mapped[UUID] = mapped_column(ForeignKey("employment.id"), index=True)
    kind_code: Mapped[str]
    order_no: Mapped[str]
    order_date: Mapped[date]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    book_versions: Mapped[BookVersions]
