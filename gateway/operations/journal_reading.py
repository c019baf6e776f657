"""Read the journal's settled rows by a cursor that loses none and is moved by one reader at a time.

Numbers of transactions tell which rows are final: those below the oldest one still running. They mean nothing in
another cluster; after a restore elsewhere the newest rows are read once more, which changes nothing, because
whoever reads keeps what was done by the exchange's id.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.operations.incident_tables import OperationsCursor

BATCH = 2000
_AGAIN_AFTER_RESTORE = 10_000  # rows that may have been committed late, just before the dump
_COLUMNS = "seq, xid, entry_id, exchange_id, kind, client, service, fault_code, succeeded, attempt, "
_AT = "coalesce(response_out_ts, response_in_ts, request_in_ts) as at"
_CLUSTER = text("select system_identifier from pg_control_system()")
_HORIZON = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_NEW = text(f"""
    select {_COLUMNS} {_AT} from journal_entry
    where (xid, seq) > (:xid, :seq) and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    order by xid, seq limit :most
""")  # noqa: S608 – our own column names
_RESTORED = text(f"""
    select {_COLUMNS} {_AT} from journal_entry where seq > :from_seq order by seq
""")  # noqa: S608 – our own column names


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """What incidents need to know of a row."""

    seq: int
    entry_id: UUID
    exchange_id: UUID
    kind: str
    client: str
    service: str
    fault_code: str
    succeeded: bool | None
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledPage:
    """Rows in the order of their transactions; `has_more` when others are ready."""

    rows: tuple[SettledRow, ...]
    has_more: bool


async def read_settled(session: AsyncSession, name: str, *, most: int = BATCH) -> SettledPage:
    """Read the rows behind the cursor and move it, in the caller's transaction; other readers of it wait."""
    cursor = (
        await session.execute(select(OperationsCursor).where(OperationsCursor.name == name).with_for_update())
    ).scalar_one()
    cluster = (await session.execute(_CLUSTER)).scalar_one()
    cursor.moved_at = utc_now()
    if cursor.cluster not in {0, cluster}:
        return await _read_restored(session, cursor, cluster)
    cursor.cluster = cluster
    found = (await session.execute(_NEW, {"xid": cursor.xid, "seq": cursor.seq, "most": most + 1})).all()
    taken = found[:most]
    if taken:
        cursor.xid, cursor.seq = taken[-1].xid, taken[-1].seq
        cursor.top_seq = max(cursor.top_seq, *(row.seq for row in taken))
    return SettledPage(rows=tuple(map(_row, taken)), has_more=len(found) > most)


async def _read_restored(session: AsyncSession, cursor: OperationsCursor, cluster: int) -> SettledPage:
    """Read the end of the journal once more and count anew in this cluster's transactions."""
    horizon = (await session.execute(_HORIZON)).scalar_one()
    found = (
        await session.execute(_RESTORED, {"from_seq": max(0, cursor.top_seq - _AGAIN_AFTER_RESTORE)})
    ).all()
    cursor.cluster, cursor.xid, cursor.seq = cluster, horizon, 0
    cursor.top_seq = max([cursor.top_seq, *(row.seq for row in found)])
    return SettledPage(rows=tuple(map(_row, found)), has_more=True)


def _row(row: Any) -> SettledRow:
    return SettledRow(**{name: getattr(row, name) for name in SettledRow.__slots__})
