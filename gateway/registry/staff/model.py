"""Section III's tables; the constraints they live by stand in the migration."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.books.model import BookVersions, OrganisationId, PersonId
from gateway.registry.model import Id, Instant


class Employment(Base):
    """A person's work at an organisation; the group of staff follows from the position, in the database."""

    __tablename__ = "employment"
    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind_code: Mapped[str]
    position_code: Mapped[str]
    category_code: Mapped[str]
    contract_no: Mapped[str | None]
    order_no: Mapped[str | None]
    start_on: Mapped[date]
    end_on: Mapped[date | None]
    end_reason_code: Mapped[str | None]
    social_fund_status: Mapped[str | None]
    social_fund_checked_at: Mapped[Instant | None]
    version: Mapped[int] = mapped_column(server_default="1")
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]
    __table_args__ = (UniqueConstraint("id", "organisation_id", name="uq_employment_id"),)


class Assignment(Base):
    """A position held within an employment, in full-time equivalents."""

    __tablename__ = "assignment"
    id: Mapped[Id]
    employment_id: Mapped[UUID] = mapped_column(ForeignKey("employment.id"))
    position_code: Mapped[str]
    fte: Mapped[Decimal]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class HeadAppointment(Base):
    """Who heads an organisation by order; never two on one day."""

    __tablename__ = "head_appointment"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    person_id: Mapped[PersonId]
    acting: Mapped[bool]
    founder_code: Mapped[str | None]
    order_no: Mapped[str]
    order_date: Mapped[date]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class ResponsibleAppointment(Base):
    """Who answers for the registry's data at an organisation by order; there may be several."""

    __tablename__ = "responsible_appointment"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    person_id: Mapped[PersonId]
    order_no: Mapped[str]
    order_date: Mapped[date]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class Qualification(Base):
    """A diploma, degree, title or further training of a person; matched where the registry issued it itself."""

    __tablename__ = "qualification"
    id: Mapped[Id]
    person_id: Mapped[PersonId]
    kind_code: Mapped[str]
    degree_code: Mapped[str | None]
    institution: Mapped[str]
    speciality: Mapped[str | None]
    document_series: Mapped[str] = mapped_column(server_default="")
    document_no: Mapped[str]
    issued_on: Mapped[date]
    education_document_id: Mapped[UUID | None] = mapped_column(ForeignKey("education_document.id"))
    verification: Mapped[str]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        UniqueConstraint(
            "person_id",
            "kind_code",
            "institution",
            "document_series",
            "document_no",
            name="uq_qualification_document",
        ),
    )


class CategoryAttestation(Base):
    """The attestation category of a teacher by order."""

    __tablename__ = "category_attestation"
    id: Mapped[Id]
    person_id: Mapped[PersonId]
    category_code: Mapped[str]
    order_no: Mapped[str]
    order_date: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]
