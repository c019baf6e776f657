"""Load a country into the registry: one transaction per batch, so that a killed load goes on where it stopped.

A batch is loaded exactly when its first person stands in the registry: nothing else marks how far a load came.
The next batch is made while the database works on the last two; no more than three are in memory.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from gateway.foundation.database import psycopg_conninfo
from gateway.foundation.errors import SettingsError
from gateway.foundation.policy_settings import FieldPolicy
from gateway.registry.timeline.policies import digest_of
from gateway.registry.values import isuo_number
from gateway.sandbox.country.organisations import district, organisations, renamed
from gateway.sandbox.country.plan import TOLD_AT, Plan
from gateway.sandbox.country.planting import make_batch
from gateway.sandbox.country.rows import COLUMNS, Lines, Writer
from gateway.sandbox.country.values import Batch, Organisation, Truth

_LOCK = 0x6B6F7075726F
_HANDS = 2
_RENAME = "update organisation set name_ky = %s, name_ru = %s where id = %s and name_ky <> %s"
_RETRACT = "update assertion set retracted_at = %s, retract_reason = 'FALSE_DEATH' where id = any(%s::uuid[])"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load did: batches now and batches that stood there before."""

    batches: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told of a load: of every truth, and of every batch by the number of learners so far."""

    truth: Callable[[Truth], None] = lambda _: None
    progress: Callable[[int], None] = lambda _: None


def load_country(
    url: str,
    plan: Plan,
    policies: Mapping[str, FieldPolicy],
    *,
    add: bool = False,
    watch: Watch | None = None,
) -> Loaded:
    """Bring the registry to hold the whole country; what is there of it already is passed over.

    Raises SettingsError when the registry holds other people and `add` does not allow that, when another load
    runs, or when numbers of this country meet those of people already there; batches before that one stay.
    """
    told = watch or Watch()
    with psycopg.connect(psycopg_conninfo(url)) as connection, _claimed(connection):
        begun = _begun(connection, plan)
        if not begun and not add:
            _refuse_others(connection)
        try:
            if not begun:
                _begin(connection, plan, policies)
            done = _load_batches(url, connection, plan, Writer(plan, policies), told)
        except psycopg.errors.UniqueViolation:
            raise SettingsError(
                "a number of this country belongs to somebody already there: choose another --seed"
            ) from None
        connection.autocommit = True
        connection.execute("analyze")
    return done


@contextmanager
def _claimed(connection: Connection) -> Iterator[None]:
    """Be the only load; the claim is given back at the end, not when the server notices that we are gone."""
    row = connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    connection.commit()
    if not row or not row[0]:
        raise SettingsError("another load of a synthetic country runs: wait for its end")
    try:
        yield
    finally:
        if not connection.closed:
            connection.rollback()  # what failed is not kept; what stands was committed
            connection.execute("select pg_advisory_unlock(%s)", (_LOCK,))


def _begun(connection: Connection, plan: Plan) -> bool:
    first = organisations(plan)[0].id
    return connection.execute("select 1 from organisation where id = %s", (first,)).fetchone() is not None


def _refuse_others(connection: Connection) -> None:
    if connection.execute("select 1 from person limit 1").fetchone():
        raise SettingsError("the registry holds people already: give --add to put a synthetic country beside")


def _begin(connection: Connection, plan: Plan, policies: Mapping[str, FieldPolicy]) -> None:
    """Store the organisations and the policies all values are projected by."""
    content = json.dumps({name: asdict(policy) for name, policy in policies.items()})
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "insert into field_policy (digest, content, first_used_at) values (%s, %s, %s)"
            " on conflict do nothing",
            (digest_of(policies), content, TOLD_AT),
        )
        with cursor.copy(
            "copy organisation (id, code, inn, soate, name_ky, name_ru, special_profile) from stdin"
        ) as copy:
            for one in organisations(plan):
                copy.write_row(
                    (one.id, one.code, one.inn, one.soate, one.name_ky, one.name_ru, one.special_profile)
                )
    connection.commit()


def _load_batches(url: str, connection: Connection, plan: Plan, writer: Writer, watch: Watch) -> Loaded:
    """Make batch after batch, those that stand there too: their truths are told again."""
    found = _found(connection, plan)
    learners = 0
    renames: list[Organisation] = []
    with _hands(url) as hands:
        for number in range(plan.batches):
            batch = make_batch(plan, number)
            renames += _renames(batch, plan)
            for truth in batch.truths:
                watch.truth(truth)
            learners += plan.learners_of(number)
            if number not in found:
                hands.take(writer.lines(batch), done=partial(watch.progress, learners))
        hands.finish()
    _rename(connection, renames)
    return Loaded(batches=plan.batches - len(found), found=len(found))


class _Hands:
    """A few connections that write batches side by side, while the next batch is made; no more wait in memory."""

    def __init__(self, connections: list[Connection], pool: ThreadPoolExecutor) -> None:
        self._free, self._pool = list(connections), pool
        self._running: deque[tuple[Future[None], Connection, Callable[[], None]]] = deque()

    def take(self, lines: Lines, *, done: Callable[[], None]) -> None:
        """Write a batch as soon as a connection is free; raises what an earlier batch met."""
        if not self._free:
            self._await_first()
        connection = self._free.pop()
        self._running.append((self._pool.submit(_write, connection, lines), connection, done))

    def finish(self) -> None:
        """Wait for all that is being written."""
        while self._running:
            self._await_first()

    def _await_first(self) -> None:
        future, connection, done = self._running.popleft()
        future.result()
        self._free.append(connection)
        done()


@contextmanager
def _hands(url: str) -> Iterator[_Hands]:
    """Open the connections. A batch lost in a crash is lost whole and loaded again: its commit waits for no disk."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(psycopg.connect(psycopg_conninfo(url), options="-c synchronous_commit=off"))
            for _ in range(_HANDS)
        ]
        yield _Hands(connections, stack.enter_context(ThreadPoolExecutor(_HANDS)))


def _found(connection: Connection, plan: Plan) -> set[int]:
    marks = {plan.first_person(number): number for number in range(plan.batches)}
    rows = connection.execute(
        "select id::text from person where id = any(%s::uuid[])", (list(marks),)
    ).fetchall()
    connection.commit()
    return {marks[row[0]] for row in rows}


def _renames(batch: Batch, plan: Plan) -> list[Organisation]:
    wanted = {truth.one for truth in batch.truths if truth.kind == "ORGANISATION_RENAMED"}
    return [one for one in district(plan, batch.number).schools if one.id in wanted]


def _rename(connection: Connection, renames: Iterable[Organisation]) -> None:
    """Rename in a transaction of their own: the former names stay in the versions of the rows."""
    with connection.transaction():
        for one in renames:
            name_ky, name_ru = renamed(one)
            connection.execute(_RENAME, (name_ky, name_ru, one.id, name_ky))
    connection.commit()


def _write(connection: Connection, lines: Lines) -> None:
    """Write one batch in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select registry_xid_base() + pg_current_xact_id()::text::bigint")
        row = cursor.fetchone()
        endings = {
            "person": _permanent_numbers(cursor, len(lines.tables["person"])),
            "registry_event": [str(row[0] if row else 0)] * len(lines.tables["registry_event"]),
        }
        for table, columns in COLUMNS.items():
            _copy(cursor, table, columns, _with(lines.tables[table], endings.get(table)))
        cursor.execute(_RETRACT, (TOLD_AT, lines.retracted))
    connection.commit()


def _permanent_numbers(cursor: psycopg.Cursor[tuple[Any, ...]], count: int) -> list[str]:
    cursor.execute("select nextval('isuo_no_seq') from generate_series(1, %s)", (count,))
    return [isuo_number(row[0]) for row in cursor.fetchall()]


def _with(lines: list[str], endings: list[str] | None) -> list[str]:
    if endings is None:
        return lines
    return [f"{line}\t{ending}" for line, ending in zip(lines, endings, strict=True)]


def _copy(cursor: psycopg.Cursor[tuple[Any, ...]], table: str, columns: str, lines: list[str]) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns.split()))
    )
    with cursor.copy(statement) as copy:
        for begin in range(0, len(lines), 2000):
            copy.write("\n".join(lines[begin : begin + 2000]) + "\n")
