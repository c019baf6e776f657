"""Who is in which class, and results of state examinations; the laws they live by stand in migration 0012."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Column, Date, ForeignKey, Index, MetaData, Table, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.books.model import BookVersions
from gateway.registry.model import Id, Instant


class ClassMembership(Base):
    """A learner in a class from a day until the day before `until_on`; `place` tells teaching classes from others."""

    __tablename__ = "class_membership"
    id: Mapped[Id]
    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"), index=True)
    class_group_id: Mapped[UUID] = mapped_column(ForeignKey("class_group.id"), index=True)
    place: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]


class ExamResult(Base):
    """The points of an examination the state held, append-only; a correction names what it corrects."""

    __tablename__ = "exam_result"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    exam_code: Mapped[str]
    part: Mapped[str] = mapped_column(server_default="")
    taken_on: Mapped[date]
    points: Mapped[Decimal]
    certificate_no: Mapped[str]
    source_code: Mapped[str]
    exchange_id: Mapped[UUID | None]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("exam_result.id"), unique=True)
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[str]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        Index(
            "uq_exam_result_first",
            "exam_code",
            "part",
            "certificate_no",
            unique=True,
            postgresql_where=text("corrects_id is null"),
        ),
    )


# a view, kept apart from the tables' metadata: the names of a class's learners, for who may see no entry
CLASS_LEARNER = Table(
    "class_learner",
    MetaData(),
    Column("class_group_id", Uuid),
    Column("organisation_id", Uuid),
    Column("membership_id", Uuid),
    Column("enrolment_id", Uuid),
    Column("person_id", Uuid),
    Column("isuo_no", Text),
    Column("surname", Text),
    Column("given_name", Text),
    Column("patronymic", Text),
    Column("from_on", Date),
    Column("until_on", Date),
)
