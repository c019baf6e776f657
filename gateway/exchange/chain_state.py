"""The state of the journal's chain at a glance: new seals are checked as they come, the whole by `journal verify`."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import psycopg

from gateway.exchange.anchor import last_line
from gateway.exchange.entry import from_microseconds
from gateway.exchange.errors import AnchorConflict
from gateway.exchange.sealed import HASH_OF_SEAL, LAST_SEAL, NEXT_SEALS, Cursor, read_seal
from gateway.exchange.statement import Seal
from gateway.exchange.stored import read_numbers
from gateway.foundation.database import Database, psycopg_conninfo

BEHIND_AFTER = timedelta(seconds=30)
_LOOK_BACK, _MOST = 500, 2_000
_COUNTED = 10_000
_UNSEALED = """
    select count(*), min(request_in_ts) from (
        select request_in_ts from journal_entry where (xid, seq) > (%s, %s) limit %s
    ) waiting
"""


class Chain(StrEnum):
    """What is to be said about the chain."""

    EMPTY = "empty"
    GOOD = "good"
    BEHIND = "behind"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainState:
    """The chain's state, its last seal, and how many rows wait for the next one (at most 10,000 are counted)."""

    state: Chain
    seal: int = 0
    sealed_at: datetime | None = None
    waiting: int = 0
    broken_at: int | None = None


class ChainWatch:
    """Checks each seal once: its own hash, that it follows the one before, and that the anchor file agrees."""

    def __init__(self, database: Database, anchor_file: Path) -> None:
        """Prepare; nothing is connected yet."""
        self._conninfo = psycopg_conninfo(database.url)
        self._anchor_file = anchor_file
        self._checked: tuple[int, bytes] | None = None
        self._broken_at: int | None = None

    async def look(self, *, at: datetime) -> ChainState:
        """Check what is new; raises psycopg.Error where the database does not answer."""
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo, application_name="kopuro watch", connect_timeout=5
        )
        read_numbers(connection)
        async with connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(LAST_SEAL)
            row = await cursor.fetchone()
            if row is None:
                return await self._waiting(cursor, None, at)
            await self._check_new(cursor, row[0])
            await self._check_anchor(cursor)
            return await self._waiting(cursor, read_seal(row), at)

    async def _check_new(self, cursor: Cursor, newest: int) -> None:
        """Walk from the seal checked last to the newest, in bounded steps; the first walk begins near the end."""
        begin = self._checked[0] if self._checked else max(0, newest - _LOOK_BACK)
        await cursor.execute(NEXT_SEALS, (begin, _MOST))
        for row in await cursor.fetchall():
            seal = read_seal(row)
            if seal is None or not self._follows(seal):
                self._broken_at = self._broken_at or row[0]
            self._checked = (row[0], bytes(row[13] or b""))

    def _follows(self, seal: Seal) -> bool:
        if self._checked is None:
            return True
        number, reached = self._checked
        return seal.number == number + 1 and seal.statement.head.previous_hash == reached

    async def _check_anchor(self, cursor: Cursor) -> None:
        """Compare the anchor file's end with the database: it must not know a seal the database has lost."""
        try:
            last = await asyncio.to_thread(last_line, self._anchor_file)
        except (AnchorConflict, OSError):
            self._broken_at = self._broken_at or 0
            return
        if last is None:
            return
        await cursor.execute(HASH_OF_SEAL, (last.number,))
        if (await cursor.fetchone()) != (last.hash,):
            self._broken_at = last.number

    async def _waiting(self, cursor: Cursor, last: Seal | None, at: datetime) -> ChainState:
        head = last.statement.head if last else None
        place = (head.upto_xid, head.upto_seq) if head else (0, 0)
        await cursor.execute(_UNSEALED, (*place, _COUNTED))
        waiting, oldest = await cursor.fetchone() or (0, None)
        return ChainState(
            state=self._state(waiting, oldest, at, is_empty=head is None),
            seal=head.number if head else 0,
            sealed_at=from_microseconds(head.sealed_at) if head else None,
            waiting=waiting,
            broken_at=self._broken_at,
        )

    def _state(self, waiting: int, oldest: int | None, at: datetime, *, is_empty: bool) -> Chain:
        if self._broken_at is not None:
            return Chain.BROKEN
        if waiting and oldest is not None and at - from_microseconds(oldest) > BEHIND_AFTER:
            return Chain.BEHIND
        return Chain.EMPTY if is_empty else Chain.GOOD
