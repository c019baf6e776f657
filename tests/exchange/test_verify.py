"""Verification: a sealed journal of some hundred entries, and every way to falsify it."""

import asyncio
from collections import Counter
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway.exchange.errors import JournalUnavailable
from gateway.exchange.findings import MOST_PROBLEMS, Report
from gateway.exchange.keys import JournalKeys
from gateway.exchange.verify import verify_connection, verify_journal
from gateway.foundation.database import psycopg_conninfo
from tests.exchange.journal import Journal, make_entry, make_keys
from tests.exchange.mutants import Falsifier, NothingChanged, Row, anchor_mutants
from tests.pki import signer

_EXCHANGES = 210
_SEALS = 7
_ROWS = """
    select seq, entry_id, number, xid, array(select part from journal_body b where b.entry_id = e.entry_id)
    from journal_entry e left join journal_seal s on s.seqs @> e.seq order by seq
"""


@pytest_asyncio.fixture
async def sealed(journal: Journal) -> Journal:
    """Give some hundred entries under seven seals, a few rows after them, and numbers that nobody got."""
    for seal in range(_SEALS):
        numbers = range(seal, _EXCHANGES, _SEALS)
        await asyncio.gather(*(journal.exchange(number) for number in numbers))
        async with journal.database.transaction() as session:
            await session.execute(text("select nextval('journal_seq')"))
        await asyncio.gather(*(journal.exchange(number) for number in numbers[:3]))
        await journal.sealer.seal_once()
    for number in range(1, 7):
        await journal.exchange(number)
    return journal


async def _attacked(connection: Any, journal: Journal, attack: Any) -> Report:
    """Falsify, verify and undo."""
    async with connection.transaction(force_rollback=True):
        await connection.execute("set local session_replication_role = replica")
        await attack(connection)
        ours = [signer("journal").certificate]
        return await verify_connection(
            connection, journal.keys, anchor_file=journal.anchor_file, certificates=ours
        )


async def _falsifier(connection: Any, keys: JournalKeys) -> Falsifier:
    cursor = await connection.execute(_ROWS)
    rows = [
        Row(seq=seq, entry_id=entry_id, seal=number, xid=xid, bodies=tuple(parts))
        for seq, entry_id, number, xid, parts in await cursor.fetchall()
    ]
    used = {row.seq for row in rows}
    gaps = [seq for seq in range(1, max(row.seq for row in rows if row.seal)) if seq not in used]
    return Falsifier(rows, gaps, keys)


async def test_every_mutant_is_found_at_its_place(sealed: Journal) -> None:
    """Of more than 200 falsifications none passes, each is named at its place, and no innocent is named."""
    clean = await sealed.verify()
    assert (clean.clean, clean.seals, clean.not_exported) == (True, _SEALS, 0)
    assert clean.sealed >= 300
    made: Counter[str] = Counter()
    wrong = []
    async with await psycopg.AsyncConnection.connect(psycopg_conninfo(sealed.database.url)) as connection:
        falsifier = await _falsifier(connection, sealed.keys)
        assert len(falsifier.gaps) >= _SEALS
        for mutant in falsifier.mutants():
            try:
                report = await _attacked(connection, sealed, mutant.attack)
            except NothingChanged:
                continue
            made[mutant.kind] += 1
            if missed := mutant.missed(report):
                wrong.append(f"{mutant.kind}: {missed}")
    assert not wrong, "\n".join(wrong)
    assert made.total() >= 400
    assert len(made) >= 60
    assert (await sealed.verify()) == clean


async def test_a_falsified_anchor_file_is_found(sealed: Journal) -> None:
    """Lines that were deleted, swapped, doubled, changed or replaced are named with their seal or place."""
    count = 0
    for what, number in anchor_mutants(sealed.anchor_file):
        report = await sealed.verify()
        assert not report.clean, (what, number)
        assert {problem.part for problem in report.problems} == {"anchor"}, (what, report.problems)
        named = {problem.seal for problem in report.problems}
        assert number in named, (what, number, report.problems)
        assert named <= {None, number, number + 1}, (what, number, report.problems)
        count += 1
    assert count > 40
    assert (await sealed.verify()).clean


async def test_a_missing_anchor_file_is_a_problem(sealed: Journal) -> None:
    """Seals without any anchor file are counted as not exported, and the missing file is named."""
    sealed.anchor_file.unlink()
    report = await sealed.verify()
    assert [problem.part for problem in report.problems] == ["anchor"]
    assert report.not_exported == _SEALS


async def test_the_wrong_keys_and_certificates_prove_nothing(sealed: Journal) -> None:
    """With another MAC key every row is named; without our certificate every seal is."""
    other = await verify_journal(
        sealed.database,
        make_keys(),
        anchor_file=sealed.anchor_file,
        certificates=[signer("journal").certificate],
    )
    assert other.problem_count >= other.sealed + other.unsealed
    unknown = await verify_journal(
        sealed.database, sealed.keys, anchor_file=sealed.anchor_file, certificates=[]
    )
    assert {problem.seal for problem in unknown.problems if problem.part == "seal"} == set(
        range(1, _SEALS + 1)
    )


async def test_a_report_stays_bounded(sealed: Journal) -> None:
    """However much is wrong, a thousand problems are kept and the rest is counted."""
    async with await psycopg.AsyncConnection.connect(psycopg_conninfo(sealed.database.url)) as connection:

        async def attack(connection: Any) -> None:
            await connection.execute("""
                insert into journal_body
                select gen_random_uuid(), 'request', now(), 'k', 'n', 'c' from generate_series(1, 3000)
            """)

        report = await _attacked(connection, sealed, attack)
    assert (report.problem_count, len(report.problems)) == (3000, MOST_PROBLEMS)


async def test_a_journal_that_cannot_be_read_is_no_traceback(sealed: Journal) -> None:
    """When a table is gone, the verifier says so with one sentence."""
    async with sealed.database.transaction() as session:
        await session.execute(text("drop table journal_seal"))
    with pytest.raises(JournalUnavailable, match="42P01"):
        await sealed.verify()


async def test_what_is_not_sealed_yet_is_no_problem(journal: Journal) -> None:
    """Rows after the last seal are counted as unsealed; they verify by their MACs and bodies."""
    await journal.writer.record(make_entry(), request=b"ask", response=b"told")
    report = await journal.verify()
    assert (report.clean, report.sealed, report.unsealed, report.bodies) == (True, 0, 1, 2)
