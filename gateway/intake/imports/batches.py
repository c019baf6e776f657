"""Take in an uploaded file: read how it is written, keep it encrypted, defer its import, all or nothing."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.intake.imports.custody import drop, lock_away
from gateway.intake.imports.layout import Layout, find_layout
from gateway.intake.imports.reading import rows
from gateway.intake.imports.refusals import ImportRefused
from gateway.registry.import_tables import ImportBatch

RECEIVED, RUNNING, DONE, STOPPED = "RECEIVED", "RUNNING", "DONE", "STOPPED"
TASK = "import_batch"
MOST_ROWS = 300_000
KEPT_FOR = timedelta(days=14)  # a file with refused rows, so that it can be given back with comments
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a file is before anything is done with it: how it is written and how many rows it has."""

    layout: Layout
    row_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReceipt:
    """What was received. `repeated` says that the same file came before: this is the first one's batch."""

    batch_id: UUID
    repeated: bool
    row_count: int
    encoding: str
    ignored_columns: tuple[str, ...]
    template: str = ""


def survey(content: bytes) -> Survey:
    """Look a file through from end to end; raises ImportRefused with the cure when it cannot be taken in."""
    layout = find_layout(content)
    count = 0
    for count, _ in enumerate(rows(content, layout), start=1):
        if count > MOST_ROWS:
            raise ImportRefused("TOO_MANY_ROWS", str(MOST_ROWS))
    return Survey(layout=layout, row_count=count)


async def accept_batch(
    database: Database, content: bytes, *, key: bytes, filename: str, by: str
) -> BatchReceipt:
    """Accept a file of learners for import and defer the work; `key` encrypts it for as long as it is kept.

    `by` is the account that sent it. The same file again is the first one's batch; only one that was given up
    goes on. Raises ImportRefused with the cure when the file cannot be read; then nothing is kept.
    """
    found = await asyncio.to_thread(survey, content)
    digest = hashlib.sha256(content).hexdigest()
    async with database.transaction() as session:
        batch_id = await _create(
            session,
            file_sha256=digest,
            file_name=filename[:_LONGEST_NAME],
            template_version=found.layout.template,
            row_count=found.row_count,
            received_by=by,
        )
        repeated = batch_id is None
        if batch_id is None:
            batch_id = await _first(session, digest)
        if not repeated or await _resume(session, batch_id):
            await drop(session, [batch_id])
            await lock_away(session, content, key=key, batch_id=batch_id)
            await defer_import(session, batch_id)
    return BatchReceipt(
        batch_id=batch_id,
        repeated=repeated,
        row_count=found.row_count,
        encoding=found.layout.encoding,
        ignored_columns=found.layout.ignored,
        template=found.layout.template,
    )


async def defer_import(session: AsyncSession, batch_id: UUID) -> None:
    """Defer the (further) import of a batch; jobs of one batch never run side by side."""
    await defer(session, TASK, lock=f"{TASK}:{batch_id}", batch_id=str(batch_id))


async def _create(session: AsyncSession, **values: Any) -> UUID | None:
    """Make a batch; None when the same file has one."""
    created = await session.execute(
        insert(ImportBatch)
        .values(id=uuid4(), state=RECEIVED, received_at=utc_now(), **values)
        .on_conflict_do_nothing(index_elements=[ImportBatch.file_sha256])
        .returning(ImportBatch.id)
    )
    return created.scalar_one_or_none()


async def _resume(session: AsyncSession, batch_id: UUID) -> bool:
    """Let the same file start an import again that was given up; True when there was one."""
    resumed = await session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.state == STOPPED)
        .values(state=RECEIVED, kept_until=None)
        .returning(ImportBatch.id)
    )
    return resumed.first() is not None


async def _first(session: AsyncSession, digest: str) -> UUID:
    found = await session.execute(select(ImportBatch.id).where(ImportBatch.file_sha256 == digest))
    return found.scalar_one()
