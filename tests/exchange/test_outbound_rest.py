"""REST calls as they are sent, understood and recorded, against a real local server."""

import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.exchange.outbound import Patience, RecordedCalls
from gateway.exchange.outbound_rest import Fetch, RecordedFetches
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError, KopuroError
from gateway.xroad.client import Client, Limits
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, parse_subsystem
from tests.exchange.journal import make_keys
from tests.running import make_settings, served

PIN = "21503201500001"
PATIENCE = Patience(attempts=3, first_backoff=timedelta(milliseconds=5), deadline=timedelta(seconds=5))
Answer = Callable[[Request], Response]


def a_fetch(**changes) -> Fetch:
    header = Header(
        client=parse_subsystem("central-server/GOV/70000016/isuo-service"),
        service=ServiceId(
            provider=parse_subsystem("central-server/GOV/70000050/sanaripaymak-service"),
            service_code="address-fact",
        ),
        message_id=str(uuid4()),
        protocol_version="1",
        user_id="KG-оператор 17",
        issue="enrol/2026/000123",
    )
    return Fetch(header=header, path=(PIN,), subject=b"s" * 32, **changes)


class Bench:
    """A server that answers as it is told, and a journal."""

    def __init__(self, url: str, database: Database, journal: JournalWriter) -> None:
        self.client = Client(url, Limits(bytes=4096))
        self.database = database
        self.fetches = RecordedFetches(RecordedCalls(self.client, journal, patience=PATIENCE))
        self.answer: Answer = lambda _: Response("{}", media_type="application/json")
        self.seen: list[Request] = []

    async def rows(self):
        async with self.database.transaction() as session:
            return (await session.execute(text("select * from journal_entry order by seq"))).all()


@pytest_asyncio.fixture
async def bench(database: Database, database_url: str, tmp_path) -> AsyncIterator[Bench]:
    made: list[Bench] = []

    async def answer(request: Request) -> Response:
        made[0].seen.append(request)
        return made[0].answer(request)

    journal = JournalWriter(database, make_keys())
    await journal.start()
    app = Starlette(routes=[Route("/{path:path}", answer)])
    async with served(app, make_settings(database_url, tmp_path)) as url:
        made.append(Bench(url, database, journal))
        yield made[0]
        await made[0].client.close()
        await journal.close()


async def test_a_question_is_written_as_xroad_wants_it(bench: Bench) -> None:
    """The six parts stand in the address, the rest behind them, percent-encoded; who asks and why in headers."""
    fetch = a_fetch(query=(("a b", "ө&1"),))
    reply = await bench.fetches.fetch(fetch)
    (seen,) = bench.seen
    assert bytes(seen.scope["raw_path"]).decode() == (
        f"/r1/central-server/GOV/70000050/sanaripaymak-service/address-fact/{PIN}"
    )
    assert dict(seen.query_params) == {"a b": "ө&1"}
    assert seen.headers["x-road-client"] == "central-server/GOV/70000016/isuo-service"
    assert seen.headers["x-road-id"] == fetch.header.message_id
    assert seen.headers["x-road-issue"] == "enrol/2026/000123"
    assert seen.headers["x-road-userid"].isascii()
    sent, answered = await bench.rows()
    assert (sent.kind, answered.kind, answered.outcome) == ("SENT", "ANSWERED", "OK")
    assert {sent.exchange_id, answered.exchange_id} == {reply.exchange_id}
    assert (reply.status, reply.content) == (200, b"{}")


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    return lambda _: Response("nothing", status_code=code, headers=headers)


REFUSALS = {
    "provider trouble": (status(500), AgencyUnavailable, "http_500", 3),
    "provider down": (status(503), AgencyUnavailable, "http_503", 3),
    "too many": (status(429), AgencyUnavailable, "http_429", 3),
    "forbidden": (status(403), AgencyRefused, "http_403", 1),
    "moved": (status(302, {"Location": "/elsewhere"}), AgencyRefused, "http_302", 1),
    "access denied": (
        status(500, {"X-Road-Error": "Server.ServerProxy.AccessDenied"}),
        AgencyRefused,
        "Server.ServerProxy.AccessDenied",
        1,
    ),
    "unknown service": (
        status(500, {"X-Road-Error": "server.serverproxy.unknown_service"}),
        AgencyRefused,
        "server.serverproxy.unknown_service",
        1,
    ),
    "network between": (
        status(500, {"X-Road-Error": "server.serverproxy.service_failed.network_error"}),
        AgencyUnavailable,
        "server.serverproxy.service_failed.network_error",
        3,
    ),
    "another question's": (status(200, {"X-Road-Id": "other"}), ContractError, "inconsistent_response", 1),
    "too large": (lambda _: Response(b"x" * 5000), ContractError, "too_large", 1),
}


async def test_only_what_may_pass_is_asked_again(bench: Bench) -> None:
    """Each refusal has its error, its code and its number of attempts, all in the journal under one message id."""
    for what, (answer, error, code, attempts) in REFUSALS.items():
        bench.answer, before = answer, len(await bench.rows())
        with pytest.raises(KopuroError) as raised:
            await bench.fetches.fetch(a_fetch())
        assert (type(raised.value), raised.value.code) == (error, code), what
        assert raised.value.permanent == (attempts == 1)
        rows = (await bench.rows())[before:]
        assert [row.kind for row in rows] == ["SENT", "ANSWERED"] * attempts, what
        assert {row.fault_code for row in rows[1::2]} == {code}
        assert len({row.message_id for row in rows}) == len({row.exchange_id for row in rows}) == 1


@pytest.mark.parametrize("code", [200, 204, 400, 404, 405])
async def test_an_answer_of_the_providers_own_is_handed_on(bench: Bench, code: int) -> None:
    """What the provider means by its status is the mapping's to know."""
    bench.answer = status(code) if code != 204 else lambda _: Response(status_code=204)
    assert (await bench.fetches.fetch(a_fetch())).status == code


async def test_what_stands_behind_the_address_is_in_no_column_and_no_log(
    bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The PIN is in the encrypted body alone: not in a row, a log line, an error, or the question's own repr."""
    bench.answer = status(503)
    with caplog.at_level(logging.DEBUG), pytest.raises(AgencyUnavailable) as raised:
        await bench.fetches.fetch(a_fetch())
    ours = [one.getMessage() for one in caplog.records if one.name != "uvicorn.access"]
    printed = capfd.readouterr()
    told = " ".join([*ours, printed.out, printed.err])
    assert "agency_call_failed" in told
    assert PIN not in repr(raised.value) + repr(await bench.rows()) + repr(a_fetch()) + told
    async with bench.database.transaction() as session:
        bodies = (await session.execute(text("select * from journal_body"))).all()
    assert bodies
    assert PIN.encode() not in b"".join(
        bytes(value) for row in bodies for value in row if isinstance(value, bytes | memoryview)
    )


async def test_nobody_there_is_unavailable(database: Database) -> None:
    """A closed port is network_error, asked again as often as patience allows."""
    journal = JournalWriter(database, make_keys())
    await journal.start()
    client = Client("http://127.0.0.1:9", Limits())
    try:
        with pytest.raises(AgencyUnavailable) as raised:
            await RecordedFetches(RecordedCalls(client, journal, patience=PATIENCE)).fetch(a_fetch())
    finally:
        await client.close()
        await journal.close()
    assert raised.value.code == "network_error"
