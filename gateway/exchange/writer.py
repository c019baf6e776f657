"""The journal's writer: what arrives within milliseconds is committed together and acknowledged then."""

import asyncio
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or_nothing
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.entry import Entry
from gateway.exchange.errors import JournalRejected, JournalUnavailable
from gateway.exchange.group import Outcome, Recorded, Replayed, write_group
from gateway.exchange.keys import JournalKeys
from gateway.exchange.model import JournalBody, JournalClaim, JournalEntry
from gateway.exchange.row import BODY_COLUMNS, ENTRY_COLUMNS, Claim, Companion, Row, prepare
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.logging import get_logger

GROUP_SIZE = 64
DEADLINE_SECONDS = 20.0

_log = get_logger(__name__)
_Connection: TypeAlias = "psycopg.AsyncConnection[Any]"
_Pending: TypeAlias = "tuple[Row, asyncio.Future[Outcome]]"

# the database's word, or the driver's: a value that no column of the type can hold
_REFUSALS = (psycopg.Error, ValueError, TypeError, ArithmeticError, struct.error)

# a session that does not wait for the disk would acknowledge what a power cut takes back
_DURABLE = """
    select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') in ('off', 'local')
"""


class JournalWriter:
    """Records exchanges over a connection of its own; one per process, between `start` and `close`."""

    def __init__(
        self,
        database: Database,
        keys: JournalKeys,
        *,
        group_window_ms: float = 2.0,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """Prepare; nothing is connected yet. A group waits `group_window_ms` for company, at most 64 rows."""
        self._conninfo = psycopg_conninfo(database.url)
        self._keys = keys
        self._window = group_window_ms / 1000
        self._deadline = deadline_seconds
        self._pending: list[_Pending] = []
        self._wake = asyncio.Event()
        self._connection: _Connection | None = None
        self._work: asyncio.Task[None] | None = None
        self._open = False

    @property
    def is_open(self) -> bool:
        """Tell whether records are taken: it was started, is not closed, and its work has not ended."""
        return self._open and self._work is not None and not self._work.done()

    async def start(self) -> None:
        """Connect and begin; raises JournalUnavailable when the database does not answer."""
        try:
            self._connection = await self._connect()
        except (psycopg.Error, TimeoutError):
            raise JournalUnavailable("the journal's database does not answer") from None
        self._open = True
        self._work = asyncio.create_task(self._run(), name="journal writer")

    async def close(self) -> None:
        """Write what waits, then disconnect; later records raise JournalUnavailable."""
        self._open = False
        self._wake.set()
        if self._work is not None:
            await self._work
            self._work = None
        await self._disconnect()

    async def record(
        self,
        entry: Entry,
        *,
        request: bytes | None = None,
        response: bytes | None = None,
        claim: Claim | None = None,
        companions: Sequence[Companion] = (),
    ) -> Outcome:
        """Record an exchange with its bodies and give Recorded once it is committed.

        With a claim that somebody made before, nothing is written and Replayed names the first entry. Raises
        JournalUnavailable (try later) or JournalRejected (never); then no answer may leave.
        """
        row = prepare(entry, self._keys, (request, response), claim, companions)
        if not self._open:
            raise JournalUnavailable("the journal is not open")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._pending.append((row, future))
        if len(self._pending) == 1:
            loop.call_later(self._window, self._wake.set)
        elif len(self._pending) >= GROUP_SIZE:
            self._wake.set()
        return await future

    async def write_in(
        self,
        session: AsyncSession,
        entry: Entry,
        *,
        request: bytes | None = None,
        response: bytes | None = None,
        claim: Claim | None = None,
    ) -> Outcome:
        """Write an entry in the caller's own transaction, for effects that must not exist without it.

        On Replayed nothing was written: the caller rolls its effect back and answers what was stored.
        """
        row = prepare(entry, self._keys, (request, response), claim)
        if row.claim and (replayed := await _claim_in(session, row.claim, row)):
            return replayed
        await session.execute(insert(JournalEntry), dict(zip(ENTRY_COLUMNS, row.values, strict=True)))
        if row.bodies:
            bodies = [dict(zip(BODY_COLUMNS, body, strict=True)) for body in row.bodies]
            await session.execute(insert(JournalBody), bodies)
        return Recorded(entry_id=row.entry.entry_id)

    async def _run(self) -> None:
        try:
            while self._open or self._pending:
                await self._wake.wait()
                self._wake.clear()
                group, self._pending = self._pending[:GROUP_SIZE], self._pending[GROUP_SIZE:]
                if self._pending or not self._open:
                    self._wake.set()  # who is left has waited long enough
                if group:
                    await self._write(group)
        finally:
            self._open = False
            _settle(self._pending, JournalUnavailable("the journal's writer ended"))

    async def _write(self, group: list[_Pending]) -> None:
        """Write a group; one row the database refuses does not take its neighbours with it."""
        try:
            _settle(group, *await self._commit([row for row, _ in group]))
        except JournalUnavailable as error:
            _log.warning("journal_unavailable", count=len(group), reason=str(error))
            _settle(group, error)
        except _REFUSALS as error:
            if len(group) > 1:
                for one in group:
                    await self._write([one])
            else:
                _settle(group, _as_refusal(error))
        finally:
            # whatever ends the writer, nobody waits for ever and nobody is told of success
            _settle(group, JournalUnavailable("the journal's writer ended"))

    async def _commit(self, rows: Sequence[Row]) -> list[Outcome]:
        """Commit a group; raises JournalUnavailable when nobody answers, else what refused it."""
        try:
            async with asyncio.timeout(self._deadline):
                if self._connection is None:
                    self._connection = await self._connect()
                return await write_group(self._connection, rows)
        except (psycopg.Error, OSError) as error:  # TimeoutError is an OSError
            if isinstance(error, psycopg.Error) and self._connection and not self._connection.closed:
                raise
            await self._disconnect()
            name = type(error).__name__
            raise JournalUnavailable(f"the journal's database does not answer ({name})") from None

    async def _connect(self) -> _Connection:
        connection: _Connection = await psycopg.AsyncConnection.connect(
            self._conninfo, autocommit=True, application_name="kopuro journal", connect_timeout=5
        )
        await connection.execute(_DURABLE)
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()


def _settle(group: Sequence[_Pending], *results: Outcome | Exception) -> None:
    """Tell each waiter its own result, or all of them the one; who was told or has left is passed over."""
    each = results * len(group) if len(results) == 1 else results
    for (_, future), result in zip(group, each, strict=True):
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def _as_refusal(error: Exception) -> JournalRejected | JournalUnavailable:
    """Sort what refused one row; its own text is dropped, because it quotes the row."""
    state = getattr(error, "sqlstate", None) or type(error).__name__
    is_trouble = isinstance(error, psycopg.OperationalError)
    if is_trouble and not isinstance(error, psycopg.errors.ProgramLimitExceeded):
        return JournalUnavailable(f"the journal's database is in trouble (SQLSTATE {state})")
    return JournalRejected(f"the database refuses the record (SQLSTATE {state})")


async def _claim_in(session: AsyncSession, claim: Claim, row: Row) -> Replayed | None:
    key = {"client": claim.client, "service": claim.service, "message_id": claim.message_id}
    entry_id = row.entry.entry_id
    made = insert_or_nothing(JournalClaim).values(
        **key, request_sha256=claim.request_sha256, entry_id=entry_id
    )
    won = await session.execute(made.on_conflict_do_nothing().returning(JournalClaim.entry_id))
    if won.first():
        return None
    first = (await session.execute(select(JournalClaim).filter_by(**key))).scalar_one_or_none()
    if first is None:
        raise JournalUnavailable("a claim vanished while it was read")
    return Replayed(entry_id=first.entry_id, same_bytes=first.request_sha256 == claim.request_sha256)
