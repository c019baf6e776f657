"""The staff of an organisation on a day, as rows to export: employments, positions and loads (R-031)."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Numeric, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.exports.rows import ExportRow, cell, pins_of
from gateway.registry.model import Person
from gateway.registry.reading import PERSON_COLUMNS, Root, through_master
from gateway.registry.staff.load_model import TeachingLoad
from gateway.registry.staff.model import Assignment, Employment

STAFF_FIELDS = (
    "isuo_no", "surname", "given_name", "patronymic", "sex", "birth_date", "pin", "category_code", "position_code",
    "kind_code", "fte", "hours_per_week", "employed_since",
)  # fmt: skip


async def staff_of(
    session: AsyncSession, organisation_id: UUID, *, on: date, limit: int
) -> tuple[ExportRow, ...]:
    """Read at most `limit` employments that last on a day, with the positions and hours held then, by surname."""
    held = (
        select(func.sum(Assignment.fte))
        .where(Assignment.employment_id == Employment.id, _lasts(on))
        .scalar_subquery()
    )
    taught = (
        select(func.sum(TeachingLoad.hours_per_week))
        .join(Assignment, Assignment.id == TeachingLoad.assignment_id)
        .where(Assignment.employment_id == Employment.id, _lasts(on))
        .scalar_subquery()
    )
    work = (
        Employment.category_code,
        Employment.position_code,
        Employment.kind_code,
        Employment.start_on.label("employed_since"),
    )
    statement = (
        through_master(
            select(
                *PERSON_COLUMNS,
                *work,
                cast(held, Numeric).label("fte"),
                cast(taught, Numeric).label("hours_per_week"),
                Employment.person_id.label("employed_id"),
            )
            .select_from(Employment)
            .join(Person, Person.id == Employment.person_id)
        )
        .where(
            Employment.organisation_id == organisation_id,
            Employment.start_on <= on,
            or_(Employment.end_on.is_(None), Employment.end_on > on),
        )
        .order_by(Root.surname, Root.given_name, Root.isuo_no, Employment.start_on)
        .limit(limit)
    )
    found = (await session.execute(statement)).all()
    pins = await pins_of(session, {each for row in found for each in (row.person_id, row.employed_id)})
    return tuple(
        ExportRow(
            person_id=row.person_id,
            cells=tuple(
                pins.get(row.person_id) or pins.get(row.employed_id, "")
                if name == "pin"
                else cell(getattr(row, name))
                for name in STAFF_FIELDS
            ),
        )
        for row in found
    )


def _lasts(on: date) -> ColumnElement[bool]:
    return (Assignment.from_on <= on) & or_(Assignment.until_on.is_(None), Assignment.until_on > on)
