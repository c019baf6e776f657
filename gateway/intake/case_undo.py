"""Undo what a case decided: two people again, merges split, pairs forgotten, and the question may be asked anew."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.intake.case_desk import Actor, sit_down
from gateway.intake.case_effects import add_step, split_people
from gateway.intake.case_states import Step, transition
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseWork
from gateway.registry.merges import Decided
from gateway.registry.not_same import recall_not_same
from gateway.registry.splits import Split, merges_of


async def propose_undo(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Say that what a case decided should be undone; the state changes only when another person agrees."""
    desk = await sit_down(session, case_id, actor, reason)
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
    desk = await sit_down(session, case_id, actor, reason)
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
    desk = await sit_down(session, case_id, actor, reason)
    desk.changes |= dict.fromkeys(_WORDS)
    return await desk.take(Step.REOPEN, decision=None, decided_by=None, decided_at=None)


_WORDS = (
    "proposed_by", "proposed_at", "approved_by", "approved_at",
    "undo_proposed_by", "undo_proposed_at", "undo_approved_by", "undo_approved_at",
)  # fmt: skip
