"""Verify the whole journal in bounded memory: rows, bodies, claims, seals and anchor file against each other.

What cannot be seen: rows cut from the unsealed end, and anything done by whoever holds our keys *and* can
write the anchor file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO

import psycopg
from cryptography import x509
from psycopg import IsolationLevel

from gateway.exchange.anchor import read_lines
from gateway.exchange.errors import JournalUnavailable
from gateway.exchange.findings import Findings, Problem, Report
from gateway.exchange.keys import JournalKeys
from gateway.exchange.statement import Head, as_multirange
from gateway.exchange.stored import SELECTED, Connection, StoredRow, connect, read_numbers
from gateway.exchange.verify_rows import RowCheck
from gateway.exchange.verify_seals import TrustedSeal, by_fingerprint, trusted_seals
from gateway.foundation.database import Database, psycopg_conninfo

_PORTION = 2_000  # rows looked at together

_UNSEALED = f"""
    select {SELECTED} from journal_entry where not seq <@ %s::int8multirange order by seq
"""  # noqa: S608 – our own column names
_OWNERLESS = """
    select entry_id, part from journal_body
    where not exists (select from journal_entry where journal_entry.entry_id = journal_body.entry_id)
"""
_WRONG_CLAIMS = """
    select claim.entry_id, entry.seq from journal_claim claim left join journal_entry entry using (entry_id)
    where (claim.client, claim.service, claim.message_id, claim.request_sha256)
       is distinct from (entry.client, entry.service, entry.message_id, entry.request_sha256)
"""
_NOW = """
    select system_identifier, pg_snapshot_xmax(pg_current_snapshot())::text::bigint from pg_control_system()
"""


async def verify_journal(
    database: Database, keys: JournalKeys, *, anchor_file: Path, certificates: Iterable[x509.Certificate]
) -> Report:
    """Verify one moment's journal and report every change, deletion, insertion, reordering and truncation.

    `certificates` are all we ever sealed with. Raises JournalUnavailable when the database cannot be read.
    """
    try:
        async with await connect(psycopg_conninfo(database.url), "kopuro verify") as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(True)
            return await verify_connection(
                connection, keys, anchor_file=anchor_file, certificates=certificates
            )
    except psycopg.Error as error:
        state = error.sqlstate or type(error).__name__
        raise JournalUnavailable(f"the journal cannot be read (SQLSTATE {state})") from None


async def verify_connection(
    connection: Connection,
    keys: JournalKeys,
    *,
    anchor_file: Path,
    certificates: Iterable[x509.Certificate],
) -> Report:
    """Verify what an open transaction sees; see verify_journal."""
    read_numbers(connection)
    findings = Findings()
    walk = _Walk(RowCheck(connection, keys, findings), findings)
    with _open_anchor(anchor_file) as file:
        # the file's size is taken before the database's moment: what is exported later is not expected there
        lines = read_lines(file, file.seek(0, SEEK_END))
        async for seal in trusted_seals(connection, lines, by_fingerprint(certificates), findings):
            await walk.visit(seal)
        is_anchored = not isinstance(file, BytesIO)
    await walk.finish()
    if findings.seals and not is_anchored:
        findings.add(Problem(part="anchor", what="there are seals, but no anchor file"))
    await _check_unsealed(connection, walk)
    await _check_ownerless(connection, findings)
    await _check_claims(connection, findings)
    return findings.report()


def _open_anchor(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return BytesIO()


class _Walk:
    """The way along the seals: gathers them into portions, and remembers which rows they cover."""

    def __init__(self, rows: RowCheck, findings: Findings) -> None:
        self.rows = rows
        self.last: Head | None = None
        self._findings = findings
        self._covered: list[tuple[int, int]] = []  # rising, apart from each other
        self._waiting: list[TrustedSeal] = []

    @property
    def covered(self) -> str:
        """All sealed rows, as PostgreSQL's multirange."""
        return as_multirange(self._covered)

    async def visit(self, seal: TrustedSeal) -> None:
        """Take the next seal; its rows are checked with the portion it belongs to."""
        self.last = seal.statement.head
        for first, last in self.last.ranges:
            if self._cover(first, last):
                what = "covers a row that an earlier seal covers"
                self._findings.add(Problem(part="seal", what=what, seal=self.last.number, seq=first))
        self._waiting.append(seal)
        if sum(waiting.statement.head.entry_count for waiting in self._waiting) >= _PORTION:
            await self.finish()

    async def finish(self) -> None:
        """Check the rows of the seals that wait."""
        waiting, self._waiting = self._waiting, []
        await self.rows.check_sealed(waiting)

    def _cover(self, first: int, last: int) -> bool:
        """Cover a range, joining it to its neighbours; tells whether some of it was covered before."""
        covered = self._covered
        start = bisect_left(covered, first, key=lambda known: known[1] + 1)
        end = bisect_right(covered, last, lo=start, key=lambda known: known[0] - 1)
        touched = covered[start:end]
        overlaps = any(known[0] <= last and first <= known[1] for known in touched)
        if touched:
            first, last = min(first, touched[0][0]), max(last, touched[-1][1])
        covered[start:end] = [(first, last)]
        return overlaps


async def _check_unsealed(connection: Connection, walk: _Walk) -> None:
    """Check the rows no seal names: their MACs and bodies, and that they stand after the last seal."""
    cluster, end = await (await connection.execute(_NOW)).fetchone() or (0, 0)
    last = walk.last if walk.last and cluster == walk.last.cluster else None
    async with connection.cursor("kopuro_unsealed", binary=True) as cursor:
        await cursor.execute(_UNSEALED, (walk.covered,))
        while selected := await cursor.fetchmany(_PORTION):
            rows = [StoredRow.of(row) for row in selected]
            for row in rows:
                walk.rows.check_unsealed(row, misplaced=last is not None and not _is_next(row, last, end))
            await walk.rows.check_bodies(rows)


def _is_next(row: StoredRow, last: Head, end: int) -> bool:
    """Tell whether the sealer has still to come to the row: after its last, before numbers not yet given."""
    if row.xid is None:
        return False
    return (row.xid, row.seq) > (last.upto_xid, last.upto_seq) and row.seq > last.floor_seq and row.xid < end


async def _check_ownerless(connection: Connection, findings: Findings) -> None:
    async with connection.cursor("kopuro_ownerless", binary=True) as cursor:
        await cursor.execute(_OWNERLESS)
        async for entry_id, part in cursor:
            findings.add(Problem(part="body", what=f"a {part} without an entry", entry_id=entry_id))


async def _check_claims(connection: Connection, findings: Findings) -> None:
    async with connection.cursor("kopuro_claims", binary=True) as cursor:
        await cursor.execute(_WRONG_CLAIMS)
        async for entry_id, seq in cursor:
            what = "the claim does not belong to its entry" if seq else "a claim without an entry"
            findings.add(Problem(part="claim", what=what, seq=seq, entry_id=entry_id))
