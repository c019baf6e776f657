"""Questions about staff only a person may answer; the same open question is asked once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import ReviewCase
from gateway.registry.repository import record_event


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffQuestion:
    """What is asked about whose entry, and why, without personal data."""

    kind: str
    person_id: UUID
    explanation: str


async def open_staff_case(session: AsyncSession, question: StaffQuestion, *, at: datetime) -> None:
    """Open a case in the caller's transaction, unless the same question is open already."""
    case_id = uuid4()
    opened = await session.execute(
        upsert(ReviewCase)
        .values(
            id=case_id,
            kind=question.kind,
            person_id=question.person_id,
            subject_ids=[question.person_id],
            evidence={},
            explanation=question.explanation,
            created_at=at,
        )
        .on_conflict_do_nothing()
        .returning(ReviewCase.id)
    )
    if opened.first() is not None:
        await record_event(session, "CASE_OPENED", case_id, at=at, subject_type="CASE")
