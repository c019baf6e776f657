"""How long lists, searches and counts take as the journal grows: rows are seeded by COPY, times are the server's.

    .venv/bin/python -m tests.benchmarks.journal [ROWS ...] [--database URL]     (`1000000 20000000` for the real thing)

Each size is measured on its own database, of a private PostgreSQL or of the server named; the table says the median
of five runs, planning included.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import psycopg
import typer
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.asking.grammar import parse_query
from gateway.exchange.asking.listing import (
    Cursor,
    count_exchanges,
    find_exchange,
    list_exchanges,
    neighbours_of,
)
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.embedded import embedded_postgres
from gateway.intake.exchange_states import STATES
from gateway.migrations.upgrade import upgrade

Ask = Callable[[AsyncSession], Awaitable[object]]
RUNS = 5
AGENCIES = [f"7000{number:04d}" for number in range(40)]
SERVICES = [f"service{number}" for number in range(12)]
COLUMNS = [
    "entry_id",
    "exchange_id",
    "kind",
    "client",
    "service",
    "message_id",
    "user_id",
    "issue",
    "protocol_version",
    "x_request_id",
    "request_in_ts",
    "request_out_ts",
    "response_in_ts",
    "response_out_ts",
    "request_size",
    "response_size",
    "succeeded",
    "outcome",
    "fault_code",
    "fault_string",
    "signer",
    "signature",
    "subject",
    "purpose",
    "agreement",
    "attempt",
    "peer_address",
    "mac",
]
_PLAIN_INDEXES = """
    select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
    where indrelid = 'journal_entry'::regclass and not indisunique
"""
US = "KG/GOV/70000025/isuo-gateway"


def _row(number: int, began: datetime, chance: random.Random) -> tuple[object, ...]:
    """Make a row: 60 % we were asked, 40 % we asked; 2 % failed, 1 % slow."""
    at = began + timedelta(milliseconds=number * 90)
    inbound, failed, slow = chance.random() < 0.6, chance.random() < 0.02, chance.random() < 0.01
    number_id = UUID(int=number + 1)
    agency, service = AGENCIES[int(40 * chance.random() ** 3)], chance.choice(SERVICES)
    done = at + timedelta(
        milliseconds=2_000 + 4_000 * chance.random() if slow else 20 + 180 * chance.random()
    )
    there = f"KG/GOV/{agency}/system"
    return (
        number_id, number_id, "RECEIVED" if inbound else "ANSWERED", there if inbound else US,
        f"{US}/getLearnerStatus/v1" if inbound else f"{there}/{service}/v1", f"m-{number}", "clerk", "", "4.0", "", at,
        None if inbound else at, None if inbound else done, done, 2000, 1500, not failed, "OK",
        "server.clientproxy.network_error" if failed else "", "", "", "unsigned",
        chance.randrange(1_400_000).to_bytes(32, "big"), "", "", 1, "", bytes(32),
    )  # fmt: skip


def seed(url: str, count: int) -> float:
    """Fill a database and give the seconds it took."""
    chance, began = random.Random(7), datetime.now(UTC) - timedelta(milliseconds=count * 90)
    started = time.monotonic()
    with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
        indexes = connection.execute(_PLAIN_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"drop index {name}")
        copy = f"copy journal_entry ({', '.join(COLUMNS)}) from stdin"
        with connection.cursor().copy(copy) as out:
            for number in range(count):
                out.write_row(_row(number, began, chance))
        for _, definition in indexes:  # built whole: the same indexes, without hours of single insertions
            connection.execute(definition)
        connection.execute("vacuum analyze journal_entry")
    return time.monotonic() - started


async def measure(url: str, count: int) -> dict[str, float]:
    """Ask everything the pages ask; milliseconds, planning and execution, as the server tells."""
    database = Database(url, pool_size=2)
    deep = Cursor(at=datetime.now(UTC) - timedelta(milliseconds=count * 45), seq=count // 2)
    middle = UUID(int=count // 2)
    subject = (700_000).to_bytes(32, "big").hex()
    lines = {
        "first page": "",
        "failed": "status:failed",
        "a great agency": "agency:70000000",
        "a small agency": "agency:70000039",
        "agency and failed": "agency:70000039 status:failed",
        "a service": "service:service3",
        "slow ones": "latency:>4s",
        "of a person": f"subject:{subject}",
        "by exchange id": f"id:{middle}",
        "by message id": f"id:m-{count // 3}",
        "of an hour": "since:2h until:1h",
        "nothing found": "agency:00000000",
    }
    found: dict[str, float] = {}
    for name, line in lines.items():
        found[name] = await _server_ms(
            database, partial(list_exchanges, query=parse_query(line), states=STATES)
        )
    everything, failed = parse_query(""), parse_query("status:failed")
    found["page in the middle"] = await _server_ms(
        database, partial(list_exchanges, query=everything, states=STATES, after=deep)
    )
    found["count, capped"] = await _server_ms(
        database, partial(count_exchanges, query=everything, states=STATES)
    )
    found["count of failed"] = await _server_ms(
        database, partial(count_exchanges, query=failed, states=STATES)
    )

    async def beside(session: AsyncSession) -> None:
        one = await find_exchange(session, middle)
        assert one is not None
        await neighbours_of(session, parse_query(""), one, states=STATES)

    found["one, with neighbours"] = await _server_ms(database, beside)
    await database.close()
    return found


async def _server_ms(database: Database, ask: Ask) -> float:
    """Ask once to learn the statements, then let the server explain and time them: median of the runs."""
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if statement.lstrip().lower().startswith("select"):
            asked.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.transaction() as session:
        await ask(session)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    with psycopg.connect(psycopg_conninfo(database.url)) as connection:
        times = [sum(_explained(connection, *each) for each in asked) for _ in range(RUNS)]
    return statistics.median(times)


def _explained(connection: "psycopg.Connection[Any]", statement: str, parameters: Any) -> float:
    found = connection.execute(f"explain (analyze, timing off, format json) {statement}", parameters)  # type: ignore[arg-type]
    plan = (found.fetchone() or ({},))[0][0]
    return float(plan["Planning Time"]) + float(plan["Execution Time"])


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(
    rows: Annotated[list[int] | None, typer.Argument(help="How many entries, size by size.")] = None,
    *,
    database: Annotated[str | None, typer.Option(help="A server to use instead of a private one.")] = None,
) -> None:
    """Measure each size and print the table."""
    sizes = rows or [1_000_000]
    told: dict[int, dict[str, float]] = {}
    with _server(database) as url:
        for count in sizes:
            told[count] = _measured(url, count)
    say("ms on the server".ljust(24) + "".join(f"{count:>14,}" for count in sizes))
    for name in told[sizes[0]]:
        say(name.ljust(24) + "".join(f"{told[count][name]:14.1f}" for count in sizes))


@contextmanager
def _server(given: str | None) -> Iterator[str]:
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="kj-") as folder, embedded_postgres(Path(folder)) as url:
        yield url


def _measured(url: str, count: int) -> dict[str, float]:
    """Fill a database of its own, tell its size, ask, and drop it."""
    name = f"journal_{count}"
    own = make_url(url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
        connection.execute(f"create database {name}")
        upgrade(own)
        seconds = seed(own, count)
        with psycopg.connect(psycopg_conninfo(own)) as inside:
            size = inside.execute(
                "select pg_relation_size('journal_entry'), pg_indexes_size('journal_entry')"
            ).fetchone()
        assert size is not None
        say(f"{count} rows in {seconds:.0f} s; table {size[0] >> 20} MB, indexes {size[1] >> 20} MB")
        found = asyncio.run(measure(own, count))
        connection.execute(f"drop database {name} with (force)")
    return found


if __name__ == "__main__":
    typer.run(main)
