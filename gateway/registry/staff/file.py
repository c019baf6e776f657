"""The personal file of an employee (личное дело, R-046): what the registry holds of the work of one person, by day."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, Uuid, cast, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import Person
from gateway.registry.staff.model import (
    Assignment,
    CategoryAttestation,
    Employment,
    HeadAppointment,
    Qualification,
    ResponsibleAppointment,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One thing in the file: what happened on which day, where, by which order; `code` is a value of a book."""

    on: date
    kind: str
    code: str | None
    organisation_id: UUID | None
    order_no: str | None
    subject_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Where one kind of entry is read from: columns, or None where this kind has nothing to say."""

    kind: str
    on: Any
    subject: Any
    owner: Any
    code: Any = None
    organisation: Any = None
    order: Any = None


async def staff_file(session: AsyncSession, person_id: UUID) -> tuple[FileEntry, ...]:
    """Read the file of a person in the order of the days; entries merged into one are one file."""
    root = select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id).scalar_subquery()
    same = select(Person.id).where(or_(Person.id == root, Person.master_id == root))
    parts = (*_work(), *_papers(), *_appointments("HEAD", HeadAppointment))
    parts = (*parts, *_appointments("RESPONSIBLE", ResponsibleAppointment))
    everything = union_all(*(_asked(part).where(part.owner.in_(same)) for part in parts)).subquery()
    found = await session.execute(
        select(everything).order_by(everything.c.on, everything.c.kind, everything.c.subject_id)
    )
    return tuple(FileEntry(**row) for row in found.mappings())


def _asked(part: _Part) -> Select[*tuple[Any, ...]]:
    asked = select(
        part.on.label("on"),
        literal(part.kind, String).label("kind"),
        cast(part.code, String).label("code"),
        cast(part.organisation, Uuid).label("organisation_id"),
        cast(part.order, String).label("order_no"),
        part.subject.label("subject_id"),
    ).where(part.on.is_not(None))
    if part.kind == "ASSIGNMENT":
        return asked.join_from(Assignment, Employment, Employment.id == Assignment.employment_id)
    return asked


def _work() -> tuple[_Part, ...]:
    place: dict[str, Any] = {"owner": Employment.person_id, "organisation": Employment.organisation_id}
    return (
        _Part(
            kind="EMPLOYMENT_STARTED",
            on=Employment.start_on,
            subject=Employment.id,
            code=Employment.position_code,
            order=Employment.order_no,
            **place,
        ),
        _Part(
            kind="EMPLOYMENT_ENDED",
            on=Employment.end_on,
            subject=Employment.id,
            code=Employment.end_reason_code,
            **place,
        ),
        _Part(
            kind="ASSIGNMENT",
            on=Assignment.from_on,
            subject=Assignment.id,
            code=Assignment.position_code,
            **place,
        ),
    )


def _papers() -> tuple[_Part, ...]:
    return (
        _Part(
            kind="QUALIFICATION",
            on=Qualification.issued_on,
            subject=Qualification.id,
            owner=Qualification.person_id,
            code=Qualification.kind_code,
        ),
        _Part(
            kind="CATEGORY",
            on=CategoryAttestation.valid_from,
            subject=CategoryAttestation.id,
            owner=CategoryAttestation.person_id,
            code=CategoryAttestation.category_code,
            order=CategoryAttestation.order_no,
        ),
    )


def _appointments(kind: str, table: type[HeadAppointment | ResponsibleAppointment]) -> tuple[_Part, ...]:
    place: dict[str, Any] = {
        "subject": table.id,
        "owner": table.person_id,
        "organisation": table.organisation_id,
    }
    return (
        _Part(kind=f"{kind}_APPOINTED", on=table.from_on, order=table.order_no, **place),
        _Part(kind=f"{kind}_RELEASED", on=table.until_on, **place),
    )
