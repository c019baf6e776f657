"""`python -m tests.benchmarks.country --learners N`: what one question costs in a registry of a country's size.

A country is loaded into a private PostgreSQL (or the one named by --database, where it may stand already), then
learners drawn from all of it are asked about. Times are given as multiples of one SELECT by primary key, which
is timed between the questions: milliseconds of a shared machine say little.
"""

import asyncio
import resource
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Annotated
from uuid import UUID

import psutil
import psycopg
import typer
from sqlalchemy import bindparam, select, text, true

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.reader import PreparedSelect
from gateway.foundation.settings import load
from gateway.matching.record import Record
from gateway.migrations.upgrade import upgrade
from gateway.registry.books.loading import load_packaged_books
from gateway.registry.candidates import find_candidates
from gateway.registry.card import person_card
from gateway.registry.learner_state import learner_state_by_pin
from gateway.registry.model import Person
from gateway.registry.reading import person_by_pin
from gateway.registry.search import Search, search_learners
from gateway.registry.timeline.card import card_as_of
from gateway.sandbox.country.load import Watch, load_country
from gateway.sandbox.country.plan import Plan
from gateway.sandbox.country.planting import make_batch
from gateway.sandbox.country.values import Human
from tests.benchmarks.processes import MEGABYTE, family_cpu_of

ASKED, WARM, BATCHES, PAGE = 400, 40, 20, 50
_ONE = PreparedSelect(select(Person.id, Person.isuo_no).where(Person.id == bindparam("person_id")))
_SIZES = """
    select c.relname, pg_relation_size(c.oid), i.indrelid::regclass::text
    from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_stat_user_tables t on t.relid = i.indrelid
    order by pg_relation_size(c.oid) desc limit 14
"""
Ask = Callable[[Database, Human, str], Awaitable[object]]


async def _by_key(database: Database, person: Human, _: str) -> object:
    return await database.read(_ONE, person_id=UUID(person.id))


async def _state(database: Database, person: Human, _: str) -> object:
    return (await learner_state_by_pin(database, _pin(person))).person


async def _by_pin(database: Database, person: Human, _: str) -> object:
    async with database.transaction() as session:
        return await person_by_pin(session, _pin(person))


async def _card(database: Database, _: Human, isuo_no: str) -> object:
    async with database.transaction() as session:
        return await person_card(session, isuo_no, at=utc_now())


async def _past(database: Database, person: Human, _: str) -> object:
    async with database.transaction() as session:
        return await card_as_of(session, UUID(person.id), as_of=date(2026, 9, 1), known_at=utc_now())


async def _searched(database: Database, person: Human, _: str) -> object:
    """Search by surname and given name as the screen does, behind no wall, and show the first page."""
    search = Search(on=date(2026, 9, 1), name=f"{person.surname} {person.given_name}")
    async with database.transaction() as session:
        return await search_learners(session, search, within=true(), after="", limit=PAGE)


async def _names(database: Database, person: Human, _: str) -> object:
    """Look up by names and birth date, as a row typed at a school without a PIN is."""
    record = Record(
        surname=person.surname,
        given_name=person.given_name,
        patronymic=person.patronymic,
        birth_date=person.birth_date,
        organisation=person.places[-1].organisation.code,
    )
    async with database.transaction() as session:
        return await find_candidates(session, record)


QUESTIONS: dict[str, Ask] = {
    "SELECT by primary key (the unit)": _by_key,
    "PIN → learner's state (busiest read)": _state,
    "PIN → entry (session)": _by_pin,
    "card as it stands": _card,
    "card as of a day and an instant": _past,
    "search by name → first page": _searched,
    "names + birth date → candidates": _names,
}


def _pin(person: Human) -> str:
    found = person.current("PIN")
    assert found
    return found.value


def sample(plan: Plan, *, batches: int | None = None) -> list[Human]:
    """Draw learners with a verified PIN from all over the country, or its first so many batches."""
    chance, present = Random(plan.seed), batches or plan.batches
    numbers = chance.sample(range(present), min(BATCHES, present))
    found: list[Human] = []
    for number in numbers:
        people = [p for p in make_batch(plan, number).people if p.role == "LEARNER" and p.source == "ZAGS"]
        able = [p for p in people if (pin := p.current("PIN")) and pin.status == "VERIFIED"]
        found += chance.sample(able, min(len(able), -(-(ASKED + WARM) // len(numbers))))
    chance.shuffle(found)
    return found


async def measure(url: str, people: list[Human]) -> dict[str, list[float]]:
    """Ask every question about every person, the questions in turn; give seconds for each after a warm-up."""
    database = Database(url)
    found: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    try:
        numbers = await _numbers(database, people)
        for index, person in enumerate(people):
            for name, ask in QUESTIONS.items():
                began = time.perf_counter()
                answer = await ask(database, person, numbers[person.id])
                spent = time.perf_counter() - began
                assert answer, name
                if index >= WARM:
                    found[name].append(spent)
    finally:
        await database.close()
    return found


async def _numbers(database: Database, people: list[Human]) -> dict[str, str]:
    async with database.transaction() as session:
        rows = await session.execute(
            text("select id::text, isuo_no from person where id = any(cast(:ids as uuid[]))"),
            {"ids": [person.id for person in people]},
        )
        return {row[0]: row[1] for row in rows}


def table(found: dict[str, list[float]]) -> Iterator[str]:
    """Write p50 and p95 as multiples of the unit's median."""
    unit = statistics.median(next(iter(found.values())))
    yield f"unit: {unit * 1000:.2f} ms"
    yield f"{'question':40}{'p50':>8}{'p95':>8}"
    for name, values in found.items():
        p95 = statistics.quantiles(values, n=20)[-1]
        yield f"{name:40}{statistics.median(values) / unit:8.1f}{p95 / unit:8.1f}"


def sizes(url: str) -> Iterator[str]:
    """Write the size of the database and of its largest indexes."""
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        yield f"database: {row[0] // MEGABYTE if row else 0} MB"
        for name, size, of in connection.execute(_SIZES).fetchall():
            yield f"{of + '.' + name:66}{size // MEGABYTE:8} MB"


async def _load_books(url: str) -> None:
    """A country lives in the territories of the reference book."""
    database = Database(url)
    try:
        await load_packaged_books(database)
    finally:
        await database.close()


@contextmanager
def _database(given: str | None) -> Iterator[tuple[str, int | None]]:
    """Give the address and, where the server is a private one, its process."""
    if given:
        yield given, None
        return
    folder = Path(mkdtemp(prefix="kopuro-"))
    try:
        with embedded_postgres(folder) as url:
            yield url, int((folder / "pg" / "postmaster.pid").read_text().split()[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(
    *,
    learners: Annotated[int, typer.Option(help="How many learners.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Which country.")] = 7,
    database: Annotated[
        str | None, typer.Option(help="A server to use; what stands there is passed over.")
    ] = None,
) -> None:
    """Load a country and print what questions cost in it."""
    plan = Plan(learners=learners, seed=seed)
    with _database(database) as (url, server):
        upgrade(url)
        asyncio.run(_load_books(url))
        before, began = (family_cpu_of(server) if server else 0.0), time.perf_counter()
        own = time.process_time()
        load_country(url, plan, load().fields, watch=Watch())
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        typer.echo(
            f"load of {learners}: {time.perf_counter() - began:.0f} s; CPU {time.process_time() - own:.0f} s client, "
            f"{family_cpu_of(server) - before if server else 0:.0f} s server; client's memory {resident} MB; "
            f"{psutil.cpu_count()} cores"
        )
        for line in (*table(asyncio.run(measure(url, sample(plan)))), *sizes(url)):
            typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
