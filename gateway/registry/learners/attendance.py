"""Absences and lateness by day or lesson; a late edit is a new row that names the old one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.tables import AttendanceFact
from gateway.registry.model import EnrolmentStatusPeriod

ABSENT, LATE, PRESENT = "ABSENT", "LATE", "PRESENT"
_STUDYING = ("ENROLLED", "PRESENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened on a day; lesson 0 is the whole day, `hours` how long where it was a part of it."""

    happened_on: date
    type: str
    lesson_no: int = 0
    reason_code: str = ""
    hours: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFact:
    """A fact as it stands, who wrote it, when, and how often it was corrected before."""

    fact_id: UUID
    fact: Fact
    recorded_by: str
    recorded_at: datetime
    corrections: int


def attendance_percent(facts: Iterable[Fact], school_days: int) -> Decimal | None:
    """Give the share of school days not wholly missed, in percent to one place; None without school days."""
    if school_days <= 0:
        return None
    missed = len({fact.happened_on for fact in facts if fact.type == ABSENT and fact.lesson_no == 0})
    return (Decimal(100 * max(school_days - missed, 0)) / school_days).quantize(Decimal("0.1"))


async def record_fact(
    session: AsyncSession, enrolment_id: UUID, fact: Fact, *, by: str, at: datetime
) -> UUID:
    """Record what happened and give its id; raises InputRefused for a day the learner did not study."""
    studied = await session.execute(
        select(EnrolmentStatusPeriod.id).where(
            EnrolmentStatusPeriod.enrolment_id == enrolment_id,
            EnrolmentStatusPeriod.status.in_(_STUDYING),
            EnrolmentStatusPeriod.from_on <= fact.happened_on,
            (EnrolmentStatusPeriod.until_on.is_(None)) | (EnrolmentStatusPeriod.until_on > fact.happened_on),
        )
    )
    if studied.first() is None:
        raise InputRefused((("happened_on", "NOT_STUDYING_THAT_DAY"),))
    return await _write(session, enrolment_id, fact, by, at)


async def correct_fact(session: AsyncSession, fact_id: UUID, fact: Fact, *, by: str, at: datetime) -> UUID:
    """Put another fact of the same day and lesson in the place of one; PRESENT withdraws an absence."""
    statement = select(AttendanceFact).where(AttendanceFact.id == fact_id, ~_corrected(AttendanceFact.id))
    old = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if old is None:
        raise RegistryError("there is no such fact to correct")
    same_time = replace(fact, happened_on=old.happened_on, lesson_no=old.lesson_no)
    return await _write(session, old.enrolment_id, same_time, by, at, corrects_id=old.id)


async def attendance(
    session: AsyncSession, enrolment_id: UUID, *, since: date, until: date
) -> tuple[RecordedFact, ...]:
    """Read what stands from a day until the day before another, and how often each was corrected."""
    found = await session.execute(
        select(AttendanceFact)
        .where(
            AttendanceFact.enrolment_id == enrolment_id,
            AttendanceFact.happened_on >= since,
            AttendanceFact.happened_on < until,
        )
        .order_by(AttendanceFact.happened_on, AttendanceFact.lesson_no)
    )
    rows = found.scalars().all()
    corrected = {row.corrects_id for row in rows}
    times: dict[tuple[date, int], int] = {}
    for row in rows:
        times[row.happened_on, row.lesson_no] = times.get((row.happened_on, row.lesson_no), -1) + 1
    return tuple(
        _recorded(row, times[row.happened_on, row.lesson_no]) for row in rows if row.id not in corrected
    )


def _corrected(fact_id: Any) -> Any:
    correction = aliased(AttendanceFact, name="correction")
    return select(correction.id).where(correction.corrects_id == fact_id).exists()


async def _write(
    session: AsyncSession,
    enrolment_id: UUID,
    fact: Fact,
    by: str,
    at: datetime,
    *,
    corrects_id: UUID | None = None,
) -> UUID:
    fact_id = uuid4()
    await session.execute(
        insert(AttendanceFact).values(
            id=fact_id,
            enrolment_id=enrolment_id,
            happened_on=fact.happened_on,
            lesson_no=fact.lesson_no,
            type=fact.type,
            reason_code=fact.reason_code,
            hours=fact.hours,
            corrects_id=corrects_id,
            recorded_at=at,
            recorded_by=by,
        )
    )
    return fact_id


def _recorded(row: AttendanceFact, corrections: int) -> RecordedFact:
    return RecordedFact(
        fact_id=row.id,
        fact=Fact(
            happened_on=row.happened_on,
            type=row.type,
            lesson_no=row.lesson_no,
            reason_code=row.reason_code,
            hours=row.hours,
        ),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
        corrections=corrections,
    )
