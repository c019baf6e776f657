"""Take in an uploaded file: read how it is written, keep it encrypted, defer its import, all or nothing."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.registry.model import ImportBatch
from gateway.intake.imports.custody import lock_away
from gateway.intake.imports.layout import Layout, find_layout
from gateway.intake.imports.reading import rows

RECEIVED, RUNNING, DONE, STOPPED = "RECEIVED", "RUNNING", "DONE", "STOPPED"
TASK = "import_batch"
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReceipt:
    """What was received. `repeated` says that the same file came before: this is the first one's batch."""

    batch_id: UUID
    repeated: bool
    row_count: int
    encoding: str
    ignored_columns: tuple[str, ...]


async def accept_batch(
    database: Database, content: bytes, *, key: bytes, filename: str, by: str
) -> BatchReceipt:
    """Accept a file of learners for import and defer the work; `key` encrypts it until it is imported.

    `by` is the account that sent it. The same file again is the first one's batch; only one that was given up
    goes on. Raises ImportRefused with the cure when the file cannot be read; then nothing is kept.
    """
    layout, row_count = await asyncio.to_thread(_survey, content)
    digest = hashlib.sha256(content).hexdigest()
    batch_id = uuid4()
    async with database.transaction() as session:
        created = await session.execute(
            insert(ImportBatch)
            .values(
                id=batch_id,
                file_sha256=digest,
                file_name=filename[:_LONGEST_NAME],
                state=RECEIVED,
                row_count=row_count,
                sealed_content=lock_away(content, key=key, batch_id=batch_id),
                received_by=by,
                received_at=datetime.now(UTC),
            )
            .on_conflict_do_nothing(index_elements=[ImportBatch.file_sha256])
            .returning(ImportBatch.id)
        )
        repeated = created.first() is None
        if repeated:
            batch_id = await _first(session, digest)
        if not repeated or await _resume(session, batch_id, content, key=key):
            await defer_import(session, batch_id)
    return BatchReceipt(
        batch_id=batch_id,
        repeated=repeated,
        row_count=row_count,
        encoding=layout.encoding,
        ignored_columns=layout.ignored,
    )


async def defer_import(session: AsyncSession, batch_id: UUID) -> None:
    """Defer the (further) import of a batch; jobs of one batch never run side by side."""
    await defer(session, TASK, lock=f"{TASK}:{batch_id}", batch_id=str(batch_id))


def _survey(content: bytes) -> tuple[Layout, int]:
    layout = find_layout(content)
    return layout, sum(1 for _ in rows(content, layout))


async def _resume(session: AsyncSession, batch_id: UUID, content: bytes, *, key: bytes) -> bool:
    """Let the same file start an import again that was given up; True when there was one."""
    resumed = await session.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.state == STOPPED)
        .values(state=RECEIVED, sealed_content=lock_away(content, key=key, batch_id=batch_id))
        .returning(ImportBatch.id)
    )
    return resumed.first() is not None


async def _first(session: AsyncSession, digest: str) -> UUID:
    found = await session.execute(select(ImportBatch.id).where(ImportBatch.file_sha256 == digest))
    return found.scalar_one()
