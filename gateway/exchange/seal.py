"""The sealer: about once a second, what was committed since goes under one signed head, chained to the last.

Which rows are new is told by transaction numbers: once every transaction below a number has ended, the rows
below it are final, however late they were committed, and each is picked exactly once in the order (xid, seq).
Numbers of one PostgreSQL cluster mean nothing in another. So the first pass after a dump was restored
elsewhere takes, under a short lock against writers, whatever no seal covers, and counts anew from there.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from gateway.crypto.keys import Signer
from gateway.exchange.anchor import AnchorLine, append, last_line, line_of
from gateway.exchange.entry import microseconds
from gateway.exchange.errors import AnchorConflict, JournalDamaged
from gateway.exchange.sealed import HASH_OF_SEAL, LAST_SEAL, NEXT_SEALS, Cursor, insert_seal, read_seal
from gateway.exchange.statement import GENESIS, Head, Seal, make_seal, ranges_of
from gateway.exchange.stored import SELECTED, Connection, StoredRow, connect
from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.errors import KopuroError
from gateway.foundation.logging import get_logger

LARGEST_GROUP = 10_000
_EXPORT_BATCH = 200
_LOCK = 7102
_NOWHERE = 0  # the cluster of a seal that is still catching up

_log = get_logger(__name__)

_CLUSTER = "select system_identifier from pg_control_system()"
_PICK_NEW = f"""
    select {SELECTED} from journal_entry
    where (xid, seq) > (%s, %s) and seq > %s
      and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    order by xid, seq limit %s
"""  # noqa: S608 – our own column names
_PICK_UNCOVERED = f"""
    select {SELECTED} from journal_entry
    where not seq <@ (select coalesce(range_agg(seqs), '{{}}') from journal_seal)
    order by seq limit %s
"""  # noqa: S608 – our own column names
_POSITION = """
    select coalesce((select max(seq) from journal_entry), 0),
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picked:
    """Rows to seal, and where the next pass goes on."""

    rows: Sequence[StoredRow]
    cluster: int
    floor_seq: int
    upto_xid: int
    upto_seq: int


class Sealer:
    """Seals and exports; any number may run, one at a time works."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        anchor_file: Path,
        *,
        interval_seconds: float = 1.0,
        largest_group: int = LARGEST_GROUP,
        clock: Clock = utc_now,
    ) -> None:
        """Prepare; nothing is connected yet."""
        self._conninfo = psycopg_conninfo(database.url)
        self._signer = signer
        self._anchor_file = anchor_file
        self._interval = interval_seconds
        self._largest = largest_group
        self._clock = clock
        self._connection: Connection | None = None

    async def run(self) -> None:
        """Seal for ever; what goes wrong is logged and tried again. Ends by being cancelled."""
        try:
            while True:
                try:
                    await self.seal_once()
                except (psycopg.Error, OSError, KopuroError) as error:
                    _log.error("sealing_failed", error=type(error).__name__)
                    await self.close()
                await asyncio.sleep(self._interval)
        finally:
            await self.close()

    async def close(self) -> None:
        """Disconnect; the next pass connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    async def seal_once(self) -> int:
        """Seal everything that is final now, export what the anchor file lacks, and count the entries.

        Raises AnchorConflict, before anything is sealed, when the file knows a seal that the database does
        not have: it lost its end or was replaced, and a new seal would cover that up.
        """
        if self._connection is None:
            self._connection = await connect(self._conninfo, "kopuro sealer")
        await self._exported(self._connection)
        sealed = 0
        while (count := await self._seal_group(self._connection)) is not None:
            sealed += count
            if count < self._largest:
                break
        await self._export(self._connection)
        return sealed

    async def _seal_group(self, connection: Connection) -> int | None:
        """Seal one group and give its size; None when there is none, or somebody else is in the way."""
        with suppress(psycopg.errors.LockNotAvailable):
            async with connection.transaction(), connection.cursor(binary=True) as cursor:
                await cursor.execute("select pg_try_advisory_xact_lock(%s)", (_LOCK,))
                if (await cursor.fetchone()) != (True,):
                    return None
                last = await _last_seal(cursor)
                picked = await self._pick(cursor, last.statement.head if last else None)
                if picked is None:
                    return None
                seal = await asyncio.to_thread(self._make, last, picked)
                await insert_seal(cursor, seal)
                return len(picked.rows)
        return None

    def _make(self, last: Seal | None, picked: _Picked) -> Seal:
        rows = sorted(picked.rows, key=lambda row: row.seq)
        head = Head(
            number=last.number + 1 if last else 1,
            previous_hash=last.hash if last else GENESIS,
            ranges=ranges_of(row.seq for row in rows),
            entry_count=len(rows),
            sealed_at=microseconds(self._clock()),
            cluster=picked.cluster,
            floor_seq=picked.floor_seq,
            upto_xid=picked.upto_xid,
            upto_seq=picked.upto_seq,
        )
        return make_seal(head, [row.leaf() for row in rows], self._signer)

    async def _pick(self, cursor: Cursor, last: Head | None) -> _Picked | None:
        await cursor.execute(_CLUSTER)
        (cluster,) = await cursor.fetchone() or (_NOWHERE,)
        if last is None or last.cluster != cluster:
            return await self._pick_uncovered(cursor, last, cluster)
        place = (last.upto_xid, last.upto_seq, last.floor_seq)
        await cursor.execute(_PICK_NEW, (*place, self._largest))
        rows = [StoredRow.of(row) for row in await cursor.fetchall()]
        if not rows:
            return None
        return _Picked(
            rows=rows,
            cluster=cluster,
            floor_seq=last.floor_seq,
            upto_xid=rows[-1].xid or 0,
            upto_seq=rows[-1].seq,
        )

    async def _pick_uncovered(self, cursor: Cursor, last: Head | None, cluster: int) -> _Picked | None:
        """Pick rows by what no seal covers; the last such group ends the old counting and begins the new."""
        await cursor.execute("select exists (select from journal_entry)")
        if last is None and (await cursor.fetchone()) == (False,):
            return None
        await cursor.execute("set local lock_timeout = '200ms'")  # writers queue behind us: give way soon
        await cursor.execute("lock table journal_entry in share mode")
        await cursor.execute(_PICK_UNCOVERED, (self._largest,))
        rows = [StoredRow.of(row) for row in await cursor.fetchall()]
        if len(rows) == self._largest:
            return _Picked(rows=rows, cluster=_NOWHERE, floor_seq=0, upto_xid=0, upto_seq=0)
        await cursor.execute(_POSITION)
        floor, xmin = await cursor.fetchone() or (0, 0)
        return _Picked(rows=rows, cluster=cluster, floor_seq=floor, upto_xid=xmin, upto_seq=0)

    async def _exported(self, connection: Connection) -> int:
        """Give the last exported seal's number; raises AnchorConflict when the database does not have it."""
        last = await asyncio.to_thread(last_line, self._anchor_file)
        if last is None:
            return 0
        async with connection.transaction(), connection.cursor(binary=True) as cursor:
            await cursor.execute(HASH_OF_SEAL, (last.number,))
            if (await cursor.fetchone()) != (last.hash,):
                raise AnchorConflict(f"the database does not have the anchor file's seal {last.number}")
        return last.number

    async def _export(self, connection: Connection) -> None:
        number = await self._exported(connection)
        while lines := await _lines_after(connection, number):
            await asyncio.to_thread(append, self._anchor_file, lines)
            number = lines[-1].number


async def _last_seal(cursor: Cursor) -> Seal | None:
    await cursor.execute(LAST_SEAL)
    row = await cursor.fetchone()
    return _sound(row) if row else None


async def _lines_after(connection: Connection, number: int) -> list[AnchorLine]:
    async with connection.transaction(), connection.cursor(binary=True) as cursor:
        await cursor.execute(NEXT_SEALS, (number, _EXPORT_BATCH))
        return [line_of(_sound(row)) for row in await cursor.fetchall()]


def _sound(row: tuple[object, ...]) -> Seal:
    seal = read_seal(row)
    if seal is None:
        raise JournalDamaged(f"seal {row[0]} was changed: verify the journal")
    return seal
