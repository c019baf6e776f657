"""Work on a case by people: every step is checked by the table of states, done, and written down in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import ConcurrentChange, RegistryError
from gateway.intake.case_desk import MACHINE, Actor, Desk, sit_down
from gateway.intake.case_effects import merge_people, part_people, revive
from gateway.intake.case_states import Step
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseWork
from gateway.registry.group import root_of
from gateway.registry.holds import release
from gateway.registry.merges import Decided, preview
from gateway.registry.model import Person, ReviewCandidate, ReviewCase

Answer = Literal["merge", "count", "revive", "accept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed: merge with a candidate, let an enrolment count, take a death back, or accept as it is."""

    answer: Answer
    candidate_id: UUID | None = None


async def assign_case(
    session: AsyncSession, case_id: UUID, *, to: str, actor: Actor, reason: str, scope: str = ""
) -> str:
    """Give a case to somebody, and give its new state."""
    desk = await sit_down(session, case_id, actor, reason)
    desk.changes |= {"assignee": to, "assignee_scope": scope, "postponed_until": None}
    return await desk.take(Step.ASSIGN)


async def take_step(session: AsyncSession, case_id: UUID, step: Step, *, actor: Actor, reason: str) -> str:
    """Take a step that changes nothing but the case's state: open, ask, reply, return, escalate, take back."""
    if step not in _PLAIN:
        raise RegistryError(f"the step {step} has a function of its own")
    desk = await sit_down(session, case_id, actor, reason)
    return await desk.take(step)


_PLAIN = frozenset(
    {
        Step.TRIAGE, Step.OPEN, Step.ASK, Step.REPLY, Step.RETURN, Step.ESCALATE, Step.TAKE_BACK, Step.SUPERSEDE,
        Step.SOURCE_ANSWERED, Step.SOURCE_SILENT,
    }
)  # fmt: skip


async def ask_source(
    session: AsyncSession, case_id: UUID, *, deadline: datetime, actor: Actor, reason: str
) -> str:
    """Wait for a source: the clock stands still until it answers or the deadline passes."""
    desk = await sit_down(session, case_id, actor, reason)
    desk.changes["source_due_at"] = deadline
    return await desk.take(Step.ASK_SOURCE)


async def wake_silent(session: AsyncSession, *, at: datetime) -> tuple[UUID, ...]:
    """Take cases whose source did not answer in time back to triage, and give them."""
    found = await session.execute(
        select(CaseWork.case_id)
        .join(ReviewCase, ReviewCase.id == CaseWork.case_id)
        .where(ReviewCase.state == "WAITING_SOURCE", CaseWork.source_due_at <= at)
    )
    late = tuple(found.scalars())
    for case_id in late:
        desk = await sit_down(session, case_id, MACHINE, "the source did not answer in time", at=at)
        await desk.take(Step.SOURCE_SILENT)
    return late


async def postpone_case(
    session: AsyncSession, case_id: UUID, *, until: datetime, actor: Actor, reason: str
) -> str:
    """Lay a case aside until an instant; its clock runs on."""
    desk = await sit_down(session, case_id, actor, reason)
    desk.changes["postponed_until"] = until
    return await desk.take(Step.POSTPONE)


async def propose(
    session: AsyncSession, case_id: UUID, proposal: Proposal, *, actor: Actor, reason: str
) -> str:
    """Propose an answer for another person to approve; raises RegistryError where it could never be applied."""
    desk = await sit_down(session, case_id, actor, reason)
    stored = await _stored(desk, proposal)
    desk.changes |= {"proposal": stored, "proposed_by": actor.reference, "proposed_at": desk.at}
    desk.changes |= {"approved_by": None, "approved_at": None}
    return await desk.take(Step.PROPOSE)


async def approve(
    session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str, policies: Policies
) -> str:
    """Approve what another person proposed and apply it in the same transaction; give the new state.

    Raises AccessError for the proposer himself, ConcurrentChange when a person concerned changed since.
    """
    desk = await sit_down(session, case_id, actor, reason)
    proposer = desk.work.proposed_by
    if proposer != actor.reference:
        desk.changes |= {"approved_by": actor.reference, "approved_at": desk.at}
    await desk.take(Step.APPROVE, first=proposer)
    await _check_versions(session, desk.work.proposal.get("versions", {}))
    await _apply(desk, desk.work.proposal, policies)
    return await desk.take(Step.APPLY, **desk.closing("confirm"))


async def confirm(
    session: AsyncSession, case_id: UUID, proposal: Proposal, *, actor: Actor, reason: str, policies: Policies
) -> str:
    """Answer a case alone, where its kind needs no second person; give the new state."""
    desk = await sit_down(session, case_id, actor, reason)
    stored = await _stored(desk, proposal)
    desk.check_rule(Step.CONFIRM)
    await _apply(desk, stored, policies)
    return await desk.take(Step.CONFIRM, **desk.closing("confirm"))


async def reject(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Close a case as no problem; its pairs are remembered as two people."""
    desk = await sit_down(session, case_id, actor, reason)
    state = await desk.take(Step.REJECT, **desk.closing("reject"))
    await part_people(session, desk.case, by=actor.reference, at=desk.at)
    return state


async def _stored(desk: Desk, proposal: Proposal) -> dict[str, Any]:
    """Make a proposal ready to be kept: whom it is about, and in which version they were seen."""
    if proposal.answer != "merge":
        return {"answer": proposal.answer, "versions": await _versions(desk, [desk.case.person_id])}
    candidates = await desk.session.execute(
        select(ReviewCandidate.person_id)
        .where(ReviewCandidate.case_id == desk.case.id)
        .order_by(ReviewCandidate.rank)
    )
    known = candidates.scalars().all()
    chosen = proposal.candidate_id or next(iter(known), None)
    if chosen is None or chosen not in known:
        raise RegistryError("this entry is not a candidate of the case")
    against = await preview(desk.session, chosen, desk.case.person_id)
    if against:
        raise RegistryError("these entries cannot be one person: " + "; ".join(against))
    versions = await _versions(desk, [chosen, desk.case.person_id])
    return {"answer": "merge", "survivor": str(chosen), "versions": versions}


async def _versions(desk: Desk, person_ids: list[UUID]) -> dict[str, int]:
    roots = [await root_of(desk.session, each) for each in person_ids]
    found = await desk.session.execute(select(Person.id, Person.version).where(Person.id.in_(roots)))
    return {str(row[0]): row[1] for row in found}


async def _check_versions(session: AsyncSession, seen: Mapping[str, int]) -> None:
    wanted = [UUID(each) for each in seen]
    found = await session.execute(select(Person.id, Person.version).where(Person.id.in_(wanted)))
    if {str(row[0]): row[1] for row in found} != dict(seen):
        raise ConcurrentChange("a person concerned has changed since this was proposed: look again")


async def _apply(desk: Desk, stored: Mapping[str, Any], policies: Policies) -> None:
    answer: Answer = stored["answer"]
    if answer == "merge":
        decided = Decided(by=desk.actor.reference, at=desk.at, case_id=desk.case.id)
        await merge_people(
            desk.session, UUID(stored["survivor"]), desk.case.person_id, decided=decided, policies=policies
        )
    elif answer == "count":
        await release(desk.session, UUID(desk.case.field), at=desk.at)
    elif answer == "revive":
        await revive(desk.session, desk.case.person_id, policies=policies, at=desk.at)
