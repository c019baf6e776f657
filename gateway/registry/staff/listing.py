"""Who works at an organisation: employments with their positions, the names as far as the session shows them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import Person
from gateway.registry.staff.model import Assignment, Employment


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPosition:
    """A position held within an employment, in full-time equivalents."""

    assignment_id: UUID
    position_code: str
    fte: Decimal
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffEntry:
    """Somebody's work at an organisation; without names where the session does not show the person."""

    employment_id: UUID
    organisation_id: UUID
    isuo_no: str | None
    surname: str | None
    given_name: str | None
    patronymic: str | None
    position_code: str
    category_code: str
    kind_code: str
    contract_no: str | None
    order_no: str | None
    start_on: date
    end_on: date | None
    end_reason_code: str | None
    social_fund_status: str | None
    version: int
    assignments: tuple[HeldPosition, ...]


async def list_staff(
    session: AsyncSession, *where: ColumnElement[bool], after: UUID | None = None, limit: int = 50
) -> list[StaffEntry]:
    """List employments that meet all conditions, in the order of their ids, beginning after one."""
    statement = (
        select(Employment, Person)
        .outerjoin(Person, Person.id == Employment.person_id)
        .where(*where)
        .order_by(Employment.id)
        .limit(limit)
    )
    if after:
        statement = statement.where(Employment.id > after)
    rows = (await session.execute(statement)).all()
    held = await _positions(session, [row[0].id for row in rows])
    return [_entry(row[0], row[1], held.get(row[0].id, [])) for row in rows]


async def _positions(session: AsyncSession, employments: list[UUID]) -> dict[UUID, list[HeldPosition]]:
    """Read the positions of a page of employments in one SELECT."""
    found = await session.execute(
        select(Assignment)
        .where(Assignment.employment_id.in_(employments))
        .order_by(Assignment.from_on, Assignment.id)
    )
    held: dict[UUID, list[HeldPosition]] = {}
    for row in found.scalars():
        held.setdefault(row.employment_id, []).append(_held(row))
    return held


def _entry(row: Employment, person: Person | None, held: list[HeldPosition]) -> StaffEntry:
    return StaffEntry(
        employment_id=row.id,
        organisation_id=row.organisation_id,
        isuo_no=person.isuo_no if person else None,
        surname=person.surname if person else None,
        given_name=person.given_name if person else None,
        patronymic=person.patronymic if person else None,
        position_code=row.position_code,
        category_code=row.category_code,
        kind_code=row.kind_code,
        contract_no=row.contract_no,
        order_no=row.order_no,
        start_on=row.start_on,
        end_on=row.end_on,
        end_reason_code=row.end_reason_code,
        social_fund_status=row.social_fund_status,
        version=row.version,
        assignments=tuple(held),
    )


def _held(row: Assignment) -> HeldPosition:
    return HeldPosition(
        assignment_id=row.id,
        position_code=row.position_code,
        fte=row.fte,
        from_on=row.from_on,
        until_on=row.until_on,
    )
