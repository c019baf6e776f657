"""`python -m tests.benchmarks.lookup [--entries N]…`: what one record against N entries costs in PostgreSQL.

The registry's own tables are filled by COPY with what the look-up reads, then records (some registered and damaged,
some nobody's) go the online path: look up the candidates, decide. Beside it, in the same run and by turns, one
indexed look-up by PIN, the unit of all figures. CPU is told for this process and for PostgreSQL's.
"""

import asyncio
import resource
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import psycopg
import typer
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.reader import PreparedSelect
from gateway.intake.candidacy import decide_online
from gateway.intake.person_rows import record_of
from gateway.matching.decision import Match
from gateway.matching.model import MODEL
from gateway.matching.record import Record
from gateway.migrations.upgrade import upgrade
from gateway.registry.model import PersonIdentifier
from tests.benchmarks.processes import family_cpu_of
from tests.benchmarks.registry_rows import fill
from tests.matching.generator import Files, generate

ROUNDS, A_ROUND, WARM = 10, 100, 200
BUFFERS = "2GB"
_BY_PIN = PreparedSelect(
    select(PersonIdentifier.person_id).where(
        PersonIdentifier.scheme == "PIN", PersonIdentifier.value == bindparam("pin")
    )
)


@dataclass(slots=True, kw_only=True)
class Cost:
    """What one kind of question took: seconds on the clock for each, CPU seconds of client and server in all."""

    seconds: list[float] = field(default_factory=list)
    client: float = 0.0
    server: float = 0.0

    def line(self, name: str, unit: float) -> str:
        """Write the cost of one question: milliseconds, and multiples of the unit's median."""
        count = len(self.seconds)
        p50, p95 = statistics.median(self.seconds), statistics.quantiles(self.seconds, n=20)[-1]
        numbers = (p50, p95, self.client / count, self.server / count)
        return f"{name:34}" + "".join(f"{each * 1000:9.3f}" for each in numbers) + f"{p50 / unit:9.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run at one size found."""

    entries: int
    unit: Cost
    decided: Cost
    links: int
    right: int

    def lines(self) -> Iterator[str]:
        """Write the table of this size."""
        unit = statistics.median(self.unit.seconds)
        yield f"{self.entries} entries{'':20}   p50 ms   p95 ms   client   server   × unit"
        yield self.unit.line("one indexed look-up by PIN", unit)
        yield self.decided.line("one record: candidates, decision", unit)
        yield f"{self.links} of {len(self.decided.seconds)} records linked, {self.right} of them rightly"


Ask = Callable[[Record], Awaitable[object]]


class Bench:
    """Asks by turns, and keeps an account of each kind of question."""

    def __init__(self, database: Database, server: int) -> None:
        self._database = database
        self._server = server
        self.unit, self.decided = Cost(), Cost()

    async def run(self, records: Sequence[Record]) -> list[str]:
        """Ask about every record once after a warm-up; give whom each was linked to ('' for nobody)."""
        for record in records[:WARM]:
            await self._one(record)
        decisions: list[str] = []
        for begin in range(WARM, len(records), A_ROUND):
            group = records[begin : begin + A_ROUND]
            await self._account(self.unit, self._by_pin, group)
            async with self._database.transaction() as session:
                answers = await self._account(self.decided, _online(session), group)
            decisions += [str(each.person_id) if isinstance(each, Match) else "" for each in answers]
        return decisions

    async def _one(self, record: Record) -> None:
        await self._by_pin(record)
        async with self._database.transaction() as session:
            await _online(session)(record)

    async def _by_pin(self, record: Record) -> object:
        return await self._database.read(_BY_PIN, pin=record.pin or "none")

    async def _account(self, cost: Cost, ask: Ask, group: Sequence[Record]) -> list[Any]:
        server, client = family_cpu_of(self._server), time.process_time()
        answers = []
        for record in group:
            began = time.perf_counter()
            answers.append(await ask(record))
            cost.seconds.append(time.perf_counter() - began)
        cost.client += time.process_time() - client
        cost.server += family_cpu_of(self._server) - server
        return answers


def _online(session: AsyncSession) -> Ask:
    async def ask(record: Record) -> object:
        return await decide_online(session, record, model=MODEL)

    return ask


async def measure(url: str, server: int, files: Files, ids: dict[str, str]) -> Found:
    """Ask about all incoming rows of the files in the registry at hand."""
    database = Database(url)
    bench = Bench(database, server)
    try:
        decisions = await bench.run([record_of(row) for row in files.incoming])
    finally:
        await database.close()
    truths = [ids.get(row["truth_id"], "nobody") for row in files.truth[WARM:]]
    linked = [(one, truth) for one, truth in zip(decisions, truths, strict=True) if one]
    return Found(
        entries=len(files.registry),
        unit=bench.unit,
        decided=bench.decided,
        links=len(linked),
        right=sum(one == truth for one, truth in linked),
    )


@contextmanager
def private_postgres() -> Iterator[tuple[str, int]]:
    """Give a migrated private server, as large in memory as one for a country, and the number of its process."""
    folder = Path(mkdtemp(prefix="kopuro-"))
    try:
        with (
            embedded_postgres(folder) as url,
            psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection,
        ):
            connection.execute(f"alter system set shared_buffers = '{BUFFERS}'")
        with embedded_postgres(
            folder
        ) as url:  # the last one out has stopped it: now it starts with the buffers
            upgrade(url)
            yield url, int((folder / "pg" / "postmaster.pid").read_text().split()[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(entries: int, *, seed: int) -> Found:
    """Fill a registry of about so many entries and ask about records."""
    with private_postgres() as (url, server):
        files = generate(seed, registry=entries, incoming=WARM + ROUNDS * A_ROUND)
        with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
            ids = fill(connection, files.registry)
        return asyncio.run(measure(url, server, files, ids))


def main(
    *,
    entries: Annotated[list[int] | None, typer.Option(help="Entries; may be given again.")] = None,
    seed: Annotated[int, typer.Option(help="Which people.")] = 61,
) -> None:
    """Measure the online path at each size and how much it grows from the first to the last."""
    found = []
    for size in entries or [100_000]:
        found.append(run(size, seed=seed))
        for line in found[-1].lines():
            typer.echo(line)
    first, last = (statistics.median(each.decided.seconds) for each in (found[0], found[-1]))
    if len(found) > 1:
        typer.echo(f"p50 grows {last / first:.2f} times")
    typer.echo(f"memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    typer.run(main)
