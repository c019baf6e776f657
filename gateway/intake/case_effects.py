"""What the answer to a case changes: people merged or told apart, places that count, a death taken back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.intake.case_opening import MACHINE, CaseQuestion, open_case
from gateway.intake.policies import Policies
from gateway.registry.case_tables import CaseEvent
from gateway.registry.group import members_of, root_of
from gateway.registry.holds import Held
from gateway.registry.merges import Decided, Merged, mark_not_same, merge_entries
from gateway.registry.model import (
    Assertion,
    Enrolment,
    PersonIdentifier,
    ReviewCandidate,
    ReviewCase,
    SourceRecord,
)
from gateway.registry.reading import OPEN_STATES
from gateway.registry.repository import record_event
from gateway.registry.splits import Split, split
from gateway.registry.vital import take_back

PAIR_KINDS = ("DUP_LIKELY", "DUP_POSSIBLE")


async def merge_people(
    session: AsyncSession, survivor_id: UUID, absorbed_id: UUID, *, decided: Decided, policies: Policies
) -> Merged:
    """Merge two entries; enrolments that overlap wait and are asked about, questions about the pair are closed."""
    absorbed = await root_of(session, absorbed_id)
    merged = await merge_entries(session, survivor_id, absorbed, decided=decided, policies=policies)
    await _ask_about(session, Held(waiting=merged.held), decided.at)
    await _close_pair_cases(session, merged.master_id, decided)
    return merged


async def split_people(
    session: AsyncSession,
    absorbed_id: UUID,
    *,
    decided: Decided,
    reason: str,
    policies: Policies,
    belongs: dict[UUID, UUID] | None = None,
) -> Split:
    """Undo a merge; questions about enrolments that count again are closed, new ones are asked."""
    undone = await split(
        session, absorbed_id, decided=decided, reason=reason, policies=policies, belongs=belongs
    )
    await _ask_about(session, undone.held, decided.at)
    return undone


async def part_people(session: AsyncSession, case: ReviewCase, *, by: str, at: datetime) -> None:
    """Remember that the case's entry is none of its candidates."""
    found = await session.execute(select(ReviewCandidate.person_id).where(ReviewCandidate.case_id == case.id))
    for each in found.scalars().all():
        await mark_not_same(session, case.person_id, each, decided=Decided(by=by, at=at, case_id=case.id))


async def revive(session: AsyncSession, person_id: UUID, *, policies: Policies, at: datetime) -> None:
    """Take back every death told of a person: all else comes back by itself."""
    found = await session.execute(
        select(Assertion.id).where(
            Assertion.subject_id.in_(await members_of(session, await root_of(session, person_id))),
            Assertion.field == "death_date",
            Assertion.retracted_at.is_(None),
        )
    )
    for each in found.scalars().all():
        await take_back(session, each, reason="the death was reported falsely", policies=policies, at=at)


async def is_provisional(session: AsyncSession, person_id: UUID) -> bool:
    """Tell whether an entry is still one record's guess: one source record, nothing verified."""
    records = await session.execute(
        select(func.count()).select_from(SourceRecord).where(SourceRecord.person_id == person_id)
    )
    proven = await session.execute(
        select(PersonIdentifier.id)
        .where(
            PersonIdentifier.person_id == person_id,
            PersonIdentifier.status.in_(("VERIFIED", "BLOCKED")),
        )
        .limit(1)
    )
    return records.scalar_one() == 1 and proven.first() is None


async def close_case(
    session: AsyncSession, case: ReviewCase, state: str, *, answer: str, by: str, at: datetime
) -> None:
    """Close a case in one step, with its event."""
    await session.execute(
        update(ReviewCase)
        .where(ReviewCase.id == case.id)
        .values(state=state, decision=answer, decided_by=by, decided_at=at)
    )
    await add_step(session, case.id, answer, (case.state, state), actor=by, reason=case.kind, at=at)
    await record_event(session, "CASE_DECIDED", case.id, at=at, subject_type="CASE")


async def add_step(  # noqa: PLR0913 - a step is which case, what, whereto, who, why and when
    session: AsyncSession,
    case_id: UUID,
    action: str,
    states: tuple[str, str],
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> None:
    """Write a step into the case's own journal."""
    newest = await session.execute(
        select(func.coalesce(func.max(CaseEvent.number), 0)).where(CaseEvent.case_id == case_id)
    )
    await session.execute(
        insert(CaseEvent).values(
            case_id=case_id,
            number=newest.scalar_one() + 1,
            action=action,
            from_state=states[0],
            to_state=states[1],
            actor=actor,
            reason=reason,
            at=at,
        )
    )


async def supersede(session: AsyncSession, cases: Sequence[ReviewCase], *, reason: str, at: datetime) -> None:
    """Close questions that answered themselves."""
    for case in cases:
        await session.execute(
            update(ReviewCase).where(ReviewCase.id == case.id).values(state="CLOSED_SUPERSEDED")
        )
        states = (case.state, "CLOSED_SUPERSEDED")
        await add_step(session, case.id, "supersede", states, actor=MACHINE, reason=reason, at=at)
        await record_event(session, "CASE_DECIDED", case.id, at=at, subject_type="CASE")


async def _ask_about(session: AsyncSession, held: Held, at: datetime) -> None:
    """Ask about enrolments that wait now; close the questions about those that count again."""
    found = await session.execute(
        select(Enrolment.id, Enrolment.person_id).where(Enrolment.id.in_(held.waiting))
    )
    for enrolment_id, person_id in found.all():
        question = CaseQuestion(
            kind="DUP_ENROLMENT",
            person_id=person_id,
            field=str(enrolment_id),
            explanation="two full-time enrolments of one person overlap; the later one is held",
        )
        await open_case(session, question, at=at)
    settled = await session.execute(
        select(ReviewCase).where(
            ReviewCase.kind == "DUP_ENROLMENT",
            ReviewCase.field.in_([str(each) for each in held.counting]),
            ReviewCase.state.in_(OPEN_STATES),
        )
    )
    await supersede(session, settled.scalars().all(), reason="the enrolment counts again", at=at)


async def _close_pair_cases(session: AsyncSession, root: UUID, decided: Decided) -> None:
    """Close other questions whether the two are one: they are now."""
    members = set(await members_of(session, root))
    found = await session.execute(
        select(ReviewCase).where(
            ReviewCase.person_id.in_(members),
            ReviewCase.kind.in_(PAIR_KINDS),
            ReviewCase.state.in_(OPEN_STATES),
            ReviewCase.id.is_distinct_from(decided.case_id),
        )
    )
    for case in found.scalars().all():
        named = await session.execute(
            select(ReviewCandidate.person_id).where(ReviewCandidate.case_id == case.id)
        )
        if set(named.scalars()) <= members:
            await supersede(session, [case], reason="the entries were merged", at=decided.at)
