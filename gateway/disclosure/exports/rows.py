"""The learners of an organisation on a day, as rows to export."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import Enrolment, Person
from gateway.registry.reading import PERSON_COLUMNS, Root, current_identifiers, through_master
from gateway.registry.values import IdentifierStatus, Scheme

FIELDS = (
    "isuo_no", "surname", "given_name", "patronymic", "sex", "birth_date", "pin", "grade", "level", "form",
    "start_on",
)  # fmt: skip
_WORTH = {IdentifierStatus.VERIFIED: 2, IdentifierStatus.CLAIMED: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """A person's cells in the order of the columns, and the entry they are about."""

    person_id: UUID
    cells: tuple[str, ...]


async def learners_of(
    session: AsyncSession, organisation_id: UUID, *, on: date, grade: str | None = None, limit: int
) -> tuple[ExportRow, ...]:
    """Read at most `limit` learners enrolled on a day, by surname; held enrolments do not count."""
    statement = (
        through_master(
            select(
                *PERSON_COLUMNS,
                Enrolment.grade,
                Enrolment.level,
                Enrolment.form,
                Enrolment.start_on,
                Enrolment.person_id.label("enrolled_id"),
            )
            .select_from(Enrolment)
            .join(Person, Person.id == Enrolment.person_id)
        )
        .where(
            Enrolment.organisation_id == organisation_id,
            Enrolment.held.is_(False),
            Enrolment.start_on <= on,
            func.coalesce(Enrolment.end_on > on, True),
            Root.status == "ACTIVE",
            *([Enrolment.grade == grade] if grade else []),
        )
        .order_by(Root.surname, Root.given_name, Root.isuo_no)
        .limit(limit)
    )
    found = (await session.execute(statement)).all()
    pins = await pins_of(session, {each for row in found for each in (row.person_id, row.enrolled_id)})
    return tuple(
        ExportRow(
            person_id=row.person_id,
            cells=(
                row.isuo_no,
                *map(cell, (row.surname, row.given_name, row.patronymic, row.sex, row.birth_date)),
                pins.get(row.person_id) or pins.get(row.enrolled_id, ""),
                *map(cell, (row.grade, row.level, row.form, row.start_on)),
            ),
        )
        for row in found
    )


async def pins_of(session: AsyncSession, person_ids: set[UUID]) -> dict[UUID, str]:
    """Give each entry's PIN, a verified one before a claimed one."""
    best: dict[UUID, tuple[int, str]] = {}
    for person_id, scheme, value, status in await current_identifiers(session, person_ids):
        worth = _WORTH.get(status, 0)
        if scheme == Scheme.PIN and worth > best.get(person_id, (0, ""))[0]:
            best[person_id] = (worth, value)
    return {person_id: value for person_id, (_, value) in best.items()}


def cell(value: object) -> str:
    """Write a value as a person reads it."""
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else str(value or "")
