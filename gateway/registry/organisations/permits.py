"""Licences and accreditations: what an organisation is allowed to teach, and until when."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.organisations.model import Licence
from gateway.registry.organisations.registering import SUBJECT
from gateway.registry.repository import Provenance, add_assertions, record_event
from gateway.registry.writing import write


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLicence:
    """A licence or accreditation as its paper says; without `valid_until` it has no term."""

    kind_code: str
    number: str
    issuer: str
    issued_on: date
    valid_from: date
    valid_until: date | None = None
    programme: str = ""


async def add_licence(
    session: AsyncSession, organisation_id: UUID, new: NewLicence, *, provenance: Provenance
) -> UUID:
    """Record a licence and give its id; raises RegistryError where the issuer already gave this number."""
    licence_id, at = uuid4(), provenance.recorded_at
    await write(
        session,
        insert(Licence).values(id=licence_id, organisation_id=organisation_id, recorded_at=at, **asdict(new)),
    )
    await add_assertions(session, licence_id, asdict(new), provenance=provenance, subject_type="LICENCE")
    await record_event(session, "LICENCE_ADDED", organisation_id, at=at, subject_type=SUBJECT)
    return licence_id


async def revoke_licence(session: AsyncSession, licence_id: UUID, *, revoked_on: date, at: datetime) -> None:
    """Record that a licence was taken back; raises RegistryError when there is none in force."""
    revoked = await write(
        session,
        update(Licence)
        .where(Licence.id == licence_id, Licence.revoked_on.is_(None))
        .values(revoked_on=revoked_on)
        .returning(Licence.organisation_id),
    )
    organisation_id = revoked.scalar_one_or_none()
    if organisation_id is None:
        raise RegistryError("there is no such licence to revoke")
    await record_event(session, "LICENCE_REVOKED", organisation_id, at=at, subject_type=SUBJECT)


async def licences_in_force(session: AsyncSession, organisation_id: UUID, *, on: date) -> tuple[UUID, ...]:
    """Give the licences and accreditations of an organisation that hold on a day."""
    found = await session.scalars(
        select(Licence.id)
        .where(
            Licence.organisation_id == organisation_id,
            Licence.valid_from <= on,
            or_(Licence.valid_until.is_(None), Licence.valid_until > on),
            or_(Licence.revoked_on.is_(None), Licence.revoked_on > on),
        )
        .order_by(Licence.valid_from, Licence.id)
    )
    return tuple(found)
