"""Review cases: questions opened by the machine, answered by a person, and what an answer changes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import ConcurrentChange, RegistryError
from gateway.intake.policies import Policies
from gateway.matching.decision import Opinion
from gateway.registry.merges import Decided, mark_not_same, merge
from gateway.registry.model import Enrolment, Person, ReviewCandidate, ReviewCase
from gateway.registry.reading import OPEN_STATES, enrolments
from gateway.registry.repository import record_event

Answer = Literal["confirm", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuestion:
    """What is asked: a kind, the entry it hangs on, the entries it may be, and why, without personal data."""

    kind: str
    person_id: UUID
    explanation: str
    field: str = ""
    opinions: tuple[Opinion[UUID], ...] = ()
    others: tuple[UUID, ...] = ()


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


async def open_case(session: AsyncSession, question: CaseQuestion, *, at: datetime) -> UUID:
    """Open a case in the caller's transaction and give its id; the same open question is asked once."""
    candidates = [opinion.person_id for opinion in question.opinions]
    statement = (
        upsert(ReviewCase)
        .values(
            id=uuid4(),
            kind=question.kind,
            person_id=question.person_id,
            subject_ids=list(dict.fromkeys((question.person_id, *candidates, *question.others))),
            field=question.field,
            evidence={"weights": [opinion.weight for opinion in question.opinions]},
            explanation=question.explanation,
            created_at=at,
        )
        .on_conflict_do_nothing()
        .returning(ReviewCase.id)
    )
    opened = (await session.execute(statement)).scalar_one_or_none()
    if opened is None:
        return await _already_open(session, question)
    await _add_candidates(session, opened, question)
    await record_event(session, "CASE_OPENED", opened, at=at, subject_type="CASE")
    return opened


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
    """Answer a case and give its new state.

    confirm: the entry the case hangs on is the candidate (the first one unless named) and is read through it
    from now on. reject: they are remembered as two people. A case without candidates is only closed.
    Raises RegistryError for an unknown case or candidate, ConcurrentChange when it is decided already.
    """
    at = utc_now()
    case = await _lock(session, case_id)
    decided = Decided(by=by, at=at, case_id=case_id)
    candidates = [each.person_id for each in (await _candidates(session, [case_id])).get(case_id, ())]
    if candidate_id and candidate_id not in candidates:
        raise RegistryError("this entry is not a candidate of the case")
    if candidates and answer == "confirm":
        await _confirm(session, case.person_id, candidate_id or candidates[0], decided, policies)
    elif candidates:
        for each in candidates:
            await mark_not_same(session, case.person_id, each, decided=decided)
    state = "CLOSED_APPLIED" if answer == "confirm" else "CLOSED_NO_ACTION"
    await session.execute(
        update(ReviewCase)
        .where(ReviewCase.id == case_id)
        .values(state=state, decision=answer, decided_by=by, decided_at=at)
    )
    await record_event(session, "CASE_DECIDED", case_id, at=at, subject_type="CASE")
    return state


async def _confirm(
    session: AsyncSession, person_id: UUID, candidate_id: UUID, decided: Decided, policies: Policies
) -> None:
    before = {each.enrolment_id for each in await enrolments(session, candidate_id)}
    master_id = await merge(session, candidate_id, person_id, decided=decided, policies=policies)
    await _hold_second_enrolments(session, master_id, before, decided.at)


async def _hold_second_enrolments(
    session: AsyncSession, master_id: UUID, before: set[UUID], at: datetime
) -> None:
    """One person counts once: full-time enrolments that came with the merge wait where they overlap."""
    together = [each for each in await enrolments(session, master_id) if each.form == "FULL_TIME"]
    counted = [each for each in together if not each.held]
    ours = [each for each in counted if each.enrolment_id in before]
    for arrived in counted:
        if arrived.enrolment_id in before or not any(arrived.overlaps(each) for each in ours):
            continue
        await session.execute(update(Enrolment).where(Enrolment.id == arrived.enrolment_id).values(held=True))
        await record_event(
            session, "ENROLMENT_CHANGED", arrived.enrolment_id, at=at, subject_type="ENROLMENT"
        )
        await open_case(
            session,
            CaseQuestion(
                kind="DUP_ENROLMENT",
                person_id=master_id,
                field=str(arrived.enrolment_id),
                explanation="two full-time enrolments overlap after a merge; the later one is held",
            ),
            at=at,
        )


async def _lock(session: AsyncSession, case_id: UUID) -> ReviewCase:
    found = await session.execute(select(ReviewCase).where(ReviewCase.id == case_id).with_for_update())
    case = found.scalar_one_or_none()
    if case is None:
        raise RegistryError("there is no such case")
    if case.state not in OPEN_STATES:
        raise ConcurrentChange("the case is decided already")
    return case


async def _already_open(session: AsyncSession, question: CaseQuestion) -> UUID:
    found = await session.execute(
        select(ReviewCase.id).where(
            ReviewCase.person_id == question.person_id,
            ReviewCase.kind == question.kind,
            ReviewCase.field == question.field,
            ReviewCase.state.in_(OPEN_STATES),
        )
    )
    return found.scalar_one()


async def _add_candidates(session: AsyncSession, case_id: UUID, question: CaseQuestion) -> None:
    rows = [
        {
            "case_id": case_id,
            "person_id": opinion.person_id,
            "rank": rank,
            "score": opinion.weight,
            "rule": opinion.rule,
            "evidence": [asdict(item) for item in opinion.evidence],
        }
        for rank, opinion in enumerate(question.opinions, start=1)
    ]
    rows += [
        {"case_id": case_id, "person_id": other, "rank": 100 + rank, "score": 0.0, "rule": "", "evidence": []}
        for rank, other in enumerate(question.others, start=1)
        if other not in {row["person_id"] for row in rows}
    ]
    if rows:
        await session.execute(insert(ReviewCandidate), rows)


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
