"""What became of an import: how far it is, counts, every problem with its line, the file with comments."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.errors import RegistryError
from gateway.foundation.tables import safe_cell
from gateway.intake.imports.correction import with_comments
from gateway.intake.imports.custody import bring_out
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.reasons import explain
from gateway.registry.import_tables import ImportBatch, ImportRow
from gateway.registry.titles import column_title

MOST_TOLD = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How far an import is: of `total` rows `done` were read, of which some were stored and some refused."""

    batch_id: UUID
    file_name: str
    state: str
    total: int
    done: int
    stored: int
    refused: int
    template: str
    received_at: datetime
    progressed_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport(BatchState):
    """The state of a batch, its rows by outcome, and the first MOST_TOLD problems with their lines."""

    counts: Mapping[str, int]
    problems: tuple[tuple[int, Problem], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentedFile:
    """A file to give back, and what to call it."""

    file_name: str
    content: bytes


async def batch_states(database: Database, *, limit: int = 20) -> tuple[BatchState, ...]:
    """Give the newest imports, as far as they are."""
    async with database.transaction() as session:
        found = await session.scalars(
            select(ImportBatch).order_by(ImportBatch.received_at.desc()).limit(limit)
        )
        return tuple(BatchState(**_state(batch)) for batch in found)


async def batch_report(database: Database, batch_id: UUID) -> BatchReport:
    """Report on a batch; raises RegistryError when there is none with this id."""
    async with database.transaction() as session:
        batch = await _batch(session, batch_id)
        counts = await outcome_counts(session, batch_id)
        refused = counts.get("REJECTED", 0)
        done = sum(counts.values())
        exact = {"done": done, "stored": done - refused, "refused": refused}
        problems = await _problems(session, batch_id)
        return BatchReport(**{**_state(batch), **exact}, counts=counts, problems=problems)


def _state(batch: ImportBatch) -> dict[str, Any]:
    return {
        "batch_id": batch.id,
        "file_name": batch.file_name,
        "state": batch.state,
        "total": batch.row_count or 0,
        "done": batch.rows_read,
        "stored": batch.rows_stored,
        "refused": batch.rows_refused,
        "template": batch.template_version,
        "received_at": batch.received_at,
        "progressed_at": batch.progressed_at,
        "finished_at": batch.finished_at,
    }


async def _batch(session: AsyncSession, batch_id: UUID) -> ImportBatch:
    batch = await session.get(ImportBatch, batch_id)
    if batch is None:
        raise RegistryError("there is no such import")
    return batch


async def outcome_counts(session: AsyncSession, batch_id: UUID) -> dict[str, int]:
    """Count the rows of a batch by outcome."""
    found = await session.execute(
        select(ImportRow.outcome, func.count().label("rows"))
        .where(ImportRow.batch_id == batch_id)
        .group_by(ImportRow.outcome)
        .order_by(ImportRow.outcome)
    )
    return {row.outcome: row.rows for row in found}


async def _problems(session: AsyncSession, batch_id: UUID) -> tuple[tuple[int, Problem], ...]:
    found = await session.execute(_rows_with_reasons(batch_id).limit(MOST_TOLD))
    told = [(line, Problem(**reason)) for line, reasons in found for reason in reasons]
    return tuple(told[:MOST_TOLD])


def _rows_with_reasons(batch_id: UUID) -> Any:
    return (
        select(ImportRow.line, ImportRow.reasons)
        .where(ImportRow.batch_id == batch_id, func.jsonb_array_length(ImportRow.reasons) > 0)
        .order_by(ImportRow.line)
    )


async def commented_file(
    database: Database, batch_id: UUID, *, key: bytes, language: str = "ru"
) -> CommentedFile:
    """Give the uploaded file back with a column of comments; `key` is the one it is kept under.

    Raises RegistryError when there is no such import or its file is no longer kept.
    """
    async with database.transaction() as session:
        name = (await _batch(session, batch_id)).file_name
        comments = await _comments(session, batch_id, language)
    content = await bring_out(database, batch_id, key=key)
    if content is None:
        raise RegistryError("the file is no longer kept: nothing was refused in it, or its time is over")
    written = await asyncio.to_thread(with_comments, content, comments, language=language)
    path = PurePath(name)
    return CommentedFile(file_name=f"{path.stem}-comments{path.suffix}", content=written)


async def _comments(session: AsyncSession, batch_id: UUID, language: str) -> dict[int, str]:
    comments: dict[int, str] = {}
    same: dict[str, str] = {}  # most rows of a long file share a few comments
    async for line, reasons in await session.stream(_rows_with_reasons(batch_id)):
        comment = "; ".join(sentence(Problem(**reason), language) for reason in reasons)
        comments[line] = same.setdefault(comment, comment)
    return comments


def sentence(problem: Problem, language: str) -> str:
    """Say a problem with the title of its column in front, as a cell no spreadsheet runs."""
    said = explain(problem, language)
    return safe_cell(f"{column_title(problem.field, language)}: {said}" if problem.field else said)
