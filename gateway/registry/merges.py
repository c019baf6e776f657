"""Say that two entries are one person, or that they never are; both are kept as links and can be closed.

Nothing is re-pointed: what was told of the absorbed entry stays with it and is read through the master.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.foundation.settings import FieldPolicy
from gateway.registry.model import Person, PersonLink, ReviewCase
from gateway.registry.projection import project_person
from gateway.registry.reading import OPEN_STATES
from gateway.registry.repository import record_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Who decided, when, and in which case."""

    by: str
    at: datetime
    case_id: UUID | None = None


async def merge(
    session: AsyncSession,
    survivor_id: UUID,
    absorbed_id: UUID,
    *,
    decided: Decided,
    policies: Mapping[str, FieldPolicy],
) -> UUID:
    """Let one entry be read through another and give the master's id; raises RegistryError when it cannot."""
    master_id = await _root(session, survivor_id)
    if master_id == absorbed_id or await _is_master(session, absorbed_id):
        raise RegistryError("the entry to absorb is itself a master of others")
    changed = await session.execute(
        update(Person)
        .where(Person.id == absorbed_id, Person.status == "ACTIVE")
        .values(status="MERGED_INTO", master_id=master_id)
        .returning(Person.id)
    )
    if changed.first() is None:
        raise RegistryError("the entry to absorb is not active")
    await _link(session, "MERGE", master_id, absorbed_id, decided)
    await _carry_open_cases(session, master_id, absorbed_id)
    await record_event(session, "MERGED", absorbed_id, at=decided.at)
    await project_person(session, master_id, policies, at=decided.at)
    return master_id


async def mark_not_same(session: AsyncSession, one_id: UUID, other_id: UUID, *, decided: Decided) -> None:
    """Remember that two entries are two people."""
    await _link(session, "NOT_SAME", other_id, one_id, decided)


async def _link(
    session: AsyncSession, kind: str, survivor_id: UUID, absorbed_id: UUID, decided: Decided
) -> None:
    await session.execute(
        upsert(PersonLink)
        .values(
            id=uuid4(),
            kind=kind,
            survivor_id=survivor_id,
            absorbed_id=absorbed_id,
            decided_by=decided.by,
            case_id=decided.case_id,
            linked_at=decided.at,
        )
        .on_conflict_do_nothing()
    )


async def _root(session: AsyncSession, person_id: UUID) -> UUID:
    found = await session.execute(
        select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id)
    )
    root: UUID | None = found.scalar_one_or_none()
    if root is None:
        raise RegistryError("there is no such entry to merge into")
    return root


async def _is_master(session: AsyncSession, person_id: UUID) -> bool:
    found = await session.execute(select(Person.id).where(Person.master_id == person_id).limit(1))
    return found.first() is not None


async def _carry_open_cases(session: AsyncSession, master_id: UUID, absorbed_id: UUID) -> None:
    """Let the open cases of the absorbed entry show on its master."""
    await session.execute(
        update(ReviewCase)
        .where(
            ReviewCase.subject_ids.contains([absorbed_id]),
            ReviewCase.state.in_(OPEN_STATES),
            ~ReviewCase.subject_ids.contains([master_id]),
        )
        .values(subject_ids=func.array_append(ReviewCase.subject_ids, master_id))
    )
