"""Who may be employed or appointed at all."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.model import Person


async def require_active(session: AsyncSession, person_id: UUID) -> None:
    """Refuse an entry that is nobody's, of a dead person or annulled; a merged one is read through its master."""
    status = await session.scalar(select(Person.status).where(Person.id == person_id))
    if status not in {"ACTIVE", "MERGED_INTO"}:
        raise RegistryError(
            "the entry is not of a person who can begin anything: there is none, dead or annulled"
        )
