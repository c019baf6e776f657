"""Import a batch line by line: each has one outcome, written in the transaction that changes the registry.

A killed import goes on at the first line without an outcome; a line done twice at the same time is done once.
"""

import asyncio
import time
from collections import Counter
from dataclasses import asdict
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.crypto.keys import read_secret
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import ConcurrentChange
from gateway.foundation.logging import get_logger
from gateway.intake.imports.batches import DONE, KEPT_FOR, RECEIVED, RUNNING, STOPPED, defer_import
from gateway.intake.imports.custody import bring_out, drop
from gateway.intake.imports.outcomes import NOT_STORED, REJECTED, RowOutcome, admit_row
from gateway.intake.imports.preparing import Prepared, prepare
from gateway.intake.imports.reports import outcome_counts
from gateway.intake.learned_model import chosen_model
from gateway.registry.import_tables import ImportBatch, ImportRow
from sync.dependencies import WorkerDependencies

_SLICE_SECONDS = 60.0  # then the next job goes on, so that one long file does not hold a worker's slot
_READ_AHEAD = 50
_TRIES = 3
_log = get_logger(__name__)


async def run_batch(
    dependencies: WorkerDependencies, batch_id: UUID, *, seconds: float = _SLICE_SECONDS
) -> bool:
    """Import the lines that have no outcome yet, for about `seconds`; True when the batch is finished.

    What is left is deferred as a further job. Raises RegistryError when the stored file cannot be decrypted.
    """
    began = time.monotonic()
    content = await _open(dependencies, batch_id)
    if content is None:
        return True
    last = await _last_line(dependencies, batch_id)
    tally = await _tally(dependencies, batch_id)
    coming, end = prepare(content, after=last), None
    while batch := await asyncio.to_thread(lambda: list(islice(coming, _READ_AHEAD))):
        # far down a long file, getting there must not cost more than what is done there
        end = end or time.monotonic() + max(seconds, (time.monotonic() - began) * 4 if last else 0.0)
        for row in batch:
            outcome = await _take(dependencies, batch_id, row)
            tally.update([outcome] if outcome else [])
        await _tell_progress(dependencies, batch_id, tally)
        if time.monotonic() > end:
            async with dependencies.database.transaction() as session:
                await defer_import(session, batch_id)
            return False
    await _finish(dependencies, batch_id, tally)
    return True


async def stop_batch(dependencies: WorkerDependencies, batch_id: UUID) -> None:
    """Mark a batch whose import was given up; the lines that were taken stay, the file is kept."""
    async with dependencies.database.transaction() as session:
        await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id, ImportBatch.state.in_((RECEIVED, RUNNING)))
            .values(state=STOPPED, kept_until=utc_now() + KEPT_FOR)
        )


async def _take(dependencies: WorkerDependencies, batch_id: UUID, row: Prepared) -> str | None:
    """Give one line its outcome, and say which; None when it had one.

    A row the database refuses is reported, and the next one is taken.
    """
    for _ in range(_TRIES):
        try:
            async with dependencies.database.transaction() as session:
                if not await _claim(session, batch_id, row.line):
                    return None
                outcome = await admit_row(
                    session,
                    row,
                    policies=dependencies.policies,
                    recorded_by=f"import:{batch_id}",
                    model=chosen_model(dependencies.settings),
                )
                await _settle(session, batch_id, row.line, outcome)
        except (ConcurrentChange, IntegrityError):
            continue  # somebody wrote the same entry at the same moment: look again
        except DataError:
            break
        return outcome.result
    await _refuse(dependencies, batch_id, row.line)
    return REJECTED


async def _claim(session: AsyncSession, batch_id: UUID, line: int) -> bool:
    """Take the line for this transaction; False when another has given it an outcome."""
    claimed = await session.execute(
        insert(ImportRow)
        .values(batch_id=batch_id, line=line, outcome=REJECTED, reasons=[])
        .on_conflict_do_nothing()
        .returning(ImportRow.line)
    )
    return claimed.first() is not None


async def _settle(session: AsyncSession, batch_id: UUID, line: int, outcome: RowOutcome) -> None:
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
            await _settle(session, batch_id, line, NOT_STORED)


async def _open(dependencies: WorkerDependencies, batch_id: UUID) -> bytes | None:
    """Mark the batch as running and give the stored file; None when the import has ended."""
    settings = dependencies.settings
    key = read_secret(settings.path(settings.journal.body_key_file))
    async with dependencies.database.transaction() as session:
        running = await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id, ImportBatch.state.in_((RECEIVED, RUNNING)))
            .values(state=RUNNING)
            .returning(ImportBatch.id)
        )
        if running.first() is None:
            return None
    return await bring_out(dependencies.database, batch_id, key=key)


async def _last_line(dependencies: WorkerDependencies, batch_id: UUID) -> int:
    async with dependencies.database.transaction() as session:
        last = await session.execute(select(func.max(ImportRow.line)).where(ImportRow.batch_id == batch_id))
        return last.scalar_one() or 0


async def _tally(dependencies: WorkerDependencies, batch_id: UUID) -> Counter[str]:
    """Count the outcomes there are; from here on they are counted as they come."""
    async with dependencies.database.transaction() as session:
        return Counter(await outcome_counts(session, batch_id))


async def _tell_progress(dependencies: WorkerDependencies, batch_id: UUID, tally: Counter[str]) -> None:
    async with dependencies.database.transaction() as session:
        await session.execute(
            update(ImportBatch).where(ImportBatch.id == batch_id).values(**_progress(tally))
        )


def _progress(tally: Counter[str]) -> dict[str, Any]:
    read, refused = tally.total(), tally[REJECTED]
    return {
        "rows_read": read,
        "rows_stored": read - refused,
        "rows_refused": refused,
        "progressed_at": utc_now(),
    }


async def _finish(dependencies: WorkerDependencies, batch_id: UUID, tally: Counter[str]) -> None:
    """Mark the batch as done; drop the file, or keep it a while so that its refused rows can be given back."""
    async with dependencies.database.transaction() as session:
        await session.execute(
            update(ImportBatch)
            .where(ImportBatch.id == batch_id)
            .values(
                state=DONE,
                finished_at=utc_now(),
                kept_until=utc_now() + KEPT_FOR if tally[REJECTED] else None,
                **_progress(tally),
            )
        )
        if not tally[REJECTED]:
            await drop(session, [batch_id])
