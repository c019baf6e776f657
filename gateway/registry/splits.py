"""Undo a merge: the link is closed, and each entry shows again what was told of it, as if it had never been.

What came after the merge is known by the record it came with; only what was typed by hand into the shared
entry must be given to one of the two by a person first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import RegistryError
from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.group import below, carry_cases, lock_group, open_link, set_root
from gateway.registry.holds import Held, release_overlaps
from gateway.registry.merges import Decided, close_link
from gateway.registry.model import Assertion, Person, PersonLink
from gateway.registry.projection import project_person
from gateway.registry.repository import record_event, retract
from gateway.registry.vital import settle_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Loose:
    """A value typed by hand into the shared entry after the merge; whose it is, no record says."""

    assertion_id: UUID
    person_id: UUID
    field: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlan:
    """What an undo would do: who goes with the absorbed entry, and what a person must attribute first."""

    link_id: UUID
    master_id: UUID
    absorbed_id: UUID
    linked_at: datetime
    leaving: tuple[UUID, ...]
    loose: tuple[Loose, ...]

    def as_recorded(self) -> dict[UUID, UUID]:
        """Leave every loose value with the entry it was typed into."""
        return {each.assertion_id: each.person_id for each in self.loose}


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A merge undone: what counts again, and what waits now."""

    link_id: UUID
    master_id: UUID
    absorbed_id: UUID
    linked_at: datetime
    held: Held


async def plan_split(session: AsyncSession, absorbed_id: UUID) -> SplitPlan:
    """Show what undoing a merge would do; raises RegistryError when the entry is not merged."""
    link = await open_link(session, absorbed_id)
    group = await lock_group(session, absorbed_id)
    leaving = await below(session, absorbed_id)
    return SplitPlan(
        link_id=link.id,
        master_id=group.root,
        absorbed_id=absorbed_id,
        linked_at=link.linked_at,
        leaving=leaving,
        loose=await _loose(session, group.root, link),
    )


async def split(
    session: AsyncSession,
    absorbed_id: UUID,
    *,
    decided: Decided,
    reason: str,
    policies: Mapping[str, FieldPolicy],
    belongs: Mapping[UUID, UUID] | None = None,
) -> Split:
    """Undo the merge of an entry in the caller's transaction.

    `belongs` gives each loose value of the plan (by assertion) to one of the entries. Raises RegistryError
    when the entry is not merged, or a loose value is given to nobody or to a stranger.
    """
    plan = await plan_split(session, absorbed_id)
    group = await lock_group(session, absorbed_id)
    staying = tuple(each for each in group.members if each not in plan.leaving)
    await _attribute(session, plan, dict(belongs or {}), (*staying, *plan.leaving), decided.at)
    await close_link(session, plan.link_id, reason=reason, at=decided.at)
    await session.execute(
        update(Person).where(Person.id == absorbed_id).values(status="ACTIVE", master_id=None)
    )
    await set_root(session, absorbed_id, [each for each in plan.leaving if each != absorbed_id])
    held = await release_overlaps(session, (staying, plan.leaving), at=decided.at)
    for each in (plan.master_id, absorbed_id):
        await project_person(session, each, policies, at=decided.at)
        await settle_status(session, each, at=decided.at)
    await carry_cases(session, group.members)
    detail = {"survivor": str(plan.master_id), "absorbed": str(absorbed_id), "link": str(plan.link_id)}
    await record_event(session, "UNMERGED", absorbed_id, at=decided.at, detail=detail)
    return Split(
        link_id=plan.link_id,
        master_id=plan.master_id,
        absorbed_id=absorbed_id,
        linked_at=plan.linked_at,
        held=held,
    )


async def _loose(session: AsyncSession, root: UUID, link: PersonLink) -> tuple[Loose, ...]:
    """Find what was typed by hand since: reading goes through the master, so it landed there, whoever was meant."""
    found = await session.execute(
        select(Assertion.id, Assertion.subject_id, Assertion.field, Assertion.recorded_at)
        .where(
            Assertion.subject_id == root,
            Assertion.subject_type == "PERSON",
            Assertion.source_record_key == "",
            Assertion.exchange_id.is_(None),
            Assertion.retracted_at.is_(None),
            Assertion.recorded_at >= link.linked_at,
        )
        .order_by(Assertion.seq)
    )
    return tuple(
        Loose(assertion_id=row[0], person_id=row[1], field=row[2], recorded_at=row[3]) for row in found
    )


async def _attribute(
    session: AsyncSession,
    plan: SplitPlan,
    belongs: Mapping[UUID, UUID],
    members: tuple[UUID, ...],
    at: datetime,
) -> None:
    nobody = sum(each.assertion_id not in belongs for each in plan.loose)
    if nobody:
        raise RegistryError(f"{nobody} values typed after the merge belong to nobody yet: say whose they are")
    if not set(belongs.values()) <= set(members):
        raise RegistryError("a value can only be given to an entry of this merge")
    for each in plan.loose:
        if belongs[each.assertion_id] != each.person_id:
            await _give_to(session, each.assertion_id, belongs[each.assertion_id], at)


async def _give_to(session: AsyncSession, assertion_id: UUID, person_id: UUID, at: datetime) -> None:
    """Tell a value anew of the person it was meant for: an assertion itself is never re-pointed."""
    row = (await session.execute(select(Assertion).where(Assertion.id == assertion_id))).scalar_one()
    copied: dict[str, Any] = {
        name: getattr(row, name)
        for name in (
            "subject_type", "field", "value", "source_code", "source_record_key", "message_id", "entered_by",
            "recorded_at", "verified_at", "valid_from", "document_on", "document_until", "told_at",
        )
    }  # fmt: skip
    await session.execute(insert(Assertion).values(id=uuid4(), subject_id=person_id, **copied))
    await retract(session, assertion_id, reason="told of the other entry of a merge", at=at)


async def merges_of(session: AsyncSession, case_id: UUID) -> tuple[UUID, ...]:
    """Give the entries a case's decision merged into others and that still are."""
    found = await session.execute(
        select(PersonLink.absorbed_id)
        .where(PersonLink.case_id == case_id, PersonLink.kind == "MERGE", PersonLink.unlinked_at.is_(None))
        .order_by(func.coalesce(PersonLink.linked_at, PersonLink.unlinked_at).desc())
    )
    return tuple(found.scalars())
