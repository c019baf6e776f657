"""Whether a person lives, as what was told says it; and taking back a value that was wrong."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.model import Assertion, Person
from gateway.registry.projection import project_person
from gateway.registry.repository import record_event, retract


async def settle_status(session: AsyncSession, person_id: UUID, *, at: datetime) -> None:
    """Let an entry that stands for itself be DECEASED where a death shows, and ACTIVE where none does."""
    found = await session.execute(select(Person.status, Person.death_date).where(Person.id == person_id))
    status, death_date = found.one()
    wanted = "DECEASED" if death_date else "ACTIVE"
    if status not in {"ACTIVE", "DECEASED"} or status == wanted:
        return
    await session.execute(update(Person).where(Person.id == person_id).values(status=wanted))
    kind = "PERSON_DECEASED" if death_date else "PERSON_DEATH_REVOKED"
    await record_event(session, kind, person_id, at=at, effective_on=death_date)


async def take_back(
    session: AsyncSession,
    assertion_id: UUID,
    *,
    reason: str,
    policies: Mapping[str, FieldPolicy],
    at: datetime,
) -> None:
    """Take a wrong value back for good: retract it, show what is left, and say so to whoever was told it.

    Raises RegistryError when there is no such value to take back.
    """
    found = await session.execute(select(Assertion.subject_id).where(Assertion.id == assertion_id))
    person_id = found.scalar_one_or_none()
    if person_id is None:
        raise RegistryError("there is no such assertion to retract")
    await retract(session, assertion_id, reason=reason, at=at)
    await project_person(session, person_id, policies, at=at)
    root = await session.execute(select(Person.master_id).where(Person.id == person_id))
    await settle_status(session, root.scalar_one() or person_id, at=at)
    await record_event(session, "VALUE_RETRACTED", person_id, at=at, detail={"assertion": str(assertion_id)})
