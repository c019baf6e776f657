"""Rows and bodies against what they must be: a row's MAC, its leaf under the seal, its bodies' digests."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from gateway.exchange.errors import JournalDamaged
from gateway.exchange.findings import Findings, Problem
from gateway.exchange.keys import JournalKeys
from gateway.exchange.row import PARTS, is_stored
from gateway.exchange.statement import numbers_in
from gateway.exchange.stored import SELECTED, Connection, StoredRow
from gateway.exchange.verify_seals import TrustedSeal

_BODIES_AT_ONCE = 8  # a body may have ten megabytes
_ROWS = f"select {SELECTED} from journal_entry where seq = any(%s)"  # noqa: S608 – our own column names
_BODIES = """
    select entry_id, part, request_in_ts, key_id, nonce, ciphertext from journal_body where entry_id = any(%s)
"""


class RowCheck:
    """Checks rows in portions over one connection."""

    def __init__(self, connection: Connection, keys: JournalKeys, findings: Findings) -> None:
        """Take what every portion needs."""
        self._connection = connection
        self._keys = keys
        self._findings = findings

    async def check_sealed(self, seals: Sequence[TrustedSeal]) -> None:
        """Check every row the seals name: there, unchanged, and under the seal's root."""
        seqs = [seq for seal in seals for seq in numbers_in(seal.statement.head.ranges)]
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(_ROWS, (seqs,))
            rows = {row[0]: StoredRow.of(row) for row in await cursor.fetchall()}
        for seal in seals:
            self._check_seal(seal, rows)
        self._findings.sealed += len(rows)
        await self.check_bodies(rows.values())

    def _check_seal(self, seal: TrustedSeal, rows: dict[int, StoredRow]) -> None:
        number, head = seal.statement.head.number, seal.statement.head
        leaves: list[bytes] = []
        named = False
        for place, seq in enumerate(numbers_in(head.ranges)):
            row = rows.get(seq)
            if row is None:
                self._add("the sealed row is missing", number, seq=seq)
                named = True
                continue
            leaf = row.leaf()
            leaves.append(leaf)
            changed = seal.leaves is not None and seal.leaves[place] != leaf
            named |= self._check_row(row, number, changed=changed)
        if seal.leaves is None and not named and head.root_over(leaves) != seal.statement.root:
            self._add("rows were changed and their MACs made anew: they do not give the seal's root", number)

    def check_unsealed(self, row: StoredRow, *, misplaced: bool) -> None:
        """Check a row no seal names; `misplaced` tells that the sealer will not come to its place."""
        self._findings.unsealed += 1
        if misplaced:
            what = "no seal names this row, nor will any, where it stands: it was inserted or moved"
            self._add(what, seq=row.seq, entry_id=row.entry_id)
        else:
            self._check_row(row, None, changed=False)

    def _check_row(self, row: StoredRow, seal: int | None, *, changed: bool) -> bool:
        """Report the row once if anything is wrong with it; tells whether there was."""
        authentic = isinstance(row.mac, bytes) and hmac.compare_digest(
            row.mac, self._keys.mac_of(row.canonical())
        )
        if authentic and not changed:
            return False
        what = "changed after it was sealed" if changed else "the MAC is not ours"
        self._add(what, seal, seq=row.seq, entry_id=row.entry_id)
        return True

    def _add(
        self, what: str, seal: int | None = None, *, seq: int | None = None, entry_id: UUID | None = None
    ) -> None:
        self._findings.add(Problem(part="entry", what=what, seal=seal, seq=seq, entry_id=entry_id))

    async def check_bodies(self, rows: Iterable[StoredRow]) -> None:
        """Check the bodies of a portion of rows: all there, opening, and with the rows' digests."""
        owners = {row.entry_id: row for row in rows if row.entry_id is not None}
        found: set[tuple[UUID, str]] = set()
        async with self._connection.cursor("kopuro_bodies", binary=True) as cursor:
            cursor.itersize = _BODIES_AT_ONCE
            await cursor.execute(_BODIES, (list(owners),))
            async for entry_id, part, *body in cursor:
                self._findings.bodies += 1
                found.add((entry_id, part))
                if what := self._wrong_with(owners[entry_id], part, body):
                    self._report_body(owners[entry_id], what)
        for row in owners.values():
            self._check_present(row, found)

    def _check_present(self, row: StoredRow, found: set[tuple[UUID, str]]) -> None:
        for part in PARTS:
            needed = row.value(f"{part}_sha256") is not None and is_stored(part, row.value("kind"))
            if needed and (row.entry_id, part) not in found:
                self._report_body(row, f"the {part} is missing")

    def _wrong_with(self, row: StoredRow, part: str, body: list[Any]) -> str | None:
        """Say what is wrong with a body (request_in_ts, key_id, nonce, ciphertext), if anything."""
        if part not in PARTS or row.entry_id is None:
            return "the part is neither request nor response"
        if body[0] != row.value("request_in_ts"):
            return f"the {part}'s request_in_ts is not its entry's"
        try:
            plain = self._keys.reveal((body[1], body[2], body[3]), row.entry_id, part)
        except JournalDamaged as damage:
            return f"the {part} does not open: {damage}"
        if hashlib.sha256(plain).digest() != row.value(f"{part}_sha256"):
            return f"the {part} is not the one the entry names"
        return None

    def _report_body(self, row: StoredRow, what: str) -> None:
        self._findings.add(Problem(part="body", what=what, seq=row.seq, entry_id=row.entry_id))
