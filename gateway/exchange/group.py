"""A group of rows in one statement, so in one round trip: claims first, then whatever won its claim."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, cast
from uuid import UUID

from psycopg import AsyncConnection, sql

from gateway.exchange.entry import COLUMNS
from gateway.exchange.errors import JournalUnavailable
from gateway.exchange.keys import NONCE_BYTES
from gateway.exchange.model import JournalEntry
from gateway.exchange.row import Claim, Companion, Row


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
_Target = tuple[str, tuple[str, ...]]

_FIRST = """
    select client, service, message_id, request_sha256, entry_id from journal_claim
    join unnest(%s::text[], %s::text[], %s::text[]) as asked (client, service, message_id)
    using (client, service, message_id)
"""
# how a column stands in the canonical JSON, and the way from there to its own type
_IN_JSON = {datetime: "bigint", bytes: "text", UUID: "uuid", str: "text", int: "bigint", bool: "boolean"}
_FROM_JSON = {
    datetime: "timestamptz 'epoch' + {} * interval '1 microsecond'",
    bytes: "decode({}, 'hex')",
}
# every process claims in one order, so that two groups never wait for each other
_WRITE = """
    with given as materialized (
        select row.*, entry.* from jsonb_to_recordset(%s::jsonb)
            as row (claims boolean, mac text, bodies jsonb, companions jsonb, entry jsonb),
            jsonb_to_record(row.entry) as entry ({typed})
    ), claimed as (
        insert into journal_claim (client, service, message_id, request_sha256, entry_id)
        select client, service, message_id, decode(request_sha256, 'hex'), entry_id from given
        where claims order by client, service, message_id
        on conflict do nothing returning entry_id
    ), won as materialized (
        select * from given where not claims or entry_id in (select entry_id from claimed)
    ), entries as (
        insert into journal_entry ({columns}, mac) select {values}, decode(mac, 'hex') from won
    ), bodies as (
        insert into journal_body (entry_id, part, request_in_ts, key_id, nonce, ciphertext)
        select entry_id, part, {request_in_ts}, key_id,
            substring(hidden from place for {nonce}),
            substring(hidden from place + {nonce} for size - {nonce})
        from won, jsonb_to_recordset(bodies) as body (part text, key_id text, place int, size int),
            (select %b::bytea) as all_bodies (hidden)
    ){companions}
    select entry_id from claimed
"""
_COMPANION = """, {name} as (
        insert into {table} ({columns}) select {told}
        from won, jsonb_populate_recordset(null::{table}, companions -> {key}) as told
    )"""


@cache
def _statement(targets: tuple[_Target, ...]) -> bytes:
    """Make the statement for companions that go into these tables."""
    kinds = {name: JournalEntry.__table__.c[name].type.python_type for name in COLUMNS}
    values = {name: _FROM_JSON.get(kind, "{}").format(name) for name, kind in kinds.items()}
    return (
        sql.SQL(cast("Any", _WRITE))
        .format(
            typed=_listed(f"{name} {_IN_JSON[kind]}" for name, kind in kinds.items()),
            columns=_listed(COLUMNS),
            values=_listed(values.values()),
            request_in_ts=_listed([values["request_in_ts"]]),
            nonce=sql.Literal(NONCE_BYTES),
            companions=sql.SQL("").join(map(_companion, range(len(targets)), targets)),
        )
        .as_bytes()
    )


def _listed(parts: Any) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.SQL, parts))


def _companion(number: int, target: _Target) -> sql.Composed:
    table, columns = target
    return sql.SQL(_COMPANION).format(
        name=sql.Identifier(f"companion_{number}"),
        table=sql.Identifier(*table.split(".")),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        told=sql.SQL(", ").join(sql.Identifier("told", column) for column in columns),
        key=sql.Literal(str(number)),
    )


async def write_group(connection: AsyncConnection[Any], rows: Sequence[Row]) -> list[Outcome]:
    """Write the rows in one transaction and give each one's outcome, in order, once it is committed.

    Raises what psycopg raises; then nothing was written, unless the connection broke during the commit.
    """
    targets = tuple(sorted({(told.table, told.columns) for row in rows for told in row.companions}))
    hidden = b"".join(part for row in rows for body in row.bodies for part in body[-2:])
    cursor = await connection.execute(
        _statement(targets), (f"[{','.join(_documents(rows, targets))}]", hidden), prepare=True
    )
    won = {entry_id for (entry_id,) in await cursor.fetchall()}
    late = [row for row in rows if row.claim and row.entry.entry_id not in won]
    replayed = await _firsts(connection, late) if late else {}
    return [replayed.get(row.entry.entry_id) or Recorded(entry_id=row.entry.entry_id) for row in rows]


def _documents(rows: Sequence[Row], targets: tuple[_Target, ...]) -> Iterator[str]:
    """Write each row as JSON around its own canonical form; its bodies are named by their place and size."""
    place = 1
    for row in rows:
        bodies = []
        for _, part, _, key_id, nonce, ciphertext in row.bodies:
            size = len(nonce) + len(ciphertext)
            bodies.append(f'{{"part":"{part}","key_id":"{key_id}","place":{place},"size":{size}}}')
            place += size
        yield (
            f'{{"claims":{"true" if row.claim else "false"},"mac":"{row.values[-1].hex()}",'
            f'"bodies":[{",".join(bodies)}],"companions":{_told(row.companions, targets)},'
            f'"entry":{row.canonical.decode()}}}'
        )


def _told(companions: Sequence[Companion], targets: tuple[_Target, ...]) -> str:
    if not companions:
        return "{}"
    told: dict[int, list[str]] = {}
    for companion in companions:
        number = targets.index((companion.table, companion.columns))
        told.setdefault(number, []).append(_document(companion))
    return "{" + ",".join(f'"{number}":[{",".join(found)}]' for number, found in told.items()) + "}"


def _document(companion: Companion) -> str:
    prefixes = _prefixes(companion.columns)
    members = [prefix + _text(value) for prefix, value in zip(prefixes, companion.row, strict=True)]
    return "{" + ",".join(members) + "}"


@cache
def _prefixes(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{json.dumps(column)}:" for column in columns)


def _text(value: object) -> str:
    """Write a companion's value as JSON its column understands; raises TypeError for one that has none."""
    written = _WRITTEN.get(type(value))
    if written is None:
        raise TypeError("a companion's value has no text form")
    return written(value)


_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: json.encoder.encode_basestring,
    int: str,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    bytes: lambda digest: rf'"\\x{digest.hex()}"',
    date: lambda day: f'"{day.isoformat()}"',
    datetime: lambda instant: f'"{instant.isoformat()}"',
    UUID: lambda found: f'"{found}"',
    list: lambda found: f"[{','.join(map(_text, found))}]",
}


async def _firsts(connection: AsyncConnection[Any], late: list[Row]) -> dict[UUID, Replayed]:
    """Find who claimed the message ids before; gives those that came too late, by their entry id."""
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


def _key(row: Row) -> _Key:
    claim = cast("Claim", row.claim)
    return claim.client, claim.service, claim.message_id
