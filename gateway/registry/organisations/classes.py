"""Shifts, programmes and classes of an organisation (R-071)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from uuid import UUID, uuid4

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import ConcurrentChange, RegistryError
from gateway.registry.organisations.model import ClassGroup, ProgrammeOffering, Shift
from gateway.registry.organisations.registering import SUBJECT
from gateway.registry.repository import record_event
from gateway.registry.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClassGroup:
    """A class or group of an academic year; kindergartens have no grade."""

    academic_year: str
    name: str
    opened_on: date
    language_code: str
    kind_code: str = "REGULAR"
    grade_code: str | None = None
    shift_id: UUID | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProgramme:
    """A programme offered from a day on."""

    code: str
    name_ky: str
    name_ru: str
    level_code: str
    form_code: str
    language_code: str
    valid_from: date


async def add_shift(
    session: AsyncSession,
    organisation_id: UUID,
    academic_year: str,
    number: int,
    *,
    hours: tuple[time, time],
    at: datetime,
) -> UUID:
    """Add a shift (1–3) with its local hours and give its id."""
    shift_id = uuid4()
    values = {"academic_year": academic_year, "number": number, "starts_at": hours[0], "ends_at": hours[1]}
    await write(session, insert(Shift).values(id=shift_id, organisation_id=organisation_id, **values))
    await record_event(session, "SHIFT_ADDED", organisation_id, at=at, subject_type=SUBJECT)
    return shift_id


async def offer_programme(
    session: AsyncSession, organisation_id: UUID, new: NewProgramme, *, at: datetime
) -> UUID:
    """Offer a programme and give the offer's id."""
    offer_id = uuid4()
    await write(
        session,
        insert(ProgrammeOffering).values(id=offer_id, organisation_id=organisation_id, **asdict(new)),
    )
    await record_event(session, "PROGRAMME_OFFERED", organisation_id, at=at, subject_type=SUBJECT)
    return offer_id


async def open_class_group(
    session: AsyncSession, organisation_id: UUID, new: NewClassGroup, *, at: datetime
) -> UUID:
    """Open a class or group and give its id; raises RegistryError for a second one of that name, year and shift."""
    class_id = uuid4()
    values = {"organisation_id": organisation_id, "recorded_at": at, **asdict(new)}
    await write(session, insert(ClassGroup).values(id=class_id, **values))
    await record_event(session, "CLASS_GROUP_OPENED", class_id, at=at, subject_type="CLASS_GROUP")
    return class_id


async def appoint_class_teacher(
    session: AsyncSession, class_id: UUID, employment_id: UUID, *, version: int, at: datetime
) -> None:
    """Give a class its teacher; raises ConcurrentChange when the class is not at this version any more."""
    changed = await write(
        session,
        update(ClassGroup)
        .where(ClassGroup.id == class_id, ClassGroup.version == version)
        .values(teacher_employment_id=employment_id, version=version + 1)
        .returning(ClassGroup.id),
    )
    if changed.first() is None:
        raise ConcurrentChange("the class was changed by somebody else, or is not there")
    await record_event(session, "CLASS_TEACHER_APPOINTED", class_id, at=at, subject_type="CLASS_GROUP")


async def close_class_group(session: AsyncSession, class_id: UUID, *, closed_on: date, at: datetime) -> None:
    """Close a class from a day on; raises RegistryError when there is no open one."""
    closed = await write(
        session,
        update(ClassGroup)
        .where(ClassGroup.id == class_id, ClassGroup.closed_on.is_(None))
        .values(closed_on=closed_on, version=ClassGroup.version + 1)
        .returning(ClassGroup.id),
    )
    if closed.first() is None:
        raise RegistryError("there is no such class to close")
    await record_event(session, "CLASS_GROUP_CLOSED", class_id, at=at, subject_type="CLASS_GROUP")
