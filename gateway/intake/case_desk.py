"""One case on the desk of one person: a step is checked by the table of states, taken, and written down."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AccessError, RegistryError
from gateway.intake.case_clock import Pause, resumed
from gateway.intake.case_effects import add_step
from gateway.intake.case_opening import lock_case
from gateway.intake.case_rules import rule_of, term_of
from gateway.intake.case_states import Step, check_second, transition
from gateway.registry.case_tables import CaseEvent, CaseWork
from gateway.registry.model import Person, ReviewCase
from gateway.registry.repository import record_event

_DECIDING = frozenset({Step.PROPOSE, Step.CONFIRM, Step.REJECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who takes a step: a reference to an account, and the role it is taken in."""

    reference: str
    role: str


MACHINE = Actor(reference="kopuro", role="WORKER")


@dataclass(slots=True, kw_only=True)
class Desk:
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
        self.check_rule(step)
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

    def check_rule(self, step: Step) -> None:
        """Refuse an answer the kind's row of the table does not give to this role, or to one person."""
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
        """Give what a closed case keeps of its answer."""
        return {"decision": answer, "decided_by": self.actor.reference, "decided_at": self.at}


async def sit_down(
    session: AsyncSession, case_id: UUID, actor: Actor, reason: str, *, at: datetime | None = None
) -> Desk:
    """Lock a case for one step; raises RegistryError when there is none."""
    case = await lock_case(session, case_id)
    work = await work_of(session, case_id)
    return Desk(session=session, case=case, work=work, actor=actor, reason=reason, at=at or utc_now())


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


async def reveal(session: AsyncSession, case_id: UUID, *, actor: str, reason: str) -> list[dict[str, str]]:
    """Give the people of a case by name, and note in the case who looked at them and why.

    Raises RegistryError without a reason or for an unknown case.
    """
    if not (actor.strip() and reason.strip()):
        raise RegistryError("people are shown only to somebody who says why")
    case = await lock_case(session, case_id)
    states = (case.state, case.state)
    await add_step(session, case_id, "reveal", states, actor=actor, reason=reason, at=utc_now())
    found = await session.execute(
        select(Person).where(Person.id.in_(case.subject_ids)).order_by(Person.isuo_no)
    )
    names = ("isuo_no", "surname", "given_name", "patronymic", "birth_date", "sex", "status")
    return [
        {"entry": str(person.id)} | {name: str(getattr(person, name) or "") for name in names}
        for person in found.scalars()
    ]
