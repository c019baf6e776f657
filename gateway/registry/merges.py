"""Say that two entries are one person, or that they never are; both are kept as links and can be closed.

Nothing is re-pointed: what was told of the absorbed entry stays with it and is read through the master.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.group import Group, carry_cases, lock_group, set_root
from gateway.registry.holds import hold_overlaps
from gateway.registry.model import Enrolment, Person, PersonIdentifier, PersonLink
from gateway.registry.not_same import forget_not_same, known_strangers, remember_not_same
from gateway.registry.projection import project_person
from gateway.registry.protection import is_protected
from gateway.registry.repository import record_event
from gateway.registry.vital import settle_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Who decided, when, and in which case."""

    by: str
    at: datetime
    case_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A merge: the link that can be closed again, and the enrolments that wait because of it."""

    link_id: UUID
    master_id: UUID
    absorbed_id: UUID
    held: tuple[UUID, ...] = ()


async def merge(
    session: AsyncSession,
    survivor_id: UUID,
    absorbed_id: UUID,
    *,
    decided: Decided,
    policies: Mapping[str, FieldPolicy],
) -> UUID:
    """Let one single entry be read through another and give the master's id; see `merge_entries`."""
    absorbed = await lock_group(session, absorbed_id)
    if len(absorbed.members) > 1 and absorbed.root == absorbed_id:
        raise RegistryError("the entry to absorb is itself a master of others")
    merged = await merge_entries(session, survivor_id, absorbed_id, decided=decided, policies=policies)
    return merged.master_id


async def merge_entries(
    session: AsyncSession,
    survivor_id: UUID,
    absorbed_id: UUID,
    *,
    decided: Decided,
    policies: Mapping[str, FieldPolicy],
) -> Merged:
    """Let an entry, with all that is read through it, be read through another one.

    Raises RegistryError when the pair contradicts itself (`why_not_one`), when the entry to absorb is read
    through another already, or when it is annulled.
    """
    one, other = await _lock_both(session, survivor_id, absorbed_id)
    if other.root != absorbed_id:
        raise RegistryError("the entry to absorb is not active: it is read through another one")
    reasons = await why_not_one(session, one, other)
    if reasons:
        raise RegistryError("these entries cannot be one person: " + "; ".join(reasons))
    await forget_not_same(session, one.members, other.members, at=decided.at)
    link_id = await _link(session, one.root, absorbed_id, decided)
    held = await hold_overlaps(session, one.members, other.members, at=decided.at)
    await set_root(session, one.root, [each for each in other.members if each != absorbed_id])
    await set_root(session, one.root, [absorbed_id])
    await carry_cases(session, (*one.members, *other.members))
    detail = {"survivor": str(one.root), "absorbed": str(absorbed_id), "link": str(link_id)}
    await record_event(session, "MERGED", absorbed_id, at=decided.at, detail=detail)
    await project_person(session, one.root, policies, at=decided.at)
    await settle_status(session, one.root, at=decided.at)
    return Merged(link_id=link_id, master_id=one.root, absorbed_id=absorbed_id, held=held.waiting)


async def mark_not_same(session: AsyncSession, one_id: UUID, other_id: UUID, *, decided: Decided) -> None:
    """Remember that two entries are two people, whichever way round they are named."""
    await remember_not_same(session, one_id, other_id, by=decided.by, at=decided.at, case_id=decided.case_id)


async def why_not_one(session: AsyncSession, one: Group, other: Group) -> tuple[str, ...]:
    """Give every reason why two groups cannot be one person; none of them carries personal data."""
    if one.root == other.root:
        return ("they are read as one already",)
    found = []
    if await _annulled(session, (one.root, other.root)):
        found.append("one of them is annulled")
    if await is_protected(session, one.root) or await is_protected(session, other.root):
        found.append("one of them is protected")
    pins = [await _proven_pins(session, group.members) for group in (one, other)]
    if all(pins) and pins[0].isdisjoint(pins[1]):
        found.append("their verified PINs differ")
    if await known_strangers(session, one.members, other.members):
        found.append("they are remembered as two people, and nothing verified says otherwise since")
    found += await _lives_contradict(session, one, other)
    return tuple(found)


async def preview(session: AsyncSession, survivor_id: UUID, absorbed_id: UUID) -> tuple[str, ...]:
    """Give what stands against a merge, for whoever is about to propose it."""
    return await why_not_one(session, *await _lock_both(session, survivor_id, absorbed_id))


async def _lock_both(session: AsyncSession, one_id: UUID, other_id: UUID) -> tuple[Group, Group]:
    """Lock two groups, always the one with the smaller id first."""
    groups = {each: await lock_group(session, each) for each in sorted({one_id, other_id})}
    return groups[one_id], groups[other_id]


async def _annulled(session: AsyncSession, person_ids: Sequence[UUID]) -> bool:
    found = await session.execute(
        select(Person.id).where(Person.id.in_(person_ids), Person.status == "ANNULLED").limit(1)
    )
    return found.first() is not None


async def _proven_pins(session: AsyncSession, members: Sequence[UUID]) -> frozenset[str]:
    found = await session.execute(
        select(PersonIdentifier.value).where(
            PersonIdentifier.person_id.in_(members),
            PersonIdentifier.scheme == "PIN",
            PersonIdentifier.status.in_(("VERIFIED", "BLOCKED")),
            PersonIdentifier.valid_until.is_(None),
        )
    )
    return frozenset(found.scalars())


async def _lives_contradict(session: AsyncSession, one: Group, other: Group) -> list[str]:
    """One died, the other died on another day or began to learn after it."""
    found = await session.execute(
        select(Person.id, Person.death_date).where(Person.id.in_((one.root, other.root)))
    )
    died = {row[0]: row[1] for row in found}
    mine, theirs = died[one.root], died[other.root]
    if mine and theirs:
        return ["they died on different days"] if mine != theirs else []
    if not mine and not theirs:
        return []
    living = other if mine else one
    active = await session.execute(
        select(Enrolment.id)
        .where(
            Enrolment.person_id.in_(living.members),
            Enrolment.start_on > (mine or theirs),
            Enrolment.end_on.is_distinct_from(Enrolment.start_on),
        )
        .limit(1)
    )
    return ["one died before the other began to learn"] if active.first() else []


async def _link(session: AsyncSession, survivor_id: UUID, absorbed_id: UUID, decided: Decided) -> UUID:
    link_id = uuid4()
    await session.execute(
        insert(PersonLink).values(
            id=link_id,
            kind="MERGE",
            survivor_id=survivor_id,
            absorbed_id=absorbed_id,
            decided_by=decided.by,
            case_id=decided.case_id,
            linked_at=decided.at,
        )
    )
    return link_id


async def close_link(session: AsyncSession, link_id: UUID, *, reason: str, at: datetime) -> None:
    """Close a link with a reason; it stays to be read."""
    await session.execute(
        update(PersonLink).where(PersonLink.id == link_id).values(unlinked_at=at, unlink_reason=reason)
    )
