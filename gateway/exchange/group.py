"""One transaction for a group of rows: claims first, then COPY of whatever won its claim."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, cast
from uuid import UUID

from psycopg import AsyncConnection, sql

from gateway.exchange.errors import JournalUnavailable
from gateway.exchange.model import JournalBody, JournalEntry
from gateway.exchange.row import BODY_COLUMNS, ENTRY_COLUMNS, Claim, Row
from gateway.foundation.database import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The entry is durable."""

    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Nothing was written: `entry_id` claimed the message id before, for the same bytes or for others."""

    entry_id: UUID
    same_bytes: bool


Outcome = Recorded | Replayed
_Key = tuple[str, str, str]

_CLAIM = """
    insert into journal_claim (client, service, message_id, request_sha256, entry_id)
    select * from unnest(%s::text[], %s::text[], %s::text[], %s::bytea[], %s::uuid[])
    on conflict do nothing returning entry_id
"""
_FIRST = """
    select client, service, message_id, request_sha256, entry_id from journal_claim
    join unnest(%s::text[], %s::text[], %s::text[]) as asked (client, service, message_id)
    using (client, service, message_id)
"""
_TYPES = {UUID: "uuid", str: "text", int: "int8", bytes: "bytea", bool: "bool", datetime: "timestamptz"}


def _copy_into(model: type[Base], columns: tuple[str, ...]) -> tuple[bytes, list[str]]:
    """Make a table's COPY statement and the wire types of its columns."""
    table = model.__table__
    types = [_TYPES[table.c[column].type.python_type] for column in columns]
    return _copy_statement(table.description, columns, "binary"), types


@cache
def _copy_statement(table: str, columns: tuple[str, ...], form: Literal["binary", "text"]) -> bytes:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(*table.split("."))
    return sql.SQL("copy {} ({}) from stdin with (format {})").format(target, names, sql.SQL(form)).as_bytes()


_ENTRIES = _copy_into(JournalEntry, ENTRY_COLUMNS)
_BODIES = _copy_into(JournalBody, BODY_COLUMNS)


async def write_group(connection: AsyncConnection[Any], rows: Sequence[Row]) -> list[Outcome]:
    """Write the rows in one transaction and give each one's outcome, in order, once it is committed.

    Raises what psycopg raises; then nothing was written, unless the connection broke during the commit.
    """
    async with connection.transaction():
        replayed = await _claim(connection, [row for row in rows if row.claim])
        won = [row for row in rows if row.entry.entry_id not in replayed]
        if won:
            await _copy(connection, _ENTRIES, (row.values for row in won))
            await _copy(connection, _BODIES, (body for row in won for body in row.bodies))
            await _copy_companions(connection, won)
    return [replayed.get(row.entry.entry_id) or Recorded(entry_id=row.entry.entry_id) for row in rows]


def _key(row: Row) -> _Key:
    claim = cast("Claim", row.claim)
    return claim.client, claim.service, claim.message_id


async def _claim(connection: AsyncConnection[Any], rows: list[Row]) -> dict[UUID, Replayed]:
    """Claim the rows' message ids; gives those that came too late, by their entry id."""
    if not rows:
        return {}
    # one order in every process, so that two groups never wait for each other; sorting is stable
    rows = sorted(rows, key=_key)
    columns = list(zip(*(_key(row) for row in rows), strict=True))
    digests = [cast("Claim", row.claim).request_sha256 for row in rows]
    ids = [row.entry.entry_id for row in rows]
    cursor = await connection.execute(_CLAIM, (*map(list, columns), digests, ids))
    won = {entry_id for (entry_id,) in await cursor.fetchall()}
    late = [row for row in rows if row.entry.entry_id not in won]
    return await _firsts(connection, late) if late else {}


async def _firsts(connection: AsyncConnection[Any], late: list[Row]) -> dict[UUID, Replayed]:
    columns = zip(*(_key(row) for row in late), strict=True)
    cursor = await connection.execute(_FIRST, tuple(map(list, columns)))
    firsts = {tuple(key): (digest, entry_id) for *key, digest, entry_id in await cursor.fetchall()}
    replayed = {}
    for row in late:
        if _key(row) not in firsts:
            raise JournalUnavailable("a claim vanished while it was read")
        digest, entry_id = firsts[_key(row)]
        same = digest == cast("Claim", row.claim).request_sha256
        replayed[row.entry.entry_id] = Replayed(entry_id=entry_id, same_bytes=same)
    return replayed


async def _copy(
    connection: AsyncConnection[Any],
    into: tuple[bytes, list[str] | None],
    values: Iterable[Sequence[Any]],
) -> None:
    statement, types = into
    first = next(iterator := iter(values), None)
    if first is None:
        return
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        if types:
            copy.set_types(types)
        await copy.write_row(first)
        for row in iterator:
            await copy.write_row(row)


async def _copy_companions(connection: AsyncConnection[Any], rows: Sequence[Row]) -> None:
    """Write the companions, table by table in one order; in text form, so that the server converts them."""
    tables: dict[tuple[str, tuple[str, ...]], list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        for companion in row.companions:
            tables[companion.table, companion.columns].append(companion.row)
    for (table, columns), values in sorted(tables.items()):
        await _copy(connection, (_copy_statement(table, columns, "text"), None), values)
