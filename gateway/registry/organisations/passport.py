"""The passport of an organisation: its content as one canonical value, and how much of it is there (R-027, R-065)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Base
from gateway.foundation.errors import RegistryError
from gateway.registry.books.lookup import values_on
from gateway.registry.books.rules import academic_year_on
from gateway.registry.model import Organisation
from gateway.registry.organisations.model import (
    Building,
    FacilityYear,
    Licence,
    OrganisationLanguage,
    OrganisationName,
    Room,
    Site,
)
from gateway.registry.staff.model import HeadAppointment, ResponsibleAppointment

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """What is known of an organisation on a day; `missing` are codes of the book PASSPORT_ITEM."""

    organisation_id: UUID
    content: Mapping[str, Rows]
    missing: tuple[str, ...]
    completeness: int

    def digest(self) -> bytes:
        """Give the SHA-256 of the content in canonical form: any changed field gives another."""
        canonical = json.dumps(
            self.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
        )
        return hashlib.sha256(canonical.encode()).digest()


async def read_passport(session: AsyncSession, organisation_id: UUID, *, on: date) -> Passport:
    """Put the passport of a day together; raises RegistryError when there is no such organisation."""
    content = await _content(session, organisation_id, on)
    if not content["organisation"]:
        raise RegistryError("there is no such organisation")
    items = [row.code for row in await values_on(session, "PASSPORT_ITEM", on=on)]
    missing = tuple(item for item in items if not _is_there(item, content))
    return Passport(
        organisation_id=organisation_id,
        content=content,
        missing=missing,
        completeness=100 * (len(items) - len(missing)) // len(items) if items else 0,
    )


async def _content(session: AsyncSession, organisation_id: UUID, on: date) -> dict[str, Rows]:
    sites = select(Site.id).where(Site.organisation_id == organisation_id)
    buildings = select(Building.id).where(Building.site_id.in_(sites))
    year = await academic_year_on(session, on)
    asked: dict[str, tuple[type[Base], tuple[ColumnElement[bool], ...]]] = {
        "organisation": (Organisation, (Organisation.id == organisation_id,)),
        "names": (OrganisationName, _holding(OrganisationName, organisation_id, on)),
        "languages": (OrganisationLanguage, _holding(OrganisationLanguage, organisation_id, on)),
        "licences": (
            Licence,
            (
                *_holding(Licence, organisation_id, on),
                or_(Licence.revoked_on.is_(None), Licence.revoked_on > on),
            ),
        ),
        "sites": (Site, _holding(Site, organisation_id, on)),
        "buildings": (Building, (Building.site_id.in_(sites),)),
        "rooms": (Room, (Room.building_id.in_(buildings),)),
        "facilities": (FacilityYear, (FacilityYear.site_id.in_(sites), FacilityYear.academic_year == year)),
        "heads": (HeadAppointment, _appointed(HeadAppointment, organisation_id, on)),
        "responsible": (ResponsibleAppointment, _appointed(ResponsibleAppointment, organisation_id, on)),
    }
    return {name: await _rows(session, table, where) for name, (table, where) in asked.items()}


def _holding(table: Any, organisation_id: UUID, on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        table.organisation_id == organisation_id,
        table.valid_from <= on,
        or_(table.valid_until.is_(None), table.valid_until > on),
    )


def _appointed(table: Any, organisation_id: UUID, on: date) -> tuple[ColumnElement[bool], ...]:
    return (
        table.organisation_id == organisation_id,
        table.from_on <= on,
        or_(table.until_on.is_(None), table.until_on > on),
    )


# what changes by itself, or says only when something was written, is no content
_LEFT_OUT = frozenset({"version", "recorded_at", "book_versions", "mask_in_disclosure"})


async def _rows(session: AsyncSession, table: type[Base], where: tuple[ColumnElement[bool], ...]) -> Rows:
    mapped = table.__table__
    assert isinstance(mapped, Table)
    columns = [column for column in mapped.columns if column.name not in _LEFT_OUT]
    found = await session.execute(select(*columns).where(*where).order_by(*mapped.primary_key))
    return [dict(row._mapping) for row in found]  # noqa: SLF001 - the public name of a row's mapping


_COLUMNS = {
    "NAME_KY": "name_ky",
    "NAME_RU": "name_ru",
    "TYPE": "type_code",
    "INN": "inn",
    "OKPO": "okpo",
    "SOATE": "soate",
    "OWNERSHIP": "ownership_code",
    "OPENED_ON": "opened_on",
}
_PARTS = {
    "LANGUAGE": "languages",
    "SITE": "sites",
    "BUILDING": "buildings",
    "FACILITY": "facilities",
    "HEAD": "heads",
    "RESPONSIBLE": "responsible",
}


def _is_there(item: str, content: Mapping[str, Rows]) -> bool:
    """Tell whether an item of the book is filled; one this program does not know counts as missing."""
    if item in _COLUMNS:
        return content["organisation"][0][_COLUMNS[item]] not in (None, "")
    if item in _PARTS:
        return bool(content[_PARTS[item]])
    if item == "LICENCE":
        return any(row["kind_code"] == "LICENCE" for row in content["licences"])
    return any(f"NAME_{row['language_code']}" == item for row in content["names"])
