"""List exchanges by a query: a page by its cursor, a capped count, the place of one among them."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, Row, Select, func, literal, select, text, tuple_
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.asking.conditions import (
    LAST_WORD,
    States,
    agency_column,
    conditions_of,
    latency_column,
    service_code_column,
    service_version_column,
)
from gateway.exchange.asking.grammar import Query, QueryError, at_moment
from gateway.exchange.entry import from_microseconds, microseconds
from gateway.exchange.model import JournalEntry
from gateway.foundation.clock import utc_now

PAGE, MOST_LISTED, COUNT_CAP = 50, 500, 10_000
PATIENCE_MS = 8_000
_NAMES = (
    "seq", "entry_id", "exchange_id", "kind", "client", "service", "message_id", "user_id", "issue", "request_in_ts",
    "request_out_ts", "response_in_ts", "response_out_ts", "request_size", "response_size", "succeeded", "outcome",
    "fault_code", "signature", "subject", "purpose", "agreement", "attempt",
)  # fmt: skip
_COLUMNS = (
    *(getattr(JournalEntry, name) for name in _NAMES),
    agency_column.label("agency"),
    service_code_column.label("service_code"),
    service_version_column.label("service_version"),
    latency_column.label("latency"),
)
_place = tuple_(JournalEntry.request_in_ts, JournalEntry.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A place in the order of the list: the row it names is not on the next page."""

    at: datetime
    seq: int

    def written(self) -> str:
        """Write it for an address."""
        plain = json.dumps([microseconds(self.at), self.seq]).encode()
        return base64.urlsafe_b64encode(plain).decode().rstrip("=")

    @classmethod
    def read(cls, written: str) -> "Cursor | None":
        """Read it back; None for anything else."""
        try:
            at, seq = json.loads(base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)))
            if type(at) is not int or type(seq) is not int or not 0 <= seq < 2**63:
                return None
            return cls(at=from_microseconds(at), seq=seq)
        except (ValueError, TypeError, OverflowError, binascii.Error):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange by its last word; `subject` is a pseudonym, `latency` None while there is no answer."""

    seq: int
    entry_id: UUID
    exchange_id: UUID
    kind: str
    client: str
    service: str
    message_id: str
    user_id: str
    issue: str
    request_in_ts: datetime
    request_out_ts: datetime | None
    response_in_ts: datetime | None
    response_out_ts: datetime | None
    request_size: int | None
    response_size: int | None
    succeeded: bool | None
    outcome: str
    fault_code: str
    signature: str
    subject: bytes | None
    purpose: str
    agreement: str
    attempt: int
    agency: str
    service_code: str
    service_version: str
    latency: timedelta | None

    @property
    def is_inbound(self) -> bool:
        """Tell whether another agency asked us."""
        return self.kind == "RECEIVED"

    @property
    def status(self) -> str:
        """Give ok, failed or open."""
        return "open" if self.succeeded is None else "ok" if self.succeeded else "failed"

    @property
    def cursor(self) -> Cursor:
        """Give its place in the list."""
        return Cursor(at=self.request_in_ts, seq=self.seq)

    @property
    def milliseconds(self) -> float | None:
        """Give how long the answer took."""
        return None if self.latency is None else self.latency.total_seconds() * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePage:
    """Exchanges, newest first, and the cursor of the next page, None on the last."""

    exchanges: tuple[Exchange, ...]
    following: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are, counted no further than the cap."""

    number: int
    capped: bool


async def list_exchanges(
    session: AsyncSession,
    query: Query,
    *,
    states: States,
    after: Cursor | None = None,
    limit: int = PAGE,
) -> ExchangePage:
    """List a page, newest first, after a cursor; raises QueryError(TOO_SLOW) for what no index helps with."""
    limit = max(1, min(limit, MOST_LISTED))
    asked = _asked(query, states)
    if after is not None:
        asked = asked.where(_place < _at(after))
    rows = await _run(session, _newest_first(asked).limit(limit + 1))
    found = tuple(_exchange(row) for row in rows[:limit])
    return ExchangePage(exchanges=found, following=found[-1].cursor if len(rows) > limit else None)


async def newer_than(
    session: AsyncSession, query: Query, *, states: States, before: Cursor, limit: int = PAGE
) -> tuple[Exchange, ...]:
    """List what has come since a cursor, newest first, at most the newest `limit`."""
    asked = _asked(query, states).where(_place > _at(before))
    return tuple(_exchange(row) for row in await _run(session, _newest_first(asked).limit(limit)))


async def count_exchanges(
    session: AsyncSession, query: Query, *, states: States, cap: int = COUNT_CAP
) -> Count:
    """Count no further than the cap."""
    inner = _narrow(select(literal(1)), query, states).limit(cap + 1).subquery()
    number: int = (await _run(session, select(func.count()).select_from(inner)))[0][0]
    return Count(number=min(number, cap), capped=number > cap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """An exchange's place in a list, from 1, and the exchanges before and after it; None beyond the ends."""

    place: Count
    newer: UUID | None
    older: UUID | None


async def neighbours_of(
    session: AsyncSession, query: Query, found: Exchange, *, states: States
) -> Neighbours:
    """Say where an exchange stands in the list of a query."""
    at = _at(found.cursor)
    above = _narrow(select(literal(1)), query, states).where(_place > at).limit(COUNT_CAP + 1).subquery()
    count: int = (await _run(session, select(func.count()).select_from(above)))[0][0]
    ids = _narrow(select(JournalEntry.exchange_id), query, states)
    rising = (
        ids.where(_place > at).order_by(JournalEntry.request_in_ts.asc(), JournalEntry.seq.asc()).limit(1)
    )
    falling = _newest_first(ids.where(_place < at)).limit(1)
    newer, older = await _run(session, rising), await _run(session, falling)
    return Neighbours(
        place=Count(number=min(count, COUNT_CAP) + 1, capped=count > COUNT_CAP),
        newer=newer[0][0] if newer else None,
        older=older[0][0] if older else None,
    )


async def find_exchange(session: AsyncSession, exchange_id: UUID) -> Exchange | None:
    """Give one exchange by its last word; None if there is none."""
    asked = select(*_COLUMNS).where(JournalEntry.exchange_id == exchange_id, LAST_WORD)
    row = (await session.execute(asked.limit(1))).first()
    return _exchange(row) if row else None


async def rows_of_exchange(session: AsyncSession, exchange_id: UUID) -> tuple[Exchange, ...]:
    """Give every row of an exchange in the order they were written."""
    asked = select(*_COLUMNS).where(JournalEntry.exchange_id == exchange_id).order_by(JournalEntry.seq)
    return tuple(_exchange(row) for row in (await session.execute(asked)).all())


def _asked(query: Query, states: States) -> Select[Any]:
    return _narrow(select(*_COLUMNS), query, states)


def _narrow(asked: Select[Any], query: Query, states: States) -> Select[Any]:
    conditions = conditions_of(at_moment(query, utc_now()), states)
    return asked.select_from(JournalEntry).where(*conditions, LAST_WORD)


def _newest_first(asked: Select[Any]) -> Select[Any]:
    return asked.order_by(JournalEntry.request_in_ts.desc(), JournalEntry.seq.desc())


def _at(cursor: Cursor) -> Any:
    return tuple_(literal(cursor.at, JournalEntry.request_in_ts.type), literal(cursor.seq, BigInteger))


async def _run(session: AsyncSession, asked: Select[Any]) -> Sequence[Row[Any]]:
    """Run a query no longer than its patience."""
    await session.execute(text(f"set local statement_timeout = {PATIENCE_MS}"))
    try:
        rows: Sequence[Row[Any]] = (await session.execute(asked)).all()
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.QueryCanceled):
            raise QueryError("TOO_SLOW") from None
        raise
    return rows


def _exchange(row: Row[Any]) -> Exchange:
    return Exchange(**row._mapping)  # noqa: SLF001 – the row's columns are the fields, by name
