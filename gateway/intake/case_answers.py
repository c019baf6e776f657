"""What a reviewer's three words do: the same, not the same, later. Each takes the steps that lead there, by the rules.

Whoever answers a case nobody has taken up takes it up. Where two people must decide, "the same" is a proposal,
unless the entry is still one record's guess and who answers may approve.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import AccessError
from gateway.intake.case_desk import Actor
from gateway.intake.case_effects import is_provisional
from gateway.intake.case_opening import lock_open
from gateway.intake.case_rules import Rule, rule_of
from gateway.intake.case_states import Step
from gateway.intake.case_work import (
    Answer,
    Proposal,
    assign_case,
    confirm,
    postpone_case,
    propose,
    reject,
    take_step,
)
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseWork
from gateway.registry.model import ReviewCase

IN_REVIEW = frozenset({"count", "revive"})  # what they change besides the entries, only `say_yes` carries out

_BY_POWER = ("SPECIAL_ADMIN", "DISTRICT", "HEAD", "RESPONSIBLE")
_UP = {"ESCALATED": Step.TAKE_BACK, "INFO_REQUESTED": Step.REPLY, "WAITING_SOURCE": Step.SOURCE_ANSWERED}


def role_among(roles: Collection[str], allowed: Collection[str]) -> str:
    """Choose the role in which a step is taken, the mightiest first; raises AccessError where none may."""
    found = next((role for role in _BY_POWER if role in roles and role in allowed), None)
    if found is None:
        raise AccessError("the role may not answer cases of this kind", code="ACCESS_DENIED")
    return found


def deciding(rule: Rule) -> frozenset[str]:
    """Give the roles that may answer cases of a kind."""
    return rule.decides | rule.approves


def answer_of(kind: str, *, has_candidates: bool) -> Answer:
    """Give what "yes" means for a kind of case."""
    if has_candidates and kind != "DUP_ENROLMENT":
        return "merge"
    return {"DUP_ENROLMENT": "count", "FALSE_DEATH": "revive"}.get(kind, "accept")  # type: ignore[return-value]


async def say_yes(
    session: AsyncSession, case_id: UUID, proposal: Proposal, *, actor: Actor, reason: str, policies: Policies
) -> str:
    """Say that it is so: applied at once where one person may decide, else proposed; give the new state."""
    case = await take_up(session, case_id, actor=actor, reason=reason)
    if not await _one_may_decide(session, case, actor, proposal):
        return await propose(session, case_id, proposal, actor=actor, reason=reason)
    return await confirm(session, case_id, proposal, actor=actor, reason=reason, policies=policies)


async def say_no(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> str:
    """Say that it is not so: pairs are remembered as two people."""
    await take_up(session, case_id, actor=actor, reason=reason)
    return await reject(session, case_id, actor=actor, reason=reason)


async def say_later(
    session: AsyncSession, case_id: UUID, *, until: datetime, actor: Actor, reason: str
) -> str:
    """Lay a case aside until an instant; its clock runs on."""
    await take_up(session, case_id, actor=actor, reason=reason)
    return await postpone_case(session, case_id, until=until, actor=actor, reason=reason)


async def take_up(session: AsyncSession, case_id: UUID, *, actor: Actor, reason: str) -> ReviewCase:
    """Bring an open case to review in the actor's hands, whatever state it waits in."""
    case = await lock_open(session, case_id)
    if case.state in _UP:
        await take_step(session, case_id, _UP[case.state], actor=actor, reason=reason)
        case = await lock_open(session, case_id)
    if case.state == "TRIAGE":
        await assign_case(session, case_id, to=actor.reference, actor=actor, reason=reason)
    if case.state in {"TRIAGE", "ASSIGNED"}:
        await take_step(session, case_id, Step.OPEN, actor=actor, reason=reason)
    return await lock_open(session, case_id)


async def _one_may_decide(session: AsyncSession, case: ReviewCase, actor: Actor, proposal: Proposal) -> bool:
    """Tell whether the actor's word is enough, and say so to the case where its kind asks for two otherwise."""
    rule = rule_of(case.kind)
    if not rule.four_eyes:
        return True
    guess = proposal.answer == "merge" and await is_provisional(session, case.person_id)
    if not guess or actor.role not in rule.approves:
        return False
    await session.execute(update(CaseWork).where(CaseWork.case_id == case.id).values(four_eyes=False))
    return True
