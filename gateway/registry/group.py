"""The entries that are read as one: a root and whatever was merged into it, by links that can be closed."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.registry.model import Person, PersonLink, ReviewCandidate, ReviewCase
from gateway.registry.reading import OPEN_STATES

_BELOW = text("""
    with recursive below(id) as (
        select cast(:person_id as uuid)
        union
        select l.absorbed_id from person_link l join below b on l.survivor_id = b.id
        where l.kind = 'MERGE' and l.unlinked_at is null
    )
    select id from below
""")
_LOCK = select(Person.id).order_by(Person.id).with_for_update().execution_options(populate_existing=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A root and all entries read through it, the root among them; locked until the transaction ends."""

    root: UUID
    members: tuple[UUID, ...]


async def root_of(session: AsyncSession, person_id: UUID) -> UUID:
    """Give the entry a person is read through today; raises RegistryError when there is no such entry."""
    found = await session.execute(
        select(func.coalesce(Person.master_id, Person.id)).where(Person.id == person_id)
    )
    root: UUID | None = found.scalar_one_or_none()
    if root is None:
        raise RegistryError("there is no such entry")
    return root


async def members_of(session: AsyncSession, root: UUID) -> tuple[UUID, ...]:
    """Give a root and the entries merged into it."""
    found = await session.execute(
        select(Person.id).where(or_(Person.id == root, Person.master_id == root)).order_by(Person.id)
    )
    return tuple(found.scalars())


async def lock_group(session: AsyncSession, person_id: UUID) -> Group:
    """Lock the group an entry belongs to, so that it cannot be merged or split meanwhile."""
    root = await root_of(session, person_id)
    locked = await session.execute(_LOCK.where(or_(Person.id == root, Person.master_id == root)))
    group = Group(root=root, members=tuple(locked.scalars()))
    if await root_of(session, person_id) != root:
        return await lock_group(session, person_id)
    return group


async def below(session: AsyncSession, person_id: UUID) -> tuple[UUID, ...]:
    """Give an entry and those that came to a group together with it, by the links that stand."""
    return tuple((await session.execute(_BELOW, {"person_id": person_id})).scalars())


async def set_root(session: AsyncSession, root: UUID, others: Iterable[UUID]) -> None:
    """Let entries be read through a root; what was read through them is given along, deepest first."""
    for person_id in others:
        await session.execute(
            update(Person).where(Person.id == person_id).values(status="MERGED_INTO", master_id=root)
        )


async def carry_cases(session: AsyncSession, members: Iterable[UUID]) -> None:
    """Let every open case show on the entries it hangs on and on those they are read through today."""
    concerned = list(members)
    found = await session.execute(
        select(ReviewCase.id, ReviewCase.person_id, ReviewCase.subject_ids).where(
            ReviewCase.subject_ids.overlap(concerned), ReviewCase.state.in_(OPEN_STATES)
        )
    )
    for case_id, person_id, before in found.all():
        named = await session.execute(
            select(ReviewCandidate.person_id)
            .where(ReviewCandidate.case_id == case_id)
            .order_by(ReviewCandidate.rank)
        )
        wanted = await with_roots(session, (person_id, *named.scalars()))
        if set(wanted) != set(before):
            await session.execute(
                update(ReviewCase).where(ReviewCase.id == case_id).values(subject_ids=wanted)
            )


async def with_roots(session: AsyncSession, person_ids: Iterable[UUID]) -> list[UUID]:
    """Give entries together with those they are read through."""
    named = list(dict.fromkeys(person_ids))
    roots = await session.execute(
        select(Person.master_id).where(Person.id.in_(named), Person.master_id.is_not(None))
    )
    return list(dict.fromkeys((*named, *roots.scalars())))


async def open_link(session: AsyncSession, absorbed_id: UUID) -> PersonLink:
    """Give the merge by which an entry is read through another; raises RegistryError when there is none."""
    found = await session.execute(
        select(PersonLink).where(
            PersonLink.absorbed_id == absorbed_id,
            PersonLink.kind == "MERGE",
            PersonLink.unlinked_at.is_(None),
        )
    )
    link = found.scalar_one_or_none()
    if link is None:
        raise RegistryError("this entry is not merged into another")
    return link
