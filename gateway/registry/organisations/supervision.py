"""What supervisory bodies see: counts of their own levels, and who lacks a responsible person; never persons."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.books.lookup import subtree, value_on, values_on
from gateway.registry.model import Organisation
from gateway.registry.staff.model import ResponsibleAppointment


async def supervised_types(session: AsyncSession, body_code: str, *, on: date) -> frozenset[str]:
    """Give the types of organisations a body of the book SUPERVISORY_BODY answers for; raises RegistryError."""
    body = await value_on(session, "SUPERVISORY_BODY", body_code, on=on)
    if body is None:
        raise RegistryError("there is no such supervisory body")
    levels = set(body.attributes["levels"])
    types = await values_on(session, "ORG_TYPE", on=on)
    return frozenset(row.code for row in types if row.attributes["level"] in levels)


async def organisations_by_type(
    session: AsyncSession, *, on: date, body_code: str | None = None, territory: str | None = None
) -> dict[str, int]:
    """Count the organisations open on a day by type, of a body's levels and of a СОАТЕ territory if given."""
    asked = select(Organisation.type_code, func.count()).where(*_open(on)).group_by(Organisation.type_code)
    if body_code is not None:
        types = await supervised_types(session, body_code, on=on)
        asked = asked.where(Organisation.type_code.in_(types))
    if territory is not None:
        asked = asked.where(Organisation.soate.in_(await subtree(session, "SOATE", territory)))
    return {type_code or "": number for type_code, number in await session.execute(asked)}


async def without_responsible(
    session: AsyncSession, *, on: date, territory: str | None = None
) -> tuple[UUID, ...]:
    """Give the organisations open on a day that nobody answers for by order (R-078)."""
    answers = select(ResponsibleAppointment.id).where(
        ResponsibleAppointment.organisation_id == Organisation.id,
        ResponsibleAppointment.from_on <= on,
        or_(ResponsibleAppointment.until_on.is_(None), ResponsibleAppointment.until_on > on),
    )
    asked: Select[Any] = select(Organisation.id).where(*_open(on), ~answers.exists())
    if territory is not None:
        asked = asked.where(Organisation.soate.in_(await subtree(session, "SOATE", territory)))
    return tuple(await session.scalars(asked.order_by(Organisation.code)))


def _open(on: date) -> tuple[Any, ...]:
    return (
        Organisation.status != "PLANNED",
        or_(Organisation.opened_on.is_(None), Organisation.opened_on <= on),
        or_(Organisation.closed_on.is_(None), Organisation.closed_on > on),
    )
