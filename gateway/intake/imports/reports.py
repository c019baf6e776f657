"""What became of an import: counts, and every problem with its line."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.registry.model import ImportBatch, ImportRow
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.reasons import column_title, explain

_HEADING = {"ky": ("сап", "түшүндүрмө"), "ru": ("строка", "комментарий"), "en": ("line", "comment")}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """The state of a batch: `done` of `total` rows, how many had each outcome, what was wrong where."""

    batch_id: UUID
    file_name: str
    state: str
    done: int
    total: int
    counts: Mapping[str, int]
    problems: tuple[tuple[int, Problem], ...]
    received_at: datetime
    finished_at: datetime | None


async def batch_report(database: Database, batch_id: UUID) -> BatchReport:
    """Report on a batch; raises RegistryError when there is none with this id."""
    async with database.transaction() as session:
        batch = await session.get(ImportBatch, batch_id)
        if batch is None:
            raise RegistryError("there is no such import")
        counts = await _counts(session, batch_id)
        return BatchReport(
            batch_id=batch_id,
            file_name=batch.file_name,
            state=batch.state,
            done=sum(counts.values()),
            total=batch.row_count or 0,
            counts=counts,
            problems=await _problems(session, batch_id),
            received_at=batch.received_at,
            finished_at=batch.finished_at,
        )


async def _counts(session: AsyncSession, batch_id: UUID) -> dict[str, int]:
    found = await session.execute(
        select(ImportRow.outcome, func.count().label("rows"))
        .where(ImportRow.batch_id == batch_id)
        .group_by(ImportRow.outcome)
        .order_by(ImportRow.outcome)
    )
    return {row.outcome: row.rows for row in found}


async def _problems(session: AsyncSession, batch_id: UUID) -> tuple[tuple[int, Problem], ...]:
    found = await session.execute(
        select(ImportRow.line, ImportRow.reasons)
        .where(ImportRow.batch_id == batch_id, func.jsonb_array_length(ImportRow.reasons) > 0)
        .order_by(ImportRow.line)
    )
    return tuple((line, Problem(**reason)) for line, reasons in found for reason in reasons)


def render_problems_csv(report: BatchReport, *, language: str = "ru") -> bytes:
    """Write one line per bad row, its number and a comment, in UTF-8 with a mark; no cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_HEADING[language])
    for line, problems in groupby(report.problems, key=lambda pair: pair[0]):
        comment = "; ".join(sentence(problem, language) for _, problem in problems)
        writer.writerow((line, safe_cell(comment)))
    return text.getvalue().encode("utf-8-sig")


def sentence(problem: Problem, language: str) -> str:
    """Say a problem with the title of its column in front."""
    said = explain(problem, language)
    return f"{column_title(problem.field, language)}: {said}" if problem.field else said


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from running the text as a formula (ASVS 5.0, V1.2.10)."""
    return f"'{text}" if text.startswith(_FORMULA) else text
