"""Import a batch line by line: each has one outcome, written in the transaction that changes the registry.

A killed import goes on at the first line without an outcome; a line done twice at the same time is done once.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.keys import read_secret
from gateway.foundation.errors import ConcurrentChange, InputRefused
from gateway.foundation.logging import get_logger
from gateway.intake.admission import admit
from gateway.intake.applications import Application, parse_application
from gateway.registry.model import ImportBatch, ImportRow
from sync.batches import DONE, RECEIVED, RUNNING, STOPPED, defer_import
from sync.custody import bring_out
from sync.damage import Problem, find_damage, repair
from sync.dependencies import WorkerDependencies
from sync.reading import find_layout, rows

REJECTED = "REJECTED"
_SLICE_SECONDS = 60.0  # then the next job goes on, so that one long file does not hold a worker's slot
_READ_AHEAD = 50
_TRIES = 3
_FIELD_OF = {"ORGANISATION_UNKNOWN": "organisation_code"}
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A row after repair: what will be admitted, or every problem found before."""

    line: int
    cells: Mapping[str, str]
    problems: tuple[Problem, ...]


async def run_batch(
    dependencies: WorkerDependencies, batch_id: UUID, *, seconds: float = _SLICE_SECONDS
) -> bool:
    """Import the lines that have no outcome yet, for about `seconds`; True when the batch is finished.

    What is left is deferred as a further job. Raises RegistryError when the stored file cannot be decrypted.
    """
    content = await _open(dependencies, batch_id)
    if content is None:
        return True
    end = time.monotonic() + seconds
    coming = prepare(content, after=await _last_line(dependencies, batch_id))
    while batch := await asyncio.to_thread(lambda: list(islice(coming, _READ_AHEAD))):
        for row in batch:
            await _take(dependencies, batch_id, row)
        if time.monotonic() > end:
            async with dependencies.database.transaction() as session:
                await defer_import(session, batch_id)
            return False
    await _finish(dependencies, batch_id)
    return True


async def stop_batch(dependencies: WorkerDependencies, batch_id: UUID) -> None:
    """Mark a batch whose import was given up; the lines that were taken stay, the file is kept."""
    async with dependencies.database.transaction() as session:
        await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id, ImportBatch.state.in_((RECEIVED, RUNNING)))
            .values(state=STOPPED)
        )


def prepare(content: bytes, *, after: int = 0) -> Iterator[Prepared]:
    """Read, repair and examine the rows below line `after`; record ids are compared over the whole file."""
    seen: dict[tuple[str, str], int] = {}
    for row in rows(content, find_layout(content)):
        cells = repair(row)
        problems = [*find_damage(row, cells), *_repeated(seen, row.line, cells)]
        if row.line > after:
            yield Prepared(line=row.line, cells=_keyed(cells), problems=tuple(problems))


def _repeated(seen: dict[tuple[str, str], int], line: int, cells: Mapping[str, str]) -> Iterator[Problem]:
    """Report a record id that stands on two lines: the second would amend the first person."""
    record_id = cells.get("record_id", "")
    if not record_id:
        return
    first = seen.setdefault((cells.get("organisation_code", ""), record_id), line)
    if first != line:
        yield Problem(field="record_id", reason="RECORD_ID_REPEATED", detail=str(first))


async def _take(dependencies: WorkerDependencies, batch_id: UUID, row: Prepared) -> None:
    """Give one line its outcome; a row the database refuses is reported, and the next one is taken."""
    for attempt in range(_TRIES):
        try:
            async with dependencies.database.transaction() as session:
                if await _claim(session, batch_id, row.line):
                    await _settle(
                        session, batch_id, row.line, await _outcome(session, dependencies, row, batch_id)
                    )
        except (ConcurrentChange, IntegrityError):
            if attempt + 1 < _TRIES:
                continue  # somebody wrote the same entry at the same moment: look again
        except DataError:
            pass
        else:
            return
    await _refuse(dependencies, batch_id, row.line)


async def _claim(session: AsyncSession, batch_id: UUID, line: int) -> bool:
    """Take the line for this transaction; False when another has given it an outcome."""
    claimed = await session.execute(
        insert(ImportRow)
        .values(batch_id=batch_id, line=line, outcome=REJECTED, reasons=[])
        .on_conflict_do_nothing()
        .returning(ImportRow.line)
    )
    return claimed.first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    result: str
    problems: tuple[Problem, ...] = ()
    case_id: UUID | None = None
    person_id: UUID | None = None


async def _outcome(
    session: AsyncSession, dependencies: WorkerDependencies, row: Prepared, batch_id: UUID
) -> _Outcome:
    application, problems = examine(row)
    if application is None:
        return _Outcome(result=REJECTED, problems=problems)
    admission = await admit(
        session, application, policies=dependencies.policies, recorded_by=f"import:{batch_id}"
    )
    return _Outcome(
        result=admission.result,
        problems=tuple(Problem(field=_FIELD_OF.get(code, ""), reason=code) for code in admission.reasons),
        case_id=admission.case_id,
        person_id=admission.person_id,
    )


def examine(row: Prepared) -> tuple[Application | None, tuple[Problem, ...]]:
    """Read an application from a row, or give every problem of it; a damage stands for its own field."""
    if any(not problem.field for problem in row.problems):
        return None, row.problems
    told = {problem.field for problem in row.problems}
    try:
        application = parse_application(row.cells)
    except InputRefused as refused:
        more = (
            Problem(field=field, reason=reason) for field, reason in refused.problems if field not in told
        )
        return None, (*row.problems, *more)
    return (None, row.problems) if row.problems else (application, ())


async def _settle(session: AsyncSession, batch_id: UUID, line: int, outcome: _Outcome) -> None:
    await session.execute(
        update(ImportRow)
        .where(ImportRow.batch_id == batch_id, ImportRow.line == line)
        .values(
            outcome=outcome.result,
            reasons=[asdict(problem) for problem in outcome.problems],
            case_id=outcome.case_id,
            person_id=outcome.person_id,
        )
    )


async def _refuse(dependencies: WorkerDependencies, batch_id: UUID, line: int) -> None:
    _log.warning("a row was not stored", batch=str(batch_id), line=line)
    async with dependencies.database.transaction() as session:
        if await _claim(session, batch_id, line):
            not_stored = _Outcome(result=REJECTED, problems=(Problem(field="", reason="NOT_STORED"),))
            await _settle(session, batch_id, line, not_stored)


async def _open(dependencies: WorkerDependencies, batch_id: UUID) -> bytes | None:
    """Give the stored file and mark the batch as running; None when it is finished already."""
    settings = dependencies.settings
    key = read_secret(settings.path(settings.journal.body_key_file))
    async with dependencies.database.transaction() as session:
        sealed = await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id, ImportBatch.sealed_content.is_not(None))
            .values(state=RUNNING)
            .returning(ImportBatch.sealed_content)
        )
        found = sealed.scalar_one_or_none()
    return await asyncio.to_thread(bring_out, found, key=key, batch_id=batch_id) if found else None


async def _last_line(dependencies: WorkerDependencies, batch_id: UUID) -> int:
    async with dependencies.database.transaction() as session:
        last = await session.execute(select(func.max(ImportRow.line)).where(ImportRow.batch_id == batch_id))
        return last.scalar_one() or 0


async def _finish(dependencies: WorkerDependencies, batch_id: UUID) -> None:
    """Mark the batch as done and drop the file."""
    async with dependencies.database.transaction() as session:
        await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id)
            .values(state=DONE, sealed_content=None, finished_at=datetime.now(UTC))
        )


def _keyed(cells: dict[str, str]) -> dict[str, str]:
    """Name the row by the school's own id, or else by what it says."""
    own = cells.pop("record_id", "")
    said = "\n".join(f"{column}={value.casefold()}" for column, value in sorted(cells.items()) if value)
    key = f"id:{own}" if own else f"row:{hashlib.sha256(said.encode()).hexdigest()}"
    return {**cells, "source_record_key": key}
