"""Seals as rows of the database: written once, read with suspicion."""

from typing import Any, TypeAlias

import psycopg

from gateway.exchange.entry import from_microseconds
from gateway.exchange.statement import (
    DIGEST_BYTES,
    Head,
    Seal,
    Statement,
    as_multirange,
    from_multirange,
)

Cursor: TypeAlias = "psycopg.AsyncCursor[Any]"

_READ = """
    select number, previous_hash, seqs::text, entry_count, sealed_at, cluster, floor_seq, upto_xid, upto_seq,
           root, algorithm, certificate, signature, seal_hash, leaves
    from journal_seal
"""
LAST_SEAL = f"{_READ} order by number desc limit 1"
ALL_SEALS = f"{_READ} order by number"
NEXT_SEALS = f"{_READ} where number > %s order by number limit %s"
HASH_OF_SEAL = "select seal_hash from journal_seal where number = %s"
_INSERT = """
    insert into journal_seal (
        number, previous_hash, seqs, entry_count, sealed_at, cluster, floor_seq, upto_xid, upto_seq,
        root, algorithm, certificate, signature, seal_hash, leaves
    ) values (%s, %s, %s::int8multirange, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


async def insert_seal(cursor: Cursor, seal: Seal) -> None:
    """Write a seal."""
    head, statement = seal.statement.head, seal.statement
    await cursor.execute(
        _INSERT,
        (
            head.number,
            head.previous_hash,
            as_multirange(head.ranges),
            head.entry_count,
            from_microseconds(head.sealed_at),
            head.cluster,
            head.floor_seq,
            head.upto_xid,
            head.upto_seq,
            statement.root,
            statement.algorithm,
            statement.certificate,
            seal.signature,
            seal.hash,
            b"".join(seal.leaves),
        ),
    )


def read_seal(row: tuple[Any, ...]) -> Seal | None:
    """Read what one of the statements above gave through a binary cursor.

    None when the row cannot be what `insert_seal` wrote: NULLs, wrong lengths, counts that disagree, or a
    hash that is not that of the row.
    """
    ranges = from_multirange(row[2])
    if ranges is None or None in row:
        return None
    statement = Statement(
        head=Head(
            number=row[0],
            previous_hash=row[1],
            ranges=ranges,
            entry_count=row[3],
            sealed_at=row[4],
            cluster=row[5],
            floor_seq=row[6],
            upto_xid=row[7],
            upto_seq=row[8],
        ),
        root=row[9],
        algorithm=row[10],
        certificate=row[11],
    )
    leaves = tuple(row[14][at : at + DIGEST_BYTES] for at in range(0, len(row[14]), DIGEST_BYTES))
    seal = Seal(statement=statement, signature=row[12], leaves=leaves)
    return seal if statement.is_sound() and seal.hash == row[13] else None
