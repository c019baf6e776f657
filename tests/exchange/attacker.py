"""What somebody with the database's password, and perhaps with our keys, can do to the journal."""

from typing import Any

from psycopg import AsyncConnection

from gateway.crypto.keys import Signer
from gateway.exchange.keys import JournalKeys
from gateway.exchange.sealed import ALL_SEALS, insert_seal
from gateway.exchange.statement import GENESIS, Head, from_multirange, make_seal, numbers_in, ranges_of
from gateway.exchange.stored import SELECTED, StoredRow, read_numbers


async def recompute_seals(connection: AsyncConnection[Any], signer: Signer, *, first: int) -> None:
    """Build every seal from `first` on anew, over the rows that are left, chained and signed with the key."""
    read_numbers(connection)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(ALL_SEALS)
        seals = await cursor.fetchall()
        before = [row for row in seals if row[0] < first]
        reached = before[-1][13] if before else GENESIS
        await cursor.execute("delete from journal_seal where number >= %s", (first,))
        for row in seals[len(before) :]:
            seqs = list(numbers_in(from_multirange(row[2]) or ()))
            await cursor.execute(
                f"select {SELECTED} from journal_entry where seq = any(%s) order by seq", (seqs,)
            )
            rows = [StoredRow.of(found) for found in await cursor.fetchall()]
            head = Head(
                number=row[0],
                previous_hash=reached,
                ranges=ranges_of(found.seq for found in rows),
                entry_count=len(rows),
                sealed_at=row[4],
                cluster=row[5],
                floor_seq=row[6],
                upto_xid=row[7],
                upto_seq=row[8],
            )
            seal = make_seal(head, [found.leaf() for found in rows], signer)
            await insert_seal(cursor, seal)
            reached = seal.hash


async def remac(connection: AsyncConnection[Any], keys: JournalKeys, seq: int) -> None:
    """Authenticate a changed row anew, as only the holder of the MAC key can."""
    read_numbers(connection)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(f"select {SELECTED} from journal_entry where seq = %s", (seq,))
        row = StoredRow.of(await cursor.fetchone())
        mac = keys.mac_of(row.canonical())
        await cursor.execute("update journal_entry set mac = %s where seq = %s", (mac, seq))
