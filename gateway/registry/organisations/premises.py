"""Sites, buildings and rooms, and what a site has in an academic year (материально-техническая база)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.organisations.model import Building, FacilityYear, Room, Site
from gateway.registry.organisations.registering import SUBJECT
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSite:
    """A place an organisation works at, under its СОАТЕ code."""

    name: str
    soate: str
    address: str
    valid_from: date
    cadastre_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuilding:
    """A building; area in square metres, capacity in learners."""

    name: str
    condition_code: str | None = None
    built_in: int | None = None
    area_m2: Decimal | None = None
    capacity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRoom:
    """A room of a building; area in square metres."""

    number: str
    kind_code: str
    area_m2: Decimal | None = None
    seats: int | None = None


async def add_site(session: AsyncSession, organisation_id: UUID, new: NewSite, *, at: datetime) -> UUID:
    """Record a site and give its id."""
    site_id = uuid4()
    await write(session, insert(Site).values(id=site_id, organisation_id=organisation_id, **asdict(new)))
    await _changed(session, organisation_id, at)
    return site_id


async def add_building(session: AsyncSession, site_id: UUID, new: NewBuilding, *, at: datetime) -> UUID:
    """Record a building of a site and give its id."""
    return await _add_below(session, Building, {"site_id": site_id, **asdict(new)}, site_id=site_id, at=at)


async def add_room(session: AsyncSession, building_id: UUID, new: NewRoom, *, at: datetime) -> UUID:
    """Record a room of a building and give its id."""
    site_id = await session.scalar(select(Building.site_id).where(Building.id == building_id))
    if site_id is None:
        raise RegistryError("there is no such building")
    return await _add_below(
        session, Room, {"building_id": building_id, **asdict(new)}, site_id=site_id, at=at
    )


async def record_facilities(
    session: AsyncSession,
    site_id: UUID,
    academic_year: str,
    amounts: Mapping[str, Decimal],
    *,
    provenance: Provenance,
) -> None:
    """Record how much of each facility a site has in an academic year.

    A second word replaces the first in what is shown; both stay as assertions of the site.
    """
    at = provenance.recorded_at
    for facility, amount in amounts.items():
        made = upsert(FacilityYear).values(
            site_id=site_id,
            academic_year=academic_year,
            facility_code=facility,
            amount=amount,
            recorded_at=at,
        )
        shown = {"amount": amount, "recorded_at": at}
        await write(session, made.on_conflict_do_update(constraint="pk_facility_year", set_=shown))
    told = {f"{academic_year} {facility}": str(amount) for facility, amount in amounts.items()}
    await add_assertions(session, site_id, told, provenance=provenance, subject_type="SITE")
    await _changed(session, await _owner(session, site_id), at)


async def _add_below(
    session: AsyncSession,
    table: type[Building | Room],
    values: dict[str, Any],
    *,
    site_id: UUID,
    at: datetime,
) -> UUID:
    made = uuid4()
    await write(session, insert(table).values(id=made, **values))
    await _changed(session, await _owner(session, site_id), at)
    return made


async def _owner(session: AsyncSession, site_id: UUID) -> UUID:
    owner = await session.scalar(select(Site.organisation_id).where(Site.id == site_id))
    if owner is None:
        raise RegistryError("there is no such site")
    return owner


async def _changed(session: AsyncSession, organisation_id: UUID, at: datetime) -> None:
    await record_event(session, "PREMISES_CHANGED", organisation_id, at=at, subject_type=SUBJECT)
