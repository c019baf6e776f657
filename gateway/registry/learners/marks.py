"""Marks on versioned scales: what a scale does not know is refused, a correction leaves the old mark there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused, RegistryError
from gateway.registry.learners.tables import GradingScale, Result
from gateway.registry.model import Enrolment


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One version of a scale; without marks the grade is ungraded."""

    code: str
    version: int
    grades: tuple[str, ...]
    marks: tuple[str, ...]
    valid_from: date
    valid_until: date | None

    def serves(self, grade: str | None, on: date) -> bool:
        """Tell whether the scale is in use for a grade on a day."""
        return grade in self.grades and self.valid_from <= on < (self.valid_until or date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A mark to record: for which subject and period, of which kind (QUARTER, YEAR, EXAM, FINAL)."""

    subject_code: str
    period_code: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMark:
    """A mark as it stands, with the scale it was given on."""

    result_id: UUID
    mark: Mark
    scale: tuple[str, int]
    recorded_by: str
    recorded_at: datetime


def scale_for(scales: Iterable[Scale], grade: str | None, on: date) -> Scale:
    """Choose the scale of a grade on a day; raises InputRefused where none serves it."""
    found = [scale for scale in scales if scale.serves(grade, on)]
    if not found:
        raise InputRefused((("grade", "NO_SCALE_FOR_THE_GRADE"),))
    return max(found, key=lambda scale: scale.valid_from)


def check_mark(scale: Scale, value: str) -> None:
    """Raise InputRefused when a scale does not know a mark."""
    if not scale.marks:
        raise InputRefused((("mark", "GRADE_IS_UNGRADED"),))
    if value not in scale.marks:
        raise InputRefused((("mark", "NOT_ON_THE_SCALE"),))


async def record_mark(
    session: AsyncSession, enrolment_id: UUID, mark: Mark, *, on: date, by: str, at: datetime
) -> UUID:
    """Record a mark on the scale of the enrolment's grade on a day, and give its id.

    A mark that stands already is corrected by `correct_mark`: a second one is refused by the database.
    """
    found = await session.execute(select(Enrolment.grade).where(Enrolment.id == enrolment_id))
    row = found.one_or_none()
    if row is None:
        raise RegistryError("there is no such enrolment")
    scale = scale_for(await read_scales(session), row.grade, on)
    check_mark(scale, mark.value)
    return await _write(session, _columns(enrolment_id, mark, (scale.code, scale.version)), by, at)


async def correct_mark(
    session: AsyncSession, result_id: UUID, value: str | None, *, by: str, at: datetime
) -> UUID:
    """Put another mark in the place of one, on the same scale; None withdraws it. Both stay to be read.

    Raises InputRefused for a mark the scale does not know, RegistryError where there is nothing to correct.
    """
    found = await session.execute(
        select(Result, GradingScale)
        .join(
            GradingScale,
            (GradingScale.code == Result.scale_code) & (GradingScale.version == Result.scale_version),
        )
        .where(Result.id == result_id, ~_corrected(Result.id))
        .with_for_update(of=Result)
    )
    row = found.one_or_none()
    if row is None:
        raise RegistryError("there is no such mark to correct")
    old, scale = row
    if value is not None:
        check_mark(_scale(scale), value)
    kept = ("enrolment_id", "subject_code", "period_code", "kind", "scale_code", "scale_version")
    columns = {name: getattr(old, name) for name in kept}
    return await _write(session, columns | {"mark": value, "corrects_id": old.id}, by, at)


async def marks(session: AsyncSession, enrolment_id: UUID) -> tuple[RecordedMark, ...]:
    """Read the marks of an enrolment as they stand after corrections."""
    found = await session.execute(
        select(Result)
        .where(Result.enrolment_id == enrolment_id, Result.mark.is_not(None), ~_corrected(Result.id))
        .order_by(Result.period_code, Result.subject_code, Result.kind)
    )
    return tuple(_recorded(row) for row in found.scalars())


async def read_scales(session: AsyncSession) -> tuple[Scale, ...]:
    """Read every version of every scale."""
    found: Sequence[GradingScale] = (await session.execute(select(GradingScale))).scalars().all()
    return tuple(_scale(row) for row in found)


def _corrected(result_id: Any) -> Any:
    correction = aliased(Result, name="correction")
    return select(correction.id).where(correction.corrects_id == result_id).exists()


def _columns(enrolment_id: UUID, mark: Mark, scale: tuple[str, int]) -> dict[str, Any]:
    return {
        "enrolment_id": enrolment_id,
        "subject_code": mark.subject_code,
        "period_code": mark.period_code,
        "kind": mark.kind,
        "scale_code": scale[0],
        "scale_version": scale[1],
        "mark": mark.value,
    }


async def _write(session: AsyncSession, columns: dict[str, Any], by: str, at: datetime) -> UUID:
    result_id = uuid4()
    await session.execute(insert(Result).values(id=result_id, recorded_by=by, recorded_at=at, **columns))
    return result_id


def _scale(row: GradingScale) -> Scale:
    return Scale(
        code=row.code,
        version=row.version,
        grades=tuple(row.grades),
        marks=tuple(row.marks),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _recorded(row: Result) -> RecordedMark:
    return RecordedMark(
        result_id=row.id,
        mark=Mark(
            subject_code=row.subject_code, period_code=row.period_code, kind=row.kind, value=row.mark or ""
        ),
        scale=(row.scale_code, row.scale_version),
        recorded_by=row.recorded_by,
        recorded_at=row.recorded_at,
    )
