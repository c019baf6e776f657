"""The infrastructure cells of the forms ОШ-1 and 85-К, filled from what is recorded of sites (R-033, R-042)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.books.lookup import values_on
from gateway.registry.organisations.model import Building, FacilityYear, Room, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of the form: which book its code is of, what is counted in, and how much; None was never recorded."""

    book: str
    code: str
    unit: str
    amount: Decimal | None


async def infrastructure_cells(
    session: AsyncSession, organisation_id: UUID, *, academic_year: str, on: date
) -> tuple[Cell, ...]:
    """Fill every cell of an organisation for an academic year: facilities, rooms by kind, buildings and their area.

    What either is or is not there counts as 1 as soon as one site has it; the rest is summed over the sites.
    """
    sites = select(Site.id).where(
        Site.organisation_id == organisation_id,
        Site.valid_from <= on,
        (Site.valid_until.is_(None)) | (Site.valid_until > on),
    )
    facilities = await session.execute(
        select(FacilityYear.facility_code, func.sum(FacilityYear.amount), func.max(FacilityYear.amount))
        .where(FacilityYear.site_id.in_(sites), FacilityYear.academic_year == academic_year)
        .group_by(FacilityYear.facility_code)
    )
    recorded: dict[str, tuple[Decimal, Decimal]] = {row[0]: (row[1], row[2]) for row in facilities}
    cells = []
    for value in await values_on(session, "FACILITY", on=on):
        unit = str(value.attributes.get("unit", "count"))
        told = recorded.get(value.code)
        amount = None if told is None else min(told[1], Decimal(1)) if unit == "yes" else told[0]
        cells.append(Cell(book="FACILITY", code=value.code, unit=unit, amount=amount))
    return (*cells, *await _rooms(session, sites, on=on), *await _buildings(session, sites))


async def _rooms(session: AsyncSession, sites: object, *, on: date) -> list[Cell]:
    counted = await session.execute(
        select(Room.kind_code, func.count())
        .join(Building, Building.id == Room.building_id)
        .where(Building.site_id.in_(sites))  # type: ignore[arg-type]
        .group_by(Room.kind_code)
    )
    found = {row[0]: row[1] for row in counted}
    return [
        Cell(book="ROOM_KIND", code=value.code, unit="count", amount=Decimal(found.get(value.code, 0)))
        for value in await values_on(session, "ROOM_KIND", on=on)
    ]


async def _buildings(session: AsyncSession, sites: object) -> list[Cell]:
    row = (
        await session.execute(
            select(func.count(), func.sum(Building.area_m2)).where(Building.site_id.in_(sites))  # type: ignore[arg-type]
        )
    ).one()
    return [
        Cell(book="BUILDING", code="BUILDINGS", unit="count", amount=Decimal(row[0])),
        Cell(book="BUILDING", code="AREA", unit="m2", amount=row[1]),
    ]
