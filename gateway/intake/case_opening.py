"""Ask a person: a case is opened once, with who is concerned, why, and until when an answer is due."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.errors import ConcurrentChange, RegistryError
from gateway.intake.case_clock import due_at
from gateway.intake.case_rules import rule_of, term_of
from gateway.matching.decision import Opinion
from gateway.registry.case_tables import CaseEvent, CaseWork
from gateway.registry.group import members_of, root_of, with_roots
from gateway.registry.model import ReviewCandidate, ReviewCase
from gateway.registry.not_same import known_strangers
from gateway.registry.reading import OPEN_STATES
from gateway.registry.repository import record_event

MACHINE = "kopuro"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuestion:
    """What is asked: a kind, the entry it hangs on, the entries it may be, and why, without personal data."""

    kind: str
    person_id: UUID
    explanation: str
    field: str = ""
    opinions: tuple[Opinion[UUID], ...] = ()
    others: tuple[UUID, ...] = ()


async def open_case(session: AsyncSession, question: CaseQuestion, *, at: datetime) -> UUID:
    """Open a case in the caller's transaction and give its id; the same open question is asked once."""
    candidates = [opinion.person_id for opinion in question.opinions]
    statement = (
        upsert(ReviewCase)
        .values(
            id=uuid4(),
            kind=question.kind,
            person_id=question.person_id,
            subject_ids=await with_roots(session, (question.person_id, *candidates, *question.others)),
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
    await _begin_work(session, opened, question, at)
    await record_event(session, "CASE_OPENED", opened, at=at, subject_type="CASE")
    return opened


async def open_duplicate(session: AsyncSession, question: CaseQuestion, *, at: datetime) -> UUID | None:
    """Ask whether an entry is one of others, unless a person has said no: None where nobody is left to ask about.

    What was told apart is asked again only when something verified speaks for it since. A pair is asked once,
    whichever way round.
    """
    mine = await members_of(session, await root_of(session, question.person_id))
    named = (*(opinion.person_id for opinion in question.opinions), *question.others)
    gone = set()
    for each in dict.fromkeys(named):
        theirs = await members_of(session, await root_of(session, each))
        if (
            set(theirs) & set(mine)
            or await known_strangers(session, mine, theirs)
            or await _asked_already(session, each, question.person_id, question.kind)
        ):
            gone.add(each)
    left = CaseQuestion(
        kind=question.kind,
        person_id=question.person_id,
        explanation=question.explanation,
        field=question.field,
        opinions=tuple(each for each in question.opinions if each.person_id not in gone),
        others=tuple(each for each in question.others if each not in gone),
    )
    return await open_case(session, left, at=at) if left.opinions or left.others else None


async def lock_open(session: AsyncSession, case_id: UUID) -> ReviewCase:
    """Lock a case for a decision; raises RegistryError for an unknown one, ConcurrentChange for a decided one."""
    case = await lock_case(session, case_id)
    if case.state not in OPEN_STATES:
        raise ConcurrentChange("the case is decided already")
    return case


async def lock_case(session: AsyncSession, case_id: UUID) -> ReviewCase:
    """Lock a case, whatever its state; raises RegistryError for an unknown one."""
    found = await session.execute(
        select(ReviewCase)
        .where(ReviewCase.id == case_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    case = found.scalar_one_or_none()
    if case is None:
        raise RegistryError("there is no such case")
    return case


async def _begin_work(session: AsyncSession, case_id: UUID, question: CaseQuestion, at: datetime) -> None:
    rule = rule_of(question.kind)
    await session.execute(
        insert(CaseWork).values(
            case_id=case_id,
            severity=rule.severity,
            four_eyes=rule.four_eyes,
            due_at=due_at(at, term_of(rule.severity)),
        )
    )
    await session.execute(
        insert(CaseEvent).values(
            case_id=case_id,
            number=1,
            action="triage",
            from_state="NEW",
            to_state="TRIAGE",
            actor=MACHINE,
            reason=question.kind,
            at=at,
        )
    )


async def _asked_already(session: AsyncSession, hangs_on: UUID, other: UUID, kind: str) -> bool:
    found = await session.execute(
        select(ReviewCase.id)
        .join(ReviewCandidate, ReviewCandidate.case_id == ReviewCase.id)
        .where(
            ReviewCase.person_id == hangs_on,
            ReviewCandidate.person_id == other,
            ReviewCase.kind == kind,
            ReviewCase.state.in_(OPEN_STATES),
        )
        .limit(1)
    )
    return found.first() is not None


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
