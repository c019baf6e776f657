"""The writer: group commit, replays, neighbours of a bad row, and a database that goes away."""

import asyncio
import hashlib
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

from gateway.exchange.entry import Entry
from gateway.exchange.errors import JournalRejected, JournalUnavailable
from gateway.exchange.keys import JournalKeys
from gateway.exchange.row import Claim, Companion
from gateway.exchange.search import Question, find, show, stored_answer
from gateway.exchange.writer import JournalWriter, Recorded, Replayed
from gateway.foundation.clock import day_of
from gateway.foundation.database import Database
from tests.exchange.journal import PIN, Journal, make_entry


async def _count(database: Database, what: str = "count(*)", table: str = "journal_entry") -> int:
    async with database.transaction() as session:
        return int((await session.execute(text(f"select {what} from {table}"))).scalar_one())


def _claim(entry: Entry, request: bytes) -> Claim:
    return Claim(
        client=entry.client,
        service=entry.service,
        message_id=entry.message_id,
        request_sha256=hashlib.sha256(request).digest(),
    )


async def test_what_arrives_together_is_committed_together(journal: Journal) -> None:
    """Sixty records at once need few transactions, and all of them are there when record returns."""
    entries = [make_entry() for _ in range(60)]
    outcomes = await asyncio.gather(
        *(journal.writer.record(entry, request=b"ask", response=b"told") for entry in entries)
    )
    assert outcomes == [Recorded(entry_id=entry.entry_id) for entry in entries]
    assert await _count(journal.database) == 60
    assert await _count(journal.database, table="journal_body") == 120
    assert await _count(journal.database, "count(distinct xid)") <= 3


async def test_record_returns_only_after_the_commit(journal: Journal) -> None:
    """Every acknowledged entry is visible to another connection at once."""

    async def record_and_look() -> bool:
        entry = make_entry()
        await journal.writer.record(entry, request=b"ask", response=b"told")
        return await show(journal.database, journal.keys, entry.entry_id) is not None

    assert all(await asyncio.gather(*(record_and_look() for _ in range(40))))


async def test_an_entry_comes_back_as_it_went_in(journal: Journal) -> None:
    """Every field of an entry survives the database, and the writer fills sizes and digests."""
    entry = make_entry(fault_string="Көпүрө ң\t\\ \"'", subject=journal.keys.subject_of(PIN), attempt=3)
    await journal.writer.record(entry, request=b"ask", response=b"told you")
    shown = await show(journal.database, journal.keys, entry.entry_id, bodies=True)
    assert shown is not None
    assert shown.entry == replace(
        entry,
        request_size=3,
        response_size=8,
        request_sha256=hashlib.sha256(b"ask").digest(),
        response_sha256=hashlib.sha256(b"told you").digest(),
    )
    assert (shown.request, shown.response, shown.seal) == (b"ask", b"told you", None)


async def test_a_hundred_equal_requests_leave_one_row(journal: Journal) -> None:
    """Of 100 parallel copies one is recorded; the others learn its id and that the bytes are the same."""
    first = make_entry()
    copies = [replace(first, entry_id=uuid4(), exchange_id=uuid4()) for _ in range(100)]
    outcomes = await asyncio.gather(
        *(
            journal.writer.record(copy, request=b"ask", response=b"told", claim=_claim(copy, b"ask"))
            for copy in copies
        )
    )
    recorded = [outcome for outcome in outcomes if isinstance(outcome, Recorded)]
    replayed = [outcome for outcome in outcomes if isinstance(outcome, Replayed)]
    assert len(recorded) == 1
    assert replayed == [Replayed(entry_id=recorded[0].entry_id, same_bytes=True)] * 99
    assert await _count(journal.database) == 1
    assert await _count(journal.database, table="journal_body") == 2
    assert await stored_answer(journal.database, journal.keys, recorded[0].entry_id) == b"told"


async def test_two_writers_agree_on_who_was_first(journal: Journal) -> None:
    """Claims of several processes exclude each other: one row for each message id, whoever wrote it."""
    second = JournalWriter(journal.database, journal.keys)
    await second.start()
    pairs = [(entry, replace(entry, entry_id=uuid4())) for entry in (make_entry() for _ in range(80))]
    outcomes = await asyncio.gather(
        *(
            writer.record(entry, request=b"ask", response=b"told", claim=_claim(entry, b"ask"))
            for pair in pairs
            for writer, entry in zip((journal.writer, second), pair, strict=True)
        )
    )
    await second.close()
    for one, other in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert {type(one), type(other)} == {Recorded, Replayed}
        assert one.entry_id == other.entry_id
    assert await _count(journal.database) == 80


async def test_the_same_id_with_other_bytes_is_told_apart(journal: Journal) -> None:
    """A message id used again for other bytes is Replayed with same_bytes False, and leaves nothing."""
    entry = make_entry()
    await journal.writer.record(entry, request=b"ask", response=b"told", claim=_claim(entry, b"ask"))
    again = replace(entry, entry_id=uuid4())
    outcome = await journal.writer.record(
        again, request=b"ask more", response=b"told", claim=_claim(again, b"ask more")
    )
    assert outcome == Replayed(entry_id=entry.entry_id, same_bytes=False)
    assert await _count(journal.database) == 1


async def test_a_companion_shares_the_transaction(journal: Journal) -> None:
    """A companion's row is there if the entry is, and is not written for a replay."""
    async with journal.database.transaction() as session:
        await session.execute(text("create table told (entry_id uuid, fields text[], told_on date)"))

    def companion(entry: Entry) -> Companion:
        row = (entry.entry_id, ["surname", "класс"], day_of(entry.request_in_ts))
        return Companion(table="told", columns=("entry_id", "fields", "told_on"), row=row)

    entry = make_entry()
    for copy in (entry, replace(entry, entry_id=uuid4())):
        await journal.writer.record(
            copy, request=b"a", response=b"b", claim=_claim(copy, b"a"), companions=[companion(copy)]
        )
    async with journal.database.transaction() as session:
        rows = (await session.execute(text("select entry_id, fields from told"))).all()
    assert [tuple(row) for row in rows] == [(entry.entry_id, ["surname", "класс"])]


async def test_a_bad_row_does_not_fail_its_neighbours(journal: Journal) -> None:
    """A record the database refuses fails alone, without its text in the error; the others are kept."""
    taken = make_entry()
    await journal.writer.record(taken)
    good = [make_entry() for _ in range(10)]
    bad = make_entry(entry_id=taken.entry_id)
    wrong = [
        Companion(table="no_such_table", columns=("a",), row=(PIN,)),
        Companion(table="journal_claim", columns=("client",), row=("\ud800" + PIN,)),
        Companion(table="journal_claim", columns=("client",), row=(object(),)),
        Companion(table="journal_claim", columns=("client",), row=("a", PIN)),
    ]
    results = await asyncio.gather(
        *(journal.writer.record(entry) for entry in good[:5]),
        journal.writer.record(bad),
        *(journal.writer.record(make_entry(), companions=[companion]) for companion in wrong),
        journal.writer.record(make_entry(attempt=2**80)),
        *(journal.writer.record(entry) for entry in good[5:]),
        return_exceptions=True,
    )
    refused = [result for result in results if isinstance(result, BaseException)]
    assert [type(error) for error in refused] == [JournalRejected] * 6
    assert all(PIN not in str(error) for error in refused)
    assert await _count(journal.database) == 11


async def test_texts_no_database_takes_are_made_storable(journal: Journal) -> None:
    """NULs, lone surrogates and endless texts are tidied, and the tidied row verifies."""
    entry = make_entry(message_id="a\0b", issue="\ud800x", user_id="u" * 9_000, fault_string="тест" * 100)
    claim = Claim(client=entry.client, service=entry.service, message_id="a\0b", request_sha256=b"x" * 32)
    with pytest.raises(ValueError, match="not the entry's own"):
        await journal.writer.record(entry, request=b"ask", claim=claim)
    claim = _claim(entry, b"ask")
    assert await journal.writer.record(entry, request=b"ask", claim=claim) == Recorded(
        entry_id=entry.entry_id
    )
    shown = await show(journal.database, journal.keys, entry.entry_id)
    assert shown is not None
    assert shown.entry.message_id == "a\ufffdb"
    assert shown.entry.issue == "\ufffdx"
    assert len(shown.entry.user_id) == len(shown.entry.fault_string) == 255
    again = replace(entry, entry_id=uuid4())
    assert await journal.writer.record(again, request=b"ask", claim=claim) == Replayed(
        entry_id=entry.entry_id, same_bytes=True
    )
    assert (await journal.verify()).clean


async def test_a_digest_needs_its_body(journal: Journal) -> None:
    """An entry cannot name a body that is not given, or the journal could never be verified."""
    with pytest.raises(ValueError, match="not given"):
        await journal.writer.record(make_entry(request_sha256=b"x" * 32))


async def test_a_broken_connection_fails_the_group_and_heals(journal: Journal) -> None:
    """When the connection breaks, nobody is told of success; the next group connects anew."""
    await journal.writer.record(make_entry())
    async with journal.database.transaction() as session:
        await session.execute(
            text("""
                select pg_terminate_backend(pid) from pg_stat_activity
                where application_name = 'kopuro journal' and datname = current_database()
            """)
        )
    entries = [make_entry() for _ in range(20)]
    results = await asyncio.gather(
        *(journal.writer.record(entry) for entry in entries), return_exceptions=True
    )
    assert all(isinstance(result, JournalUnavailable) and not result.permanent for result in results)
    assert await _count(journal.database) == 1
    assert await journal.writer.record(entries[0]) == Recorded(entry_id=entries[0].entry_id)


async def test_a_database_that_hangs_is_not_waited_for(database: Database, keys: JournalKeys) -> None:
    """A group that cannot commit within the deadline fails as unavailable, and nothing of it is stored."""
    writer = JournalWriter(database, keys, deadline_seconds=0.5)
    await writer.start()
    async with database.transaction() as session:
        await session.execute(text("lock table journal_entry in share mode"))
        with pytest.raises(JournalUnavailable):
            await writer.record(make_entry())
    await writer.record(make_entry())
    await writer.close()
    assert await _count(database) == 1


async def test_close_writes_what_waits_and_then_refuses(journal: Journal) -> None:
    """Closing flushes; a record after that is unavailable, never silently lost."""
    waiting = [asyncio.ensure_future(journal.writer.record(make_entry())) for _ in range(70)]
    await asyncio.sleep(0)
    await journal.writer.close()
    assert all(isinstance(outcome, Recorded) for outcome in await asyncio.gather(*waiting))
    assert await _count(journal.database) == 70
    with pytest.raises(JournalUnavailable):
        await journal.writer.record(make_entry())


async def test_a_writer_that_is_stopped_leaves_nobody_waiting(journal: Journal) -> None:
    """When the writer's task is cancelled, whoever waits is told that nothing is sure."""
    waiting = [asyncio.ensure_future(journal.writer.record(make_entry())) for _ in range(130)]
    await asyncio.sleep(0.001)
    assert journal.writer._work is not None
    journal.writer._work.cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {JournalUnavailable, Recorded}
    assert isinstance(outcomes[-1], JournalUnavailable)
    with pytest.raises(JournalUnavailable):
        await journal.writer.record(make_entry())
    journal.writer._work = None


async def test_a_waiter_that_leaves_harms_nobody(journal: Journal) -> None:
    """A cancelled record does not disturb the others of its group."""
    leaving = asyncio.ensure_future(journal.writer.record(make_entry()))
    staying = asyncio.ensure_future(journal.writer.record(make_entry()))
    await asyncio.sleep(0)
    leaving.cancel()
    assert isinstance(await staying, Recorded)
    assert isinstance(await journal.writer.record(make_entry()), Recorded)


async def test_an_entry_in_a_business_transaction_shares_its_fate(journal: Journal) -> None:
    """write_in leaves nothing behind a rollback, and after a commit it is an entry like any other."""
    entry = make_entry()

    async def change_my_mind() -> None:
        async with journal.database.transaction() as session:
            claim = _claim(entry, b"ask")
            await journal.writer.write_in(session, entry, request=b"ask", response=b"told", claim=claim)
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert await _count(journal.database) == 0
    async with journal.database.transaction() as session:
        outcome = await journal.writer.write_in(
            session, entry, request=b"ask", response=b"told", claim=_claim(entry, b"ask")
        )
        assert outcome == Recorded(entry_id=entry.entry_id)
    async with journal.database.transaction() as session:
        again = replace(entry, entry_id=uuid4())
        outcome = await journal.writer.write_in(session, again, request=b"no", claim=_claim(again, b"no"))
        assert outcome == Replayed(entry_id=entry.entry_id, same_bytes=False)
    report = await journal.verify()
    assert (report.clean, report.unsealed, report.bodies) == (True, 1, 2)


async def test_the_journal_is_found_by_what_is_asked(journal: Journal) -> None:
    """Each condition finds its entries, newest first, and pages follow each other without gap or double."""
    for number in range(12):
        await journal.exchange(number)
    everything: list[int] = []
    before = None
    while True:
        page = await find(journal.database, Question(), limit=5, before=before)
        everything += [found.seq for found in page.found]
        before = page.before
        if before is None:
            break
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == len(set(everything)) == 16

    async def count(question: Question) -> int:
        return len((await find(journal.database, question)).found)

    some = (await find(journal.database, Question(message_id="out-3"))).found
    assert [found.entry.kind for found in some] == ["ANSWERED", "SENT"]
    assert await count(Question(exchange_id=some[0].entry.exchange_id)) == 2
    assert await count(Question(subject=journal.keys.subject_of(PIN))) == 16
    assert await count(Question(subject=journal.keys.subject_of("10101200000001"))) == 0
    assert await count(Question(client="KG/GOV/1/other")) == 0
    assert await count(Question(succeeded=True)) == 12
    since = some[0].entry.request_in_ts
    assert await count(Question(since=since)) + await count(Question(until=since)) == 16
