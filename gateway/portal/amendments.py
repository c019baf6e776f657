"""What may be added to a passport, as data: the fields of each part, and what writes it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import today
from gateway.portal.books import Option
from gateway.portal.fields import Field
from gateway.registry.books.rules import academic_year_on
from gateway.registry.model import Organisation
from gateway.registry.organisations.classes import NewClassGroup, open_class_group
from gateway.registry.organisations.history import NewName, rename
from gateway.registry.organisations.model import Building, Site
from gateway.registry.organisations.permits import NewLicence, add_licence
from gateway.registry.organisations.premises import (
    NewBuilding,
    NewRoom,
    NewSite,
    add_building,
    add_room,
    add_site,
    record_facilities,
)
from gateway.registry.repository import Provenance
from gateway.registry.writing import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An organisation with the sites and buildings that something can be added to."""

    organisation: Organisation
    academic_year: str
    sites: tuple[Option, ...]
    buildings: tuple[Option, ...]

    @classmethod
    async def read(cls, session: AsyncSession, place: Organisation) -> "Target":
        """Read what is there."""
        sites = (await session.execute(select(Site.id, Site.name).where(_site_of(place)))).all()
        below = select(Building.id, Building.name).where(
            Building.site_id.in_(select(Site.id).where(_site_of(place)))
        )
        return cls(
            organisation=place,
            academic_year=await academic_year_on(session, today()),
            sites=tuple(Option(code=str(row.id), name=row.name) for row in sites),
            buildings=tuple(
                Option(code=str(row.id), name=row.name) for row in (await session.execute(below)).all()
            ),
        )


def _site_of(place: Organisation) -> Any:
    return (Site.organisation_id == place.id) & (Site.valid_until.is_(None))


Write = Callable[[AsyncSession, Target, dict[str, Any], Provenance], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a passport: its fields for a target, and what writes it."""

    name: str
    fields: Callable[[Target], Sequence[Field]]
    write: Write
    days: tuple[str, ...] = ()

    def defaults(self, day: date) -> dict[str, str]:
        """Give what stands in the form at first."""
        return dict.fromkeys(self.days, day.isoformat())

    async def add(
        self, session: AsyncSession, target: Target, values: Mapping[str, Any], told: Provenance
    ) -> None:
        """Write it; raises RegistryError or InputRefused for what the registry does not take."""
        await self.write(session, target, dict(values), told)


def _day(name: str, *, required: bool = True) -> Field:
    return Field(name=name, kind="day", required=required)


def _choice(name: str, book: str, *, required: bool = True) -> Field:
    return Field(name=name, kind="choice", book=book, required=required)


def _below(name: str, given: tuple[Option, ...]) -> Field:
    return Field(name=name, kind="choice", given=given)


async def _name(session: AsyncSession, target: Target, values: dict[str, Any], told: Provenance) -> None:
    order = Order(number=values.pop("order_no"), on=values.pop("order_on"))
    await rename(session, target.organisation.id, NewName(**values, order=order), provenance=told)


async def _site(session: AsyncSession, target: Target, values: dict[str, Any], told: Provenance) -> None:
    await add_site(session, target.organisation.id, NewSite(**values), at=told.recorded_at)


async def _building(session: AsyncSession, _: Target, values: dict[str, Any], told: Provenance) -> None:
    site_id = UUID(values.pop("site_id"))
    await add_building(session, site_id, NewBuilding(**values), at=told.recorded_at)


async def _room(session: AsyncSession, _: Target, values: dict[str, Any], told: Provenance) -> None:
    building_id = UUID(values.pop("building_id"))
    await add_room(session, building_id, NewRoom(**values), at=told.recorded_at)


async def _licence(session: AsyncSession, target: Target, values: dict[str, Any], told: Provenance) -> None:
    await add_licence(session, target.organisation.id, NewLicence(**values), provenance=told)


async def _facility(session: AsyncSession, target: Target, values: dict[str, Any], told: Provenance) -> None:
    amounts = {values["facility_code"]: values["amount"]}
    await record_facilities(session, UUID(values["site_id"]), target.academic_year, amounts, provenance=told)


async def _class(session: AsyncSession, target: Target, values: dict[str, Any], told: Provenance) -> None:
    new = NewClassGroup(academic_year=target.academic_year, **values)
    await open_class_group(session, target.organisation.id, new, at=told.recorded_at)


_ALL = (
    Part(
        name="class",
        days=("opened_on",),
        write=_class,
        fields=lambda _: (
            Field(name="name", longest=20),
            _choice("grade_code", "GRADE", required=False),
            _choice("language_code", "LANGUAGE_OF_INSTRUCTION"),
            _choice("kind_code", "CLASS_KIND"),
            Field(name="capacity", kind="number", low=1, high=200, required=False),
            _day("opened_on"),
        ),
    ),
    Part(
        name="name",
        days=("valid_from", "order_on"),
        write=_name,
        fields=lambda _: (
            _choice("language_code", "LANGUAGE_OF_NAME"),
            Field(name="full_name"),
            Field(name="short_name", required=False),
            Field(name="order_no", longest=64),
            _day("order_on"),
            _day("valid_from"),
        ),
    ),
    Part(
        name="licence",
        write=_licence,
        fields=lambda _: (
            _choice("kind_code", "LICENCE_KIND"),
            Field(name="number", longest=64),
            Field(name="issuer"),
            _day("issued_on"),
            _day("valid_from"),
            _day("valid_until", required=False),
        ),
    ),
    Part(
        name="site",
        days=("valid_from",),
        write=_site,
        fields=lambda _: (
            Field(name="name"),
            Field(name="soate", longest=14, hint="soate"),
            Field(name="address"),
            Field(name="cadastre_no", longest=64, required=False),
            _day("valid_from"),
        ),
    ),
    Part(
        name="building",
        write=_building,
        fields=lambda target: (
            _below("site_id", target.sites),
            Field(name="name"),
            _choice("condition_code", "BUILDING_CONDITION", required=False),
            Field(name="built_in", kind="number", low=1800, high=2100, required=False),
            Field(name="area_m2", kind="amount", required=False),
            Field(name="capacity", kind="number", low=1, high=100_000, required=False),
        ),
    ),
    Part(
        name="room",
        write=_room,
        fields=lambda target: (
            _below("building_id", target.buildings),
            Field(name="number", longest=20),
            _choice("kind_code", "ROOM_KIND"),
            Field(name="area_m2", kind="amount", required=False),
            Field(name="seats", kind="number", low=1, high=10_000, required=False),
        ),
    ),
    Part(
        name="facility",
        write=_facility,
        fields=lambda target: (
            _below("site_id", target.sites),
            _choice("facility_code", "FACILITY"),
            Field(name="amount", kind="amount"),
        ),
    ),
)
PARTS: Mapping[str, Part] = {each.name: each for each in _ALL}
