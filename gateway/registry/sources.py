"""Where the values of an organisation, an employment or a licence come from: the newest word on each field."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a source told of a field, when, and the message that proves it; empty where there is none."""

    value: Any
    source: str
    recorded_at: datetime
    entered_by: str
    message_id: str


async def sources_of(session: AsyncSession, subject_id: UUID) -> dict[str, Word]:
    """Read the newest word on each field of a subject that nobody took back."""
    found = await session.scalars(
        select(Assertion)
        .ext(distinct_on(Assertion.field))
        .where(Assertion.subject_id == subject_id, Assertion.retracted_at.is_(None))
        .order_by(Assertion.field, Assertion.seq.desc())
    )
    return {
        row.field: Word(
            value=row.value,
            source=row.source_code,
            recorded_at=row.recorded_at,
            entered_by=row.entered_by,
            message_id=row.message_id,
        )
        for row in found
    }
