"""Work on a case by people: every step is checked by the table of states, done, and written down in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AccessError, ConcurrentChange, RegistryError
from gateway.intake.case_clock import Pause, resumed
from gateway.intake.case_effects import add_step, merge_people, part_people, revive, split_people
from gateway.intake.case_opening import lock_case
from gateway.intake.case_rules import rule_of, term_of
from gateway.intake.case_states import Step, check_second, transition
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseEvent, CaseWork
from gateway.registry.group import root_of
from gateway.registry.holds import release
from gateway.registry.merges import Decided, preview
from gateway.registry.model import Person, ReviewCandidate, ReviewCase
from gateway.registry.not_same import recall_not_same
from gateway.registry.repository import record_event
from gateway.registry.splits import Split, merges_of

Answer = Literal["merge", "count", "revive", "accept"]
_DECIDING = frozenset({Step.PROPOSE, Step.CONFIRM, Step.REJECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who takes a step: a reference to an account, and the role it is taken in."""

    reference: str
    role: str


MACHINE = Actor(reference="kopuro", role="WORKER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed: merge with a candidate, let an enrolment count, take a death back, or accept as it is."""

    answer: Answer
    candidate_id: UUID | None = None


@dataclass(slots=True, kw_only=True)
class _Desk:
    """One case on the desk of one actor, locked until the transaction ends."""

    session: AsyncSession
    case: ReviewCase
    work: CaseWork
    actor: Actor
    reason: str
    at: datetime
    changes: dict[str, Any] = field(default_factory=dict)

    async def take(self, step: Step, *, first: str | None = None, **closing: Any) -> str:
        """Take a step: check it, change state and work, write it down; give the new state."""
        row = transition(step, self.case.state, role=self.actor.role, reason=self.reason)
        check_second(row, actor=self.actor.reference, first=first)
        self._check_rule(step)
        self._run_clock(row.target)
        if self.changes:
            await self.session.execute(
                update(CaseWork).where(CaseWork.case_id == self.case.id).values(**self.changes)
            )
            self.changes = {}
        before = self.case.state
        await self.session.execute(
            update(ReviewCase).where(ReviewCase.id == self.case.id).values(state=row.target, **closing)
        )
        await self.session.refresh(self.case)
        await add_step(
            self.session,
            self.case.id,
            step,
            (before, row.target),
            actor=self.actor.reference,
            reason=self.reason,
            at=self.at,
        )
        await record_event(self.session, f"CASE_{row.target}", self.case.id, at=self.at, subject_type="CASE")
        return row.target

    def _check_rule(self, step: Step) -> None:
        rule = rule_of(self.case.kind)
        may = rule.decides | rule.approves if step in _DECIDING else rule.approves
        if step in _DECIDING | {Step.APPROVE} and self.actor.role not in may:
            raise AccessError("the role may not answer cases of this kind", code="ACCESS_DENIED")
        if step is Step.CONFIRM and self.work.four_eyes:
            raise RegistryError("two people must decide this: propose it, and let another person approve")

    def _run_clock(self, target: str) -> None:
        """Stop the clock while a source is asked, and set it going again with what was left."""
        if target == "WAITING_SOURCE":
            self.changes["stopped_at"] = self.at
        elif self.work.stopped_at:
            pause = Pause(since=self.work.stopped_at, until=self.at)
            self.changes["due_at"] = resumed(self.work.due_at, pause, term_of(self.work.severity))
            self.changes |= {"stopped_at": None, "source_due_at": None}

    def closing(self, answer: str) -> dict[str, Any]:
        return {"decision": answer, "decided_by": self.actor.reference, "decided_at": self.at}


async def assign_case(
    session: AsyncSession, case_id: UUID, *, to: str, actor: Actor, reason: str, scope: str = ""
) -> str:
    """Give a case to somebody, and give its new state."""
    desk = await _desk(session, case_id, actor, reason)
    desk.changes |= {"assignee": to, "assignee_scope": scope, "postponed_until": None}
    return await desk.take(Step.ASSIGN)


async def take_step(session: AsyncSession, case_id: UUID, step: Step, *, actor: Actor, reason: str) -> str:
    """Take a step that changes nothing but the case's state: open, ask, reply, return, escalate, take back."""
    if step not in _PLAIN:
        raise RegistryError(f"the step {step} has a function of its own")
    desk = await _desk(session, case_id, actor, reason)
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
    desk = await _desk(session, case_id, actor, reason)
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
        desk = await _desk(session, case_id, MACHINE, "the source did not answer in time", at=at)
        await desk.take(Step.SOURCE_SILENT)
    return late


async def postpone_case(
    session: AsyncSession, case_id: UUID, *, until: datetime, actor: Actor, reason: str
) -> str:
    """Lay a case aside until an instant; its clock runs on."""
    desk = await _desk(session, case_id, actor, reason)
    desk.changes["postponed_until"] = until
    return await desk.take(Step.POSTPONE)


async def propose(
    session: AsyncSession, case_id: UUID, proposal: Proposal, *, actor: Actor, reason: str
) -> str:
    """Propose an answer for another person to approve; raises RegistryError where it could never be applied."""
    desk = await _desk(session, case_id, actor, reason)
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
    desk = await _desk(session, case_id, actor, reason)
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
    desk = await _desk(session, case_id, actor, reason)
    stored = await _stored(desk, proposal)
    desk._check_rule(Step.CONFIRM)  # noqa: SLF001 - before anything is changed
    await _apply(desk, stored, policies)
    return await desk.take(Step.CONFIRM, **desk.closing("confirm"))


async def reject(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Close a case as no problem; its pairs are remembered as two people."""
    desk = await _desk(session, case_id, actor, reason)
    state = await desk.take(Step.REJECT, **desk.closing("reject"))
    await part_people(session, desk.case, by=actor.reference, at=desk.at)
    return state


async def propose_undo(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Say that what a case decided should be undone; the state changes only when another person agrees."""
    desk = await _desk(session, case_id, actor, reason)
    transition(Step.UNDO, desk.case.state, role=actor.role, reason=reason)
    await session.execute(
        update(CaseWork)
        .where(CaseWork.case_id == case_id)
        .values(undo_proposed_by=actor.reference, undo_proposed_at=desk.at, undo_approved_by=None)
    )
    states = (desk.case.state, desk.case.state)
    await add_step(session, case_id, "propose-undo", states, actor=actor.reference, reason=reason, at=desk.at)
    return desk.case.state


async def undo(
    session: AsyncSession,
    case_id: UUID,
    *,
    actor: Actor,
    reason: str,
    policies: Policies,
    belongs: Mapping[UUID, UUID] | None = None,
) -> tuple[Split, ...]:
    """Undo what a case decided, as another person proposed: merges are split, pairs forgotten.

    `belongs` gives values typed after the merge to the entries they are about (see `plan_split`).
    """
    desk = await _desk(session, case_id, actor, reason)
    first = desk.work.undo_proposed_by
    if first != actor.reference:
        desk.changes |= {"undo_approved_by": actor.reference, "undo_approved_at": desk.at}
    await desk.take(Step.UNDO, first=first)
    decided = Decided(by=actor.reference, at=desk.at, case_id=case_id)
    undone = [
        await split_people(
            session,
            absorbed_id,
            decided=decided,
            reason=reason,
            policies=policies,
            belongs=dict(belongs or {}),
        )
        for absorbed_id in await merges_of(session, case_id)
    ]
    await recall_not_same(session, case_id, at=desk.at)
    return tuple(undone)


async def reopen(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Ask again what was decided and undone."""
    desk = await _desk(session, case_id, actor, reason)
    desk.changes |= dict.fromkeys(_WORDS)
    return await desk.take(Step.REOPEN, decision=None, decided_by=None, decided_at=None)


_WORDS = (
    "proposed_by", "proposed_at", "approved_by", "approved_at",
    "undo_proposed_by", "undo_proposed_at", "undo_approved_by", "undo_approved_at",
)  # fmt: skip


async def history(session: AsyncSession, case_id: UUID) -> tuple[CaseEvent, ...]:
    """Read every step of a case, the first one first."""
    found = await session.execute(
        select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number)
    )
    return tuple(found.scalars())


async def work_of(session: AsyncSession, case_id: UUID) -> CaseWork:
    """Read who works on a case and until when; raises RegistryError for an unknown case."""
    found = await session.execute(
        select(CaseWork).where(CaseWork.case_id == case_id).execution_options(populate_existing=True)
    )
    work = found.scalar_one_or_none()
    if work is None:
        raise RegistryError("there is no such case")
    return work


async def _desk(
    session: AsyncSession, case_id: UUID, actor: Actor, reason: str, *, at: datetime | None = None
) -> _Desk:
    case = await lock_case(session, case_id)
    work = await work_of(session, case_id)
    return _Desk(session=session, case=case, work=work, actor=actor, reason=reason, at=at or utc_now())


async def _stored(desk: _Desk, proposal: Proposal) -> dict[str, Any]:
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


async def _versions(desk: _Desk, person_ids: list[UUID]) -> dict[str, int]:
    roots = [await root_of(desk.session, each) for each in person_ids]
    found = await desk.session.execute(select(Person.id, Person.version).where(Person.id.in_(roots)))
    return {str(row[0]): row[1] for row in found}


async def _check_versions(session: AsyncSession, seen: Mapping[str, int]) -> None:
    wanted = [UUID(each) for each in seen]
    found = await session.execute(select(Person.id, Person.version).where(Person.id.in_(wanted)))
    if {str(row[0]): row[1] for row in found} != dict(seen):
        raise ConcurrentChange("a person concerned has changed since this was proposed: look again")


async def _apply(desk: _Desk, stored: Mapping[str, Any], policies: Policies) -> None:
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
