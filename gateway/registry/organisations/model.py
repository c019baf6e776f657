"""Section I's tables beside `organisation` itself; the constraints they live by stand in the migration."""

from datetime import date, time
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.foundation.database import Base
from gateway.registry.books.model import BookVersions, OrganisationId
from gateway.registry.model import Id, Instant
from gateway.registry.papers.model import SignedContent
from gateway.registry.staff.model import Employment


class OrganisationName(Base):
    """A name in one language from a day until the day before `valid_until`; never two at once."""

    __tablename__ = "organisation_name"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    language_code: Mapped[str]
    full_name: Mapped[str]
    short_name: Mapped[str | None]
    order_no: Mapped[str | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class OrganisationType(Base):
    """What kind of organisation it was, from when until when."""

    __tablename__ = "organisation_type"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    type_code: Mapped[str]
    special_profile: Mapped[str | None]
    order_no: Mapped[str | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class OrganisationLanguage(Base):
    """A language the organisation teaches in."""

    __tablename__ = "organisation_language"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    language_code: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    book_versions: Mapped[BookVersions]


class OrganisationRelation(Base):
    """A tie by order: `from_id` has `to_id` as successor, parent, founder or supervisor."""

    __tablename__ = "organisation_relation"
    id: Mapped[Id]
    from_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    to_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind_code: Mapped[str]
    reorganisation_code: Mapped[str | None]
    order_no: Mapped[str]
    order_date: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class Licence(Base):
    """A licence or an accreditation."""

    __tablename__ = "licence"
    id: Mapped[Id]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    kind_code: Mapped[str]
    number: Mapped[str]
    issuer: Mapped[str]
    programme: Mapped[str] = mapped_column(server_default="")
    issued_on: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    revoked_on: Mapped[date | None]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]
    __table_args__ = (UniqueConstraint("kind_code", "issuer", "number", name="uq_licence_kind_code"),)


class Site(Base):
    """A place the organisation works at."""

    __tablename__ = "site"
    id: Mapped[Id]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str]
    soate: Mapped[str]
    address: Mapped[str]
    cadastre_no: Mapped[str | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    book_versions: Mapped[BookVersions]


class Building(Base):
    """A building of a site; areas in square metres."""

    __tablename__ = "building"
    id: Mapped[Id]
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    name: Mapped[str]
    condition_code: Mapped[str | None]
    built_in: Mapped[int | None]
    area_m2: Mapped[Decimal | None]
    capacity: Mapped[int | None]
    book_versions: Mapped[BookVersions]
    __table_args__ = (UniqueConstraint("site_id", "name", name="uq_building_site_id"),)


class Room(Base):
    """A room of a building."""

    __tablename__ = "room"
    id: Mapped[Id]
    building_id: Mapped[UUID] = mapped_column(ForeignKey("building.id"))
    number: Mapped[str]
    kind_code: Mapped[str]
    area_m2: Mapped[Decimal | None]
    seats: Mapped[int | None]
    book_versions: Mapped[BookVersions]
    __table_args__ = (UniqueConstraint("building_id", "number", name="uq_room_building_id"),)


class FacilityYear(Base):
    """How much of a facility a site has in an academic year; the unit stands in the book."""

    __tablename__ = "facility_year"
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), primary_key=True)
    academic_year: Mapped[str] = mapped_column(primary_key=True)
    facility_code: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]


class Term(Base):
    """A quarter or semester; `ends_on` is the first day after it."""

    __tablename__ = "term"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    academic_year: Mapped[str]
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        UniqueConstraint("organisation_id", "academic_year", "number", name="uq_term_organisation_id"),
    )


class Shift(Base):
    """A shift of an academic year, in local time."""

    __tablename__ = "shift"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    academic_year: Mapped[str]
    number: Mapped[int]
    starts_at: Mapped[time]
    ends_at: Mapped[time]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        UniqueConstraint("organisation_id", "academic_year", "number", name="uq_shift_organisation_id"),
        UniqueConstraint("id", "organisation_id", "academic_year", name="uq_shift_id"),
    )


class ProgrammeOffering(Base):
    """A programme the organisation offers."""

    __tablename__ = "programme_offering"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    code: Mapped[str]
    name_ky: Mapped[str]
    name_ru: Mapped[str]
    level_code: Mapped[str]
    form_code: Mapped[str]
    language_code: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    book_versions: Mapped[BookVersions]


class ClassGroup(Base):
    """A class or group of one academic year."""

    __tablename__ = "class_group"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    academic_year: Mapped[str]
    grade_code: Mapped[str | None]
    name: Mapped[str]
    shift_id: Mapped[UUID | None]
    language_code: Mapped[str]
    kind_code: Mapped[str]
    capacity: Mapped[int | None]
    teacher_employment_id: Mapped[UUID | None]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    recorded_at: Mapped[Instant]
    book_versions: Mapped[BookVersions]
    __table_args__ = (
        UniqueConstraint(
            "organisation_id",
            "academic_year",
            "name",
            "shift_id",
            name="uq_class_group_name",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["shift_id", "organisation_id", "academic_year"],
            [Shift.id, Shift.organisation_id, Shift.academic_year],
            name="fk_class_group_shift_id",
        ),
        ForeignKeyConstraint(
            ["teacher_employment_id", "organisation_id"],
            [Employment.id, Employment.organisation_id],
            name="fk_class_group_teacher_employment_id",
        ),
    )


class OrganisationConfirmation(Base):
    """The head's word that the passport is right, bound to its content by a digest; append-only."""

    __tablename__ = "organisation_confirmation"
    id: Mapped[Id]
    organisation_id: Mapped[OrganisationId]
    registry_seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes]
    completeness: Mapped[int]
    confirmed_by: Mapped[str]
    signature_id: Mapped[UUID | None] = mapped_column(ForeignKey(SignedContent.id))
    confirmed_at: Mapped[Instant]
    __table_args__ = (
        Index("ix_organisation_confirmation_organisation_id", "organisation_id", "confirmed_at"),
    )
