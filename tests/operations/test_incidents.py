"""Failures with one cause are one incident, which opens once and closes once however many tasks look."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.operations.causes import cause_of
from gateway.operations.incident_feeding import Calm, close_calm, feed_incidents
from gateway.operations.incident_tables import Incident, IncidentExchange
from gateway.operations.incidents import (
    IncidentFilter,
    acknowledge,
    add_note,
    close_incident,
    list_incidents,
    notes_of,
    show_incident,
)
from tests.operations.conftest import ONE, OTHER, ZAGS, Rows

DOWN, REFUSED = "timeout", "Client.BadRequest"
CALM = Calm(quiet=timedelta(minutes=30), settle=timedelta(seconds=0))


async def incidents(database: Database, *, is_open: bool | None = None) -> list[Incident]:
    async with database.transaction() as session:
        found = await list_incidents(session, IncidentFilter(is_open=is_open))
        return [each.incident for each in found]


async def close(database: Database, calm: Calm = CALM) -> int:
    async with database.transaction() as session:
        return await close_calm(session, calm)


async def test_failures_of_one_cause_are_one_incident(database: Database, rows: Rows) -> None:
    """Agency, service, fault and side make the cause; spellings of one code are the same fault."""
    for number in range(5):
        await rows.answered("Server.ClientProxy.NetworkError", after=number)
    await rows.answered("server.clientproxy.network_error", after=9)
    await rows.answered(REFUSED, after=3)
    await rows.answered(DOWN, service=ZAGS.replace("zagsDataByPin", "zagsPinBirthAct"), after=2)
    assert await feed_incidents(database, most=3) == 8
    counted = {each.fault_code: each for each in await incidents(database)}
    assert {code: each.failure_count for code, each in counted.items()} == {
        "server.clientproxy.network_error": 6,
        "client.bad_request": 1,
        "timeout": 1,
    }
    outage = counted["server.clientproxy.network_error"]
    assert outage.agency == "central-server/GOV/70000005/zags-service"
    assert outage.last_at - outage.first_at == timedelta(seconds=9)
    assert outage.closes_on_success
    assert not counted["client.bad_request"].closes_on_success
    assert await feed_incidents(database) == 0


async def test_a_row_committed_late_is_not_lost(database: Database, rows: Rows) -> None:
    """A row of a transaction that was open while later rows were read is taken in when it is committed."""
    late = text("""
        insert into journal_entry (entry_id, exchange_id, kind, client, service, message_id, user_id, issue,
            protocol_version, x_request_id, request_in_ts, outcome, fault_code, fault_string, signer, signature,
            purpose, agreement, attempt, peer_address, mac, succeeded)
        values (gen_random_uuid(), gen_random_uuid(), 'ANSWERED', 'us', :service, 'late', '', '', '', '', now(),
            'AgencyUnavailable', 'timeout', '', '', 'unsigned', '', '', 1, '', '\\x00', false)
    """)
    async with database.transaction() as session:
        await session.execute(late, {"service": ZAGS})
        await rows.answered(DOWN)
        assert await feed_incidents(database) == 0, "nothing is final while an older transaction runs"
    assert await feed_incidents(database) == 2
    assert [each.failure_count for each in await incidents(database)] == [2]


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(codes=st.lists(st.sampled_from([DOWN, REFUSED, ""]), min_size=1, max_size=12), tasks=st.integers(2, 4))
def test_parallel_tasks_open_and_close_each_incident_once(
    database_url: str, codes: list[str], tasks: int
) -> None:
    """Whatever fails in whatever order, parallel readers count each exchange once and close each incident once."""

    async def play() -> None:
        database = Database(database_url)
        try:
            await _parallel(database, codes, tasks)
        finally:
            await database.close()

    asyncio.run(play())


async def _parallel(database: Database, codes: list[str], tasks: int) -> None:
    from gateway.exchange.writer import JournalWriter
    from tests.exchange.journal import make_keys

    async with database.transaction() as session:
        await session.execute(text("truncate incident, incident_exchange, incident_note cascade"))
    writer = JournalWriter(database, make_keys(), group_window_ms=0.5)
    await writer.start()
    rows = Rows(writer=writer, start=utc_now() - timedelta(hours=2))
    for number, code in enumerate(codes):
        await rows.answered(code, after=number)
    await writer.close()
    await asyncio.gather(*(feed_incidents(database, most=2) for _ in range(tasks)))
    failed = [code for code in codes if code]
    found = await incidents(database)
    assert sum(each.failure_count for each in found) == len(failed)
    assert len(found) == len(set(failed))
    closed = await asyncio.gather(*(close(database) for _ in range(tasks)))
    assert sum(closed) == len(found)
    assert await close(database) == 0


async def test_a_success_closes_an_outage_and_no_other_fault(database: Database, rows: Rows) -> None:
    """An answer of the service ends its outage once it has settled; a refused question stays until quiet."""
    await rows.answered(DOWN)
    await rows.answered(REFUSED)
    await rows.answered(after=60)
    await feed_incidents(database)
    assert await close(database, Calm(quiet=timedelta(days=1), settle=timedelta(hours=2))) == 0
    assert await close(database, Calm(quiet=timedelta(days=1), settle=timedelta(seconds=0))) == 1
    reasons = {each.fault_code: each.close_reason for each in await incidents(database)}
    assert reasons == {"timeout": "SUCCESS", "client.bad_request": None}
    assert await close(database) == 1
    assert {each.close_reason for each in await incidents(database)} == {"SUCCESS", "QUIET"}


async def test_a_later_attempt_recovers_its_exchange(database: Database, rows: Rows) -> None:
    """An exchange whose next attempt was answered is counted once and waits for nobody."""
    made = await rows.answered(DOWN)
    await feed_incidents(database)
    await rows.answered(exchange_id=made, after=1, attempt=2)
    await feed_incidents(database)
    async with database.transaction() as session:
        (view,) = await list_incidents(session, IncidentFilter())
        assert (view.incident.failure_count, view.unanswered) == (1, 0)


async def test_failures_before_the_closing_stay_with_the_closed_incident(
    database: Database, rows: Rows
) -> None:
    """Rows that settle after a person closed the incident do not open it again; the next failure does."""
    await rows.answered(DOWN)
    await feed_incidents(database)
    await rows.answered(DOWN, after=5)  # written, not taken in yet
    async with database.transaction() as session:
        (view,) = await list_incidents(session, IncidentFilter())
        await close_incident(session, view.incident.id, actor=ONE, reason="their data centre moved")
    await feed_incidents(database)
    assert [(each.failure_count, each.close_reason) for each in await incidents(database)] == [(2, "PERSON")]
    await rows.answered(DOWN, after=4000)
    await feed_incidents(database)
    assert [each.failure_count for each in await incidents(database, is_open=True)] == [1]


async def test_a_person_acknowledges_notes_and_closes_once(database: Database, rows: Rows) -> None:
    """Each step is kept with its author and traced; the first to acknowledge stays; nobody closes twice."""
    await rows.answered(DOWN)
    await feed_incidents(database)
    (incident,) = await incidents(database)
    async with database.transaction() as session:
        await acknowledge(session, incident.id, actor=ONE)
        await acknowledge(session, incident.id, actor=OTHER)
        await add_note(session, incident.id, actor=OTHER, note="called them")
        with pytest.raises(InputRefused):
            await add_note(session, incident.id, actor=OTHER, note="  ")
        await close_incident(session, incident.id, actor=OTHER, reason="mended")
        with pytest.raises(RegistryError):
            await close_incident(session, incident.id, actor=ONE, reason="mended")
    async with database.transaction() as session:
        view = await show_incident(session, incident.id)
        assert (view.incident.acknowledged_by, view.incident.closed_by) == ("isuo.one", "isuo.other")
        assert [note.act for note in await notes_of(session, incident.id)] == [
            "ACKNOWLEDGED",
            "ACKNOWLEDGED",
            "NOTE",
            "CLOSED",
        ]
        acts = await session.execute(
            text("select act from access_act where object = 'INCIDENT' order by seq")
        )
        assert acts.scalars().all() == [
            "incident.acknowledged",
            "incident.acknowledged",
            "incident.note",
            "incident.closed",
        ]
        assert (await session.execute(select(func.count()).select_from(IncidentExchange))).scalar_one() == 1


async def test_rows_read_again_after_a_restore_change_nothing(database: Database, rows: Rows) -> None:
    """In another cluster transaction numbers mean nothing: the end is read once more, each exchange counts once."""
    for number in range(3):
        await rows.answered(DOWN, after=number)
    await feed_incidents(database)
    async with database.transaction() as session:
        await session.execute(text("update operations_cursor set cluster = 1, xid = 9000000000000"))
    await rows.answered(DOWN, after=9)
    assert await feed_incidents(database) >= 4
    assert [each.failure_count for each in await incidents(database)] == [4]


def test_a_cause_names_whose_side_it_is() -> None:
    """The same catalogue that explains a code to people decides the side, seen from where we stood."""
    ours = cause_of(kind="ANSWERED", client="us", service=ZAGS, fault_code="Client.BadRequest")
    theirs = cause_of(kind="RECEIVED", client="I/GOV/1/s", service="us", fault_code="Client.BadRequest")
    assert (ours.direction, ours.side) == ("OUT", "our_gateway")
    assert (theirs.direction, theirs.side, theirs.agency) == ("IN", "asker", "I/GOV/1/s")
