"""What the tests of Sections I and III share: organisations, people and orders made short."""

from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.foundation.database import Database
from gateway.registry.organisations.registering import NewOrganisation, register_organisation
from gateway.registry.repository import Provenance, create_person
from gateway.registry.staff.employing import NewEmployment, hire
from gateway.registry.writing import Order

NOW = datetime(2026, 10, 1, 6, 0, tzinfo=UTC)
TODAY = day_of(NOW)
SCHOOL = Provenance(source="SCHOOL", recorded_at=NOW, entered_by="clerk.one")
MINJUST = Provenance(source="MINJUST", recorded_at=NOW)
ORDER = Order(number="12-к", on=date(2026, 8, 20))
OPENED = date(1970, 9, 1)


def new_organisation(code: str = "S-1", **changed: object) -> NewOrganisation:
    values: dict[str, object] = {
        "code": code,
        "type_code": "SCHOOL",
        "name_ky": f"{code} мектеби",
        "name_ru": f"Школа {code}",
        "opened_on": OPENED,
        **changed,
    }
    return NewOrganisation(**values)  # type: ignore[arg-type]


async def organisation(session: AsyncSession, code: str = "S-1", **changed: object) -> UUID:
    return await register_organisation(session, new_organisation(code, **changed), provenance=MINJUST)


async def saved_organisation(database: Database, code: str = "S-1", **changed: object) -> UUID:
    async with database.transaction() as session:
        return await organisation(session, code, **changed)


async def person(session: AsyncSession) -> UUID:
    return await create_person(session, at=NOW)


async def employee(session: AsyncSession, organisation_id: UUID, **changed: object) -> UUID:
    values: dict[str, object] = {
        "organisation_id": organisation_id,
        "position_code": "TEACHER",
        "start_on": date(2025, 9, 1),
        **changed,
    }
    if "person_id" not in values:
        values["person_id"] = await person(session)
    return await hire(session, NewEmployment(**values), provenance=SCHOOL)  # type: ignore[arg-type]


async def events_of(session: AsyncSession, subject_id: UUID) -> list[str]:
    found = await session.execute(
        text("select type from registry_event where subject_id = :id order by seq"), {"id": subject_id}
    )
    return [row.type for row in found]


async def told_of(session: AsyncSession, subject_id: UUID) -> dict[str, object]:
    found = await session.execute(
        text("select field, value from assertion where subject_id = :id order by seq"), {"id": subject_id}
    )
    return {row.field: row.value for row in found}
