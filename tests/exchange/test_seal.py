"""Sealing: every committed row once, whatever the order of commits, and the anchor file after every pass."""

import asyncio
import json
from base64 import b64decode
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from gateway.crypto.certificates import public_key
from gateway.crypto.digest import SIGNATURES
from gateway.crypto.verification import verify_bytes
from gateway.exchange.anchor import AnchorLine, append, last_line, read_line
from gateway.exchange.errors import AnchorConflict
from gateway.exchange.keys import JournalKeys
from gateway.exchange.seal import Sealer
from gateway.exchange.search import Question, find, show
from gateway.exchange.statement import as_multirange, from_multirange, ranges_of, seal_hash
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database, psycopg_conninfo
from tests.exchange.journal import Journal, make_entry
from tests.pki import signer


async def test_a_pass_seals_what_is_committed_and_nothing_twice(journal: Journal) -> None:
    """Each pass seals the rows since the last; a pass without news makes no seal."""
    counts = []
    for start in (0, 10, 20):
        for number in range(start, start + 10):
            await journal.exchange(number)
        counts.append(await journal.sealer.seal_once())
    assert await journal.sealer.seal_once() == 0
    report = await journal.verify()
    assert (report.clean, report.seals, report.unsealed, report.not_exported) == (True, 3, 0, 0)
    assert sum(counts) == report.sealed == 40  # every third exchange has two rows
    assert report.bodies == 60
    found = (await find(journal.database, Question(), limit=1)).found[0]
    shown = await show(journal.database, journal.keys, found.entry.entry_id)
    assert shown is not None
    assert shown.seal == 3


async def test_rows_committed_late_are_sealed_later(journal: Journal) -> None:
    """A row numbered early and committed late is in a later seal; nothing is skipped or sealed twice."""
    await journal.exchange(1)
    await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await journal.writer.write_in(session, make_entry(), request=b"slow")
        for number in range(5):
            await journal.exchange(number)
        # nothing after a running transaction is final
        assert await journal.sealer.seal_once() == 0
    await journal.exchange(6)
    assert await journal.sealer.seal_once() == 10
    report = await journal.verify()
    assert (report.clean, report.sealed, report.unsealed) == (True, 11, 0)


async def test_many_transactions_out_of_order_are_each_sealed_once(journal: Journal) -> None:
    """While transactions overlap at random and two sealers compete, every row ends in exactly one seal."""
    other = Sealer(journal.database, signer("journal"), journal.anchor_file)
    done = asyncio.Event()

    counts: list[int] = []
    begun = asyncio.Event()

    async def seal(sealer: Sealer) -> None:
        while not done.is_set():
            counts.append(await sealer.seal_once())
            if counts[-1]:
                begun.set()
            await asyncio.sleep(0.005)

    async def transact(number: int) -> None:
        await asyncio.sleep(0.003 * (number % 20))
        async with journal.database.transaction() as session:
            await journal.writer.write_in(session, make_entry(), request=b"a")
            await asyncio.sleep(0.02 * (number % 7))
            await journal.writer.write_in(session, make_entry(), request=b"b")

    sealing = [asyncio.ensure_future(seal(sealer)) for sealer in (journal.sealer, other)]
    await asyncio.gather(*(transact(n) for n in range(20)), *(journal.exchange(n) for n in range(30)))
    await begun.wait()
    await asyncio.gather(*(transact(n) for n in range(20, 40)), *(journal.exchange(n) for n in range(30, 60)))
    done.set()
    await asyncio.gather(*sealing)
    sealed = sum(counts) + await journal.sealer.seal_once()
    await other.close()
    report = await journal.verify()
    assert (report.clean, report.unsealed, report.not_exported) == (True, 0, 0)
    assert report.sealed == sealed == 40 * 2 + 60 + 20
    assert report.seals >= 2


async def test_a_backlog_is_sealed_in_bounded_groups(
    database: Database, keys: JournalKeys, journal: Journal
) -> None:
    """A group never exceeds its bound, and one pass works the whole backlog off."""
    small = Sealer(database, signer("journal"), journal.anchor_file, largest_group=7)
    async with database.transaction() as session:
        for _ in range(20):
            await journal.writer.write_in(session, make_entry(), request=b"a")
    assert await small.seal_once() == 20
    async with database.transaction() as session:
        for _ in range(21):
            await journal.writer.write_in(session, make_entry(), request=b"a")
        sizes = text("select max(entry_count) from journal_seal")
        assert (await session.execute(sizes)).scalar_one() == 7
    assert await small.seal_once() == 21
    await small.close()
    report = await journal.verify()
    assert (report.clean, report.sealed, report.unsealed) == (True, 41, 0)


async def test_a_database_restored_elsewhere_goes_on(journal: Journal) -> None:
    """After a move to another cluster, whose numbers mean nothing, each row is still sealed once."""
    for number in range(4):
        await journal.exchange(number)
    await journal.sealer.seal_once()
    await journal.exchange(4)
    async with journal.database.transaction() as session:
        # as a restore would leave it: rows and seals that tell of another cluster's numbers
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(text("update journal_seal set cluster = cluster + 1, upto_xid = 4000000000"))
        await session.execute(text("update journal_entry set xid = 4000000000 + seq"))
    journal.anchor_file.unlink()
    async with journal.database.transaction() as session:
        row = (await session.execute(text("select number from journal_seal"))).all()
        assert len(row) == 1
    await _resign(journal)
    await journal.exchange(5)
    assert await journal.sealer.seal_once() == 2
    await journal.exchange(7)
    assert await journal.sealer.seal_once() == 1
    report = await journal.verify()
    assert (report.clean, report.unsealed, report.seals, report.sealed) == (True, 0, 3, 9)


async def _resign(journal: Journal) -> None:
    """Make the moved seals' signatures and leaves fit again, as the other cluster would have made them."""
    from tests.exchange.attacker import recompute_seals

    async with await psycopg.AsyncConnection.connect(psycopg_conninfo(journal.database.url)) as connection:
        await connection.execute("set session_replication_role = replica")
        await recompute_seals(connection, signer("journal"), first=1)


async def test_the_anchor_file_gets_every_seal(journal: Journal) -> None:
    """A line holds the signed statement whole: it can be checked with the certificate and nothing else."""
    for number in range(3):
        await journal.exchange(number)
        await journal.sealer.seal_once()
    lines = journal.anchor_file.read_text().splitlines()
    previous = "00" * 32
    for number, line in enumerate(lines, start=1):
        tree = json.loads(line)
        statement, signature = b64decode(tree["statement"]), b64decode(tree["signature"])
        said = json.loads(statement)
        key = public_key(signer("journal").certificate)
        verify_bytes(key, SIGNATURES[said["algorithm"]], signature=signature, data=statement)
        assert (tree["number"], said["number"], said["previous_hash"]) == (number, number, previous)
        assert tree["hash"] == seal_hash(statement, signature).hex()
        previous = tree["hash"]
    assert len(lines) == 3


async def test_what_the_file_lacks_is_exported_later(journal: Journal) -> None:
    """Seals whose export failed, or was torn by a crash, are exported by the next pass, and all verifies."""
    for number in range(4):
        await journal.exchange(number)
        await journal.sealer.seal_once()
    whole = journal.anchor_file.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (b"", lines[0], b"".join(lines[:2]) + lines[2][:100]):
        journal.anchor_file.write_bytes(cut)
        before = await journal.verify()
        await journal.sealer.seal_once()
        assert (await journal.verify()).clean
        assert before.clean
        assert before.not_exported == 4 - cut.count(b"\n")
        read = [read_line(line) for line in journal.anchor_file.read_bytes().splitlines(keepends=True)]
        assert [line.number for line in read if line] == [1, 2, 3, 4]


async def test_a_database_that_lost_its_end_is_not_sealed_over(journal: Journal) -> None:
    """When the anchor file knows a seal the database lacks, sealing stops before it covers the loss up."""
    for number in range(4):
        await journal.exchange(number)
        await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(text("delete from journal_seal where number > 2"))
    await journal.exchange(9)
    with pytest.raises(AnchorConflict):
        await journal.sealer.seal_once()
    async with journal.database.transaction() as session:
        assert (await session.execute(text("select max(number) from journal_seal"))).scalar_one() == 2


def test_lines_are_appended_once_and_in_order(tmp_path: Path) -> None:
    """Appending again what stands there changes nothing; a line that does not follow is refused."""
    line = AnchorLine(number=5, statement=b"{}", signature=b"x")
    with pytest.raises(AnchorConflict):
        append(tmp_path / "seals", [line])
    assert last_line(tmp_path / "seals") is None
    assert last_line(tmp_path / "nowhere") is None


async def test_the_sealer_runs_until_it_is_cancelled(journal: Journal) -> None:
    """It seals by itself, survives a lost connection, and ends cleanly."""
    sealer = Sealer(journal.database, signer("journal"), journal.anchor_file, interval_seconds=0.02)
    running = asyncio.create_task(sealer.run())
    for number in range(3):
        await journal.exchange(number)
        await asyncio.sleep(0.1)
        async with journal.database.transaction() as session:
            await session.execute(
                text("""
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where application_name = 'kopuro sealer' and datname = current_database()
                """)
            )
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    report = await journal.verify()
    assert (report.clean, report.unsealed, report.sealed) == (True, 0, 4)


async def test_other_algorithms_seal_as_well(journal: Journal) -> None:
    """A journal sealed with RSA, then RSA-PSS, then P-256 verifies with the three certificates."""
    signers = [signer("journal"), signer("pss", "rsa-pss-sha512"), signer("curve", "ecdsa-sha256")]
    for number, one in enumerate(signers):
        sealer = Sealer(journal.database, one, journal.anchor_file)
        await journal.exchange(number)
        await sealer.seal_once()
        await sealer.close()
    from gateway.exchange.verify import verify_journal

    for known in (3, 2):
        report = await verify_journal(
            journal.database,
            journal.keys,
            anchor_file=journal.anchor_file,
            certificates=[one.certificate for one in signers[:known]],
        )
        assert report.clean == (known == 3)


def test_ranges_are_written_and_read_back() -> None:
    """Numbers become ranges and back; what PostgreSQL would not write is not read."""
    assert ranges_of([1, 2, 3, 7, 9, 10]) == ((1, 3), (7, 7), (9, 10))
    for ranges in ((), ((1, 3), (7, 7))):
        assert from_multirange(as_multirange(ranges)) == ranges
    for garbage in (None, "", "{[1,)}", "{(1,3)}", "{[1,3),x}", "{[1,2)", "drop"):
        assert from_multirange(garbage) is None


async def test_a_journal_without_a_row_needs_no_seal(
    database: Database, keys: JournalKeys, tmp_path: Path
) -> None:
    """An empty journal is not sealed and verifies."""
    writer, sealer = JournalWriter(database, keys), Sealer(database, signer("journal"), tmp_path / "seals")
    await writer.start()
    assert await sealer.seal_once() == 0
    empty = Journal(
        database=database, keys=keys, writer=writer, sealer=sealer, anchor_file=tmp_path / "seals"
    )
    assert (await empty.verify()).clean
    await sealer.close()
    await writer.close()
