"""Change what an organisation is called or is: the old row ends, the new one begins, nothing is overwritten."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.registry.organisations.model import OrganisationName, OrganisationType
from gateway.registry.organisations.registering import SUBJECT, project_organisation, special_profile, tell
from gateway.registry.repository import Provenance, record_event
from gateway.registry.writing import Order, require_order, write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewName:
    """A name from a day on, by an order; language_code is KY, RU or EN."""

    language_code: str
    full_name: str
    valid_from: date
    order: Order
    short_name: str | None = None


async def rename(
    session: AsyncSession, organisation_id: UUID, name: NewName, *, provenance: Provenance
) -> None:
    """Give an organisation a name in one language; the present one ends on the day before.

    Raises RegistryError where a later name already stands, InputRefused without an order.
    """
    order = require_order(name.order)
    await write(
        session,
        update(OrganisationName)
        .where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.language_code == name.language_code,
            OrganisationName.valid_from <= name.valid_from,
            or_(OrganisationName.valid_until.is_(None), OrganisationName.valid_until > name.valid_from),
        )
        .values(valid_until=name.valid_from),
    )
    await write(
        session,
        insert(OrganisationName).values(
            id=uuid4(),
            organisation_id=organisation_id,
            language_code=name.language_code,
            full_name=name.full_name,
            short_name=name.short_name,
            order_no=order.number,
            valid_from=name.valid_from,
            recorded_at=provenance.recorded_at,
        ),
    )
    told: dict[str, object] = {f"name_{name.language_code.lower()}": name.full_name}
    await _changed(session, organisation_id, "ORGANISATION_RENAMED", told, provenance=provenance)


async def change_type(
    session: AsyncSession,
    organisation_id: UUID,
    type_code: str,
    *,
    valid_from: date,
    order: Order,
    provenance: Provenance,
) -> None:
    """Make an organisation one of another type from a day on; its special profile follows the type."""
    await write(
        session,
        update(OrganisationType)
        .where(
            OrganisationType.organisation_id == organisation_id,
            OrganisationType.valid_from <= valid_from,
            or_(OrganisationType.valid_until.is_(None), OrganisationType.valid_until > valid_from),
        )
        .values(valid_until=valid_from),
    )
    await write(
        session,
        insert(OrganisationType).values(
            id=uuid4(),
            organisation_id=organisation_id,
            type_code=type_code,
            special_profile=await special_profile(session, type_code, on=valid_from),
            order_no=require_order(order).number,
            valid_from=valid_from,
            recorded_at=provenance.recorded_at,
        ),
    )
    told: dict[str, object] = {"type_code": type_code}
    await _changed(session, organisation_id, "ORGANISATION_TYPE_CHANGED", told, provenance=provenance)


async def _changed(
    session: AsyncSession,
    organisation_id: UUID,
    event: str,
    told: dict[str, object],
    *,
    provenance: Provenance,
) -> None:
    await tell(session, organisation_id, told, provenance=provenance)
    await project_organisation(session, organisation_id, on=day_of(provenance.recorded_at))
    await record_event(session, event, organisation_id, at=provenance.recorded_at, subject_type=SUBJECT)


async def name_on(
    session: AsyncSession, organisation_id: UUID, language_code: str, *, on: date
) -> str | None:
    """Read what an organisation was called on a day in one language; None where it had no name then."""
    name: str | None = await session.scalar(
        select(OrganisationName.full_name).where(
            OrganisationName.organisation_id == organisation_id,
            OrganisationName.language_code == language_code,
            OrganisationName.valid_from <= on,
            or_(OrganisationName.valid_until.is_(None), OrganisationName.valid_until > on),
        )
    )
    return name
