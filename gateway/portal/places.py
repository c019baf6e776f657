"""Organisations within somebody's reach, as pages list and name them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.decide import Decision, decide
from gateway.access.values import Action, Kind
from gateway.pages.visit import Visit
from gateway.registry.model import Organisation

MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An organisation: its code and its name in the reader's language."""

    organisation_id: UUID
    code: str
    name: str
    status: str


async def places_within(
    session: AsyncSession, right: Decision, language: str, *, like: str = "", limit: int = MOST
) -> list[Place]:
    """List organisations within a right's reach by name, those whose code or name holds `like`."""
    name = Organisation.name_ky if language == "ky" else Organisation.name_ru
    statement = (
        select(Organisation.id, Organisation.code, name.label("name"), Organisation.status)
        .where(right.by_organisation(Organisation.id))
        .order_by(name, Organisation.code)
        .limit(limit)
    )
    if like:
        wanted = [
            column.icontains(like, autoescape=True)
            for column in (Organisation.code, Organisation.name_ky, Organisation.name_ru)
        ]
        statement = statement.where(or_(*wanted))
    found = await session.execute(statement)
    return [
        Place(organisation_id=row.id, code=row.code, name=row.name or row.code, status=row.status)
        for row in found
    ]


async def own_places(session: AsyncSession, visit: Visit, action: Action, kind: Kind) -> list[Place]:
    """List the organisations where somebody may do something."""
    right = decide(visit.caller, action, kind)
    return await places_within(session, right, visit.language) if right.allowed else []
