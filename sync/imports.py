"""Import a batch line by line: each has one outcome, written in the transaction that changes the registry.

A killed import goes on at the first line without an outcome; a line done twice at the same time is done once.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.keys import read_secret
from gateway.foundation.errors import ConcurrentChange
from gateway.foundation.logging import get_logger
from gateway.intake.admission import admit
from gateway.registry.model import ImportBatch, ImportRow
from gateway.intake.imports.batches import DONE, RECEIVED, RUNNING, STOPPED, defer_import
from gateway.intake.imports.custody import bring_out
from gateway.intake.imports.damage import Problem
from sync.dependencies import WorkerDependencies
from gateway.intake.imports.preparing import Prepared, examine, prepare

REJECTED = "REJECTED"
_SLICE_SECONDS = 60.0  # then the next job goes on, so that one long file does not hold a worker's slot
_READ_AHEAD = 50
_TRIES = 3
_FIELD_OF = {"ORGANISATION_UNKNOWN": "organisation_code"}
_log = get_logger(__name__)


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
