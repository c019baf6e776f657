"""Every earlier release can be brought to the present one with its data in it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.migrations.upgrade import configuration, is_current, upgrade
from gateway.registry.books.loading import load_packaged_books
from gateway.registry.learners.journal import Given, Paper, give_order
from gateway.registry.learners.orders import Kind
from gateway.registry.reading import enrolments, person_by_pin
from tests.conftest import _admin, _with_name
from tests.migrations.rows import PIN, PLACE, ROWS

# what a later revision changes on purpose
_CHANGED = {"import_batch": {"sealed_content", "state"}, "organisation": {"book_versions", "version"}}
_GONE = {"promotion_rule"}
_TABLES = """
    select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('public', 'special')
"""
_UNSOUND = "select conrelid::regclass::text, conname from pg_constraint where not convalidated"
Rows = dict[str, list[dict[str, Any]]]


_LAST_RELEASE = "0011"  # nobody stands at a revision between it and the newest


def revisions() -> list[str]:
    """Give every revision that was the newest of a release before this one, the oldest first."""
    scripts = ScriptDirectory.from_config(configuration("postgresql://nowhere/x"))
    found = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    return found[: found.index(_LAST_RELEASE) + 1]


@pytest.fixture(scope="module")
def releases(postgres: str) -> Iterator[dict[str, str]]:
    """A database at every earlier revision, each with a row in every table of its time; their names."""
    walk, made = f"kopuro_walk_{uuid4().hex[:8]}", {}
    url = _with_name(postgres, walk)
    _admin(postgres, f'create database "{walk}"')
    for revision in revisions():
        command.upgrade(configuration(url), revision)
        if revision == "0006":
            asyncio.run(_load_books(url))
        made[revision] = f"{walk}_{revision}"
        _admin(postgres, f'create database "{made[revision]}" template "{walk}" strategy file_copy')
        _fill(_with_name(postgres, made[revision]), revision)
    yield {revision: _with_name(postgres, name) for revision, name in made.items()}
    for name in (walk, *made.values()):
        _admin(postgres, f'drop database "{name}" with (force)')


async def _load_books(url: str) -> None:
    database = Database(url)
    await load_packaged_books(database)
    await database.close()


def _fill(url: str, upto: str) -> None:
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        connection.execute("set constraints all deferred")
        for revision, statements in ROWS.items():
            if revision <= upto:
                for statement in statements:
                    connection.execute(statement)  # type: ignore[call-overload]


def _read(url: str) -> Rows:
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        tables = [row[0] for row in connection.execute(_TABLES).fetchall()]
        return {
            table.removeprefix("public."): [
                row[0]
                for row in connection.execute(f"select to_jsonb(t) from {table} t").fetchall()  # type: ignore[call-overload]
            ]
            for table in tables
            if "alembic_version" not in table
        }


@pytest.mark.parametrize("revision", revisions())
def test_a_release_with_data_is_brought_up(releases: dict[str, str], revision: str) -> None:
    """Each row of each table is there afterwards with what it said, the constraints hold, and work goes on."""
    url = releases[revision]
    before = _read(url)
    empty = {table for table, rows in before.items() if not rows}
    assert empty == set(), "every table of a release has a row in tests/migrations/rows.py"
    upgrade(url)
    assert is_current(url)
    after = _read(url)
    for table, rows in before.items():
        if table in _GONE:
            assert table not in after
            continue
        told = _CHANGED.get(table, set())
        kept = [{name: value for name, value in row.items() if name not in told} for row in rows]
        for row in kept:
            assert any(row.items() <= found.items() for found in _as_told(after[table], row)), (table, row)
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        assert connection.execute(_UNSOUND).fetchall() == []
        if revision >= "0003":
            connection.execute("update enrolment_status_period set order_no = order_no")
    if revision >= "0003":
        asyncio.run(_go_on(url))


def _as_told(found: list[dict[str, Any]], like: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in like if name in row} for row in found]


async def _go_on(url: str) -> None:
    """Find the learner by PIN and graduate him: reading and writing work on what was taken over."""
    database = Database(url)
    try:
        async with database.transaction() as session:
            found = await person_by_pin(session, PIN)
            assert found is not None
            assert found.surname == "АСАНОВ"
            paper = Paper(entered_by="clerk", order_no="1", order_on=date(2027, 6, 1))
            given = Given(kind=Kind.GRADUATE, effective_on=date(2027, 6, 1), paper=paper)
            await give_order(session, UUID(PLACE), given, at=datetime.now(UTC))
        async with database.transaction() as session:
            places = await enrolments(session, found.person_id)
            assert [place.end_on for place in places] == [date(2027, 6, 1), date(2024, 6, 1)]
    finally:
        await database.close()


def test_an_empty_database_is_brought_up_and_again_changes_nothing(postgres: str) -> None:
    """From nothing to the present revision in one go; a second run finds it current."""
    name = f"kopuro_empty_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}"')
    url = _with_name(postgres, name)
    try:
        upgrade(url)
        first = _read(url)
        upgrade(url)
        assert is_current(url)
        assert _read(url) == first
    finally:
        _admin(postgres, f'drop database "{name}" with (force)')
