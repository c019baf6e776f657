"""Lists of exchanges against a real journal: what a query finds, in which order, and by which index."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from gateway.exchange.asking.grammar import QueryError, parse_query
from gateway.exchange.asking.listing import (
    Cursor,
    count_exchanges,
    find_exchange,
    list_exchanges,
    neighbours_of,
    newer_than,
)
from gateway.foundation.clock import utc_now
from gateway.intake.exchange_states import STATES
from tests.browsing import Site
from tests.console.world import PIN, ask, some_traffic


@pytest.mark.requirement("D-8")
async def test_each_query_finds_its_exchanges_and_each_exchange_once(site: Site) -> None:
    """Every field narrows as it says; an exchange of many attempts is one row with its last word."""
    made = await some_traffic(site)
    names = {value: name for name, value in made.items()}
    pseudonym = site.keys.subject_of(PIN).hex()
    for line, expected in {
        "": set(made),
        "status:failed": {"failed", "refused", "wrong"},
        "status:ok": {"ok", "retried", "inbound"},
        "status:open": {"open"},
        "status:failed,open": {"failed", "refused", "wrong", "open"},
        "-status:failed": {"ok", "retried", "inbound", "open"},
        "agency:70000005": {"ok", "failed", "retried", "open", "refused"},
        "agency:GOV/70000021": {"inbound", "wrong"},
        "direction:in": {"inbound", "wrong"},
        "service:getLearnerStatus/v1": {"inbound", "wrong"},
        "-service:zagsDataByPin": {"inbound", "wrong"},
        "latency:>2s": {"retried"},
        "attempts:>1": {"retried"},
        "since:30m": {"ok", "failed", "retried", "open", "inbound"},
        "until:30m": {"refused", "wrong"},
        "code:Server.ServerProxy.*": {"refused"},
        "code:Client.PURPOSE_NOT_AGREED": {"wrong"},
        "purpose:BENEFIT status:ok": {"inbound"},
        "signature:signed": {"inbound", "wrong"},
        f"subject:{pseudonym} status:ok": {"ok", "retried"},
        f"id:{made['ok']}": {"ok"},
        f"id:m-{made['failed'].hex[:8]}": {"failed"},
        "size:>1mb": set(),
    }.items():
        async with site.world.database.transaction() as session:
            page = await list_exchanges(session, parse_query(line), states=STATES)
            counted = await count_exchanges(session, parse_query(line), states=STATES)
        found = [names[each.exchange_id] for each in page.exchanges if each.exchange_id in names]
        assert sorted(found) == sorted(expected), line
        assert counted.number == len(page.exchanges), line


async def test_pages_join_without_gap_or_overlap(site: Site) -> None:
    """Page after page gives each exchange once, newest first, even where instants are equal."""
    for _ in range(7):
        await ask(site, ago=50)
    async with site.world.database.transaction() as session:
        whole = (await list_exchanges(session, parse_query(""), states=STATES)).exchanges
        after, read = None, []
        while True:
            page = await list_exchanges(session, parse_query(""), states=STATES, after=after, limit=2)
            read += page.exchanges
            after = page.following
            if after is None:
                break
            assert Cursor.read(after.written()) == after
    assert [each.seq for each in read] == [each.seq for each in whole]
    assert [each.request_in_ts for each in whole] == sorted(
        (each.request_in_ts for each in whole), reverse=True
    )


async def test_neighbours_and_newcomers_are_those_of_the_list(site: Site) -> None:
    """Number, previous and next of an exchange are its place in the filter; what comes later is found by the cursor."""
    made = await some_traffic(site)
    query = parse_query("status:failed")
    async with site.world.database.transaction() as session:
        found = await find_exchange(session, made["refused"])
        assert found is not None
        beside = await neighbours_of(session, query, found, states=STATES)
        assert (beside.place.number, beside.newer, beside.older) == (2, made["failed"], made["wrong"])
        top = (await list_exchanges(session, parse_query(""), states=STATES)).exchanges[0].cursor
    latest = await ask(site, ago=-5)
    async with site.world.database.transaction() as session:
        newer = await newer_than(session, parse_query(""), states=STATES, before=top)
    assert [each.exchange_id for each in newer] == [latest]


async def test_a_waiting_job_and_a_given_up_one_mark_their_exchanges(site: Site) -> None:
    """status:waiting and status:dead follow the queue's own word on the job behind an exchange."""
    person = site.world.learners["a-pupil"]
    exchange = await ask(site, ok=False)
    async with site.world.database.transaction() as session:
        await session.execute(text("alter table journal_entry disable trigger all"))
        await session.execute(
            text("update journal_entry set issue = :issue where exchange_id = :id"),
            {"issue": f"verify-{person}", "id": exchange},
        )
    for status, asked in (("todo", "waiting"), ("failed", "dead")):
        async with site.world.database.transaction() as session:
            await session.execute(text("delete from procrastinate_jobs"))
            await session.execute(
                text(
                    "insert into procrastinate_jobs (queue_name, task_name, args, status, attempts) values "
                    "('kopuro', 'verify_person', jsonb_build_object('person_id', cast(:person as text)), "
                    "cast(:status as procrastinate_job_status), 2)"
                ),
                {"person": str(person), "status": status},
            )
            for name in ("waiting", "dead"):
                page = await list_exchanges(session, parse_query(f"status:{name}"), states=STATES)
                assert [each.exchange_id for each in page.exchanges] == ([exchange] if name == asked else [])


async def test_a_list_that_takes_too_long_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement is stopped after its patience, and the reader is told to bound the time."""
    monkeypatch.setattr("gateway.exchange.asking.listing.PATIENCE_MS", 1)
    slow = {"review": text("(select pg_sleep(1)) is null")}
    with pytest.raises(QueryError, match="TOO_SLOW"):
        async with site.world.database.transaction() as session:
            await list_exchanges(session, parse_query("status:review"), states=slow)  # type: ignore[arg-type]


def test_a_cursor_is_read_or_refused() -> None:
    """Whatever stands in an address is a cursor of ours or none."""
    cursor = Cursor(at=utc_now() - timedelta(days=1), seq=7)
    assert Cursor.read(cursor.written()) == cursor
    for wrong in ("", "x", "AAAA", "W10", "WzEsMl0x", "é", "WyJhIiwyXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5LDFd"):
        assert Cursor.read(wrong) is None
