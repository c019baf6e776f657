"""Review cases: questions opened by the machine, answered by a person, and what an answer changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import RegistryError
from gateway.intake.case_answers import IN_REVIEW, answer_of
from gateway.intake.case_effects import close_case, is_provisional, merge_people, part_people
from gateway.intake.case_opening import CaseQuestion, lock_open, open_case, open_duplicate
from gateway.intake.case_rules import rule_of
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseWork
from gateway.registry.merges import Decided
from gateway.registry.model import Person, ReviewCandidate, ReviewCase
from gateway.registry.reading import OPEN_STATES

__all__ = [
    "Answer",
    "CaseCandidate",
    "CaseEntry",
    "CaseQuestion",
    "count_open_cases",
    "decide_case",
    "list_cases",
    "open_case",
    "open_duplicate",
]
Answer = Literal["confirm", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCandidate:
    """An entry the case's person may be."""

    person_id: UUID
    isuo_no: str
    rank: int
    score: float
    rule: str
    evidence: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEntry:
    """A case as a reviewer sees it."""

    case_id: UUID
    kind: str
    state: str
    person_id: UUID
    isuo_no: str
    field: str
    explanation: str
    created_at: datetime
    candidates: tuple[CaseCandidate, ...]


async def list_cases(
    session: AsyncSession,
    *,
    limit: int = 100,
    case_id: UUID | None = None,
    within: ColumnElement[bool] | None = None,
) -> tuple[CaseEntry, ...]:
    """Read the undecided cases, the oldest first; with `case_id` that one, decided or not; `within` a reach."""
    wanted = ReviewCase.id == case_id if case_id else ReviewCase.state.in_(OPEN_STATES)
    found = await session.execute(
        select(ReviewCase, Person.isuo_no)
        .join(Person, Person.id == ReviewCase.person_id)
        .where(wanted, true() if within is None else within)
        .order_by(ReviewCase.created_at, ReviewCase.id)
        .limit(limit)
    )
    rows = found.all()
    candidates = await _candidates(session, [row.ReviewCase.id for row in rows])
    return tuple(_case(row.ReviewCase, row.isuo_no, candidates.get(row.ReviewCase.id, ())) for row in rows)


async def decide_case(
    session: AsyncSession,
    case_id: UUID,
    answer: Answer,
    *,
    by: str,
    policies: Policies,
    candidate_id: UUID | None = None,
) -> str:
    """Answer a case that one person may answer and give its new state.

    confirm: the provisional entry the case hangs on is the candidate (the first one unless named) and is read
    through it from now on. reject: they are remembered as two people. A case without candidates is only closed.
    Raises RegistryError for an unknown case or candidate, where two people must decide (`case_work`) and where
    "yes" lets a place count or takes a death back, which `say_yes` does; ConcurrentChange when it is decided already.
    """
    at = utc_now()
    case = await lock_open(session, case_id)
    candidates = [each.person_id for each in (await _candidates(session, [case_id])).get(case_id, ())]
    if candidate_id and candidate_id not in candidates:
        raise RegistryError("this entry is not a candidate of the case")
    if answer == "confirm":
        if answer_of(case.kind, has_candidates=bool(candidates)) in IN_REVIEW:
            raise RegistryError("this changes a place or a death: it is answered in the review")
        await _let_one_decide(session, case, provisional=bool(candidates))
        if candidates:
            decided = Decided(by=by, at=at, case_id=case_id)
            await merge_people(
                session, candidate_id or candidates[0], case.person_id, decided=decided, policies=policies
            )
        state = "CLOSED_APPLIED"
    else:
        await part_people(session, case, by=by, at=at)
        state = "CLOSED_NO_ACTION"
    await close_case(session, case, state, answer=answer, by=by, at=at)
    return state


async def _let_one_decide(session: AsyncSession, case: ReviewCase, *, provisional: bool) -> None:
    """Refuse where two people must decide; the one exception is an entry that is still one record's guess."""
    if not rule_of(case.kind).four_eyes:
        return
    if not provisional or not await is_provisional(session, case.person_id):
        raise RegistryError("two people must decide this: propose it, and let another person approve")
    await session.execute(update(CaseWork).where(CaseWork.case_id == case.id).values(four_eyes=False))


async def _candidates(
    session: AsyncSession, case_ids: Sequence[UUID]
) -> dict[UUID, tuple[CaseCandidate, ...]]:
    found = await session.execute(
        select(ReviewCandidate, Person.isuo_no)
        .join(Person, Person.id == ReviewCandidate.person_id)
        .where(ReviewCandidate.case_id.in_(case_ids))
        .order_by(ReviewCandidate.case_id, ReviewCandidate.rank)
    )
    grouped: dict[UUID, tuple[CaseCandidate, ...]] = {}
    for candidate, isuo_no in found:
        made = CaseCandidate(
            person_id=candidate.person_id,
            isuo_no=isuo_no,
            rank=candidate.rank,
            score=candidate.score,
            rule=candidate.rule,
            evidence=tuple(candidate.evidence),
        )
        grouped[candidate.case_id] = (*grouped.get(candidate.case_id, ()), made)
    return grouped


def _case(case: ReviewCase, isuo_no: str, candidates: tuple[CaseCandidate, ...]) -> CaseEntry:
    return CaseEntry(
        case_id=case.id,
        kind=case.kind,
        state=case.state,
        person_id=case.person_id,
        isuo_no=isuo_no,
        field=case.field,
        explanation=case.explanation,
        created_at=case.created_at,
        candidates=candidates,
    )


async def count_open_cases(session: AsyncSession) -> int:
    """Count the undecided cases."""
    found = await session.execute(
        select(func.count()).select_from(ReviewCase).where(ReviewCase.state.in_(OPEN_STATES))
    )
    return int(found.scalar_one())
