"""Ways to falsify a sealed journal, each with the places a verification must name."""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from gateway.exchange.findings import Problem, Report
from gateway.exchange.keys import JournalKeys
from gateway.exchange.model import JournalBody, JournalClaim, JournalEntry, JournalSeal
from tests.exchange.attacker import recompute_seals, remac
from tests.pki import signer

Attack = Callable[[AsyncConnection[Any]], Awaitable[None]]

STRANGER = uuid4()

# what a falsifier may write into a column, as SQL over the old value
FALSE = {
    str: ["{0} || 'x'", "''", "null"],
    int: ["{0} + 1", "null", "-9223372036854775808"],
    bool: ["not {0}", "null"],
    bytes: ["set_byte({0}, 0, get_byte({0}, 0) # 1)", "substr({0}, 2)", "''::bytea", "null"],
    UUID: [f"'{STRANGER}'", "null"],
}
INSTANT = ["{0} + interval '1 microsecond'", "'infinity'", "'-infinity'", "'4713-01-01 BC'", "null"]
WORDS = {
    "kind": ["case when {0} = 'SENT' then 'RECEIVED' else 'SENT' end", "'OTHER'", "null"],
    "signature": ["'refused'", "'OTHER'", "null"],
    "part": ["'other'"],
    "seqs": ["{0} + '{{[90000,90001)}}'", "'{{}}'", "'{{(,)}}'", "null"],
}
RELAX = """
    alter table journal_entry drop constraint ck_journal_entry_kind;
    alter table journal_entry drop constraint ck_journal_entry_signature;
    alter table journal_body drop constraint ck_journal_body_part;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a problem must name; None where it need not."""

    part: str
    seal: int | None = None
    seq: int | None = None
    entry_id: UUID | None = None

    def is_named_by(self, problem: Problem) -> bool:
        """Tell whether the problem is this place."""
        return problem.part == self.part and all(
            wanted in (None, getattr(problem, name))
            for name, wanted in (("seal", self.seal), ("seq", self.seq), ("entry_id", self.entry_id))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One falsification; `touched` are the seals, rows and entry ids that may be named at all."""

    kind: str
    attack: Attack
    places: tuple[Place, ...]
    seals: frozenset[int] = field(default_factory=frozenset)
    seqs: frozenset[int] = field(default_factory=frozenset)
    ids: frozenset[UUID | None] = field(default_factory=frozenset)

    def missed(self, report: Report) -> str | None:
        """Say what the report does not tell, or tells of the innocent; None if it is right."""
        for place in self.places:
            if not any(place.is_named_by(problem) for problem in report.problems):
                return f"{place} is not named in {[str(problem) for problem in report.problems]}"
        for problem in report.problems:
            if problem.seq is not None and problem.seq not in self.seqs:
                return f"innocent row: {problem}"
            if problem.seal is not None and problem.seal not in self.seals:
                return f"innocent seal: {problem}"
            if problem.entry_id is not None and problem.seq is None and problem.entry_id not in self.ids:
                return f"innocent entry: {problem}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the journal under attack."""

    seq: int
    entry_id: UUID
    seal: int | None
    xid: int
    bodies: tuple[str, ...]


class NothingChanged(Exception):
    """The row had the false value already: this is no mutant."""


def sql(*statements: str) -> Attack:
    """Attack by SQL."""

    async def attack(connection: AsyncConnection[Any]) -> None:
        for statement in statements:
            cursor = await connection.execute(statement)
        if cursor.rowcount == 0:
            raise NothingChanged

    return attack


def _edit(table: str, column: str, change: str, where: str) -> str:
    false = change.format(column)
    return f"update {table} set {column} = {false} where {where} and ({column}) is distinct from ({false})"


class Falsifier:
    """Makes the mutants of one journal."""

    def __init__(self, rows: list[Row], gaps: list[int], keys: JournalKeys) -> None:
        self.random = random.Random(7)
        self.rows = rows
        self.gaps = gaps
        self.keys = keys
        self.sealed = [row for row in rows if row.seal]
        self.unsealed = [row for row in rows if not row.seal]
        self.last = max(row.seal or 0 for row in rows)

    def mutants(self) -> Iterator[Mutant]:
        """Give all of them."""
        for making in (
            self._entries_edited,
            self._bodies_edited,
            self._claims_edited,
            self._seals_edited,
            self._deleted,
            self._swapped,
            self._inserted,
            self._cut_off,
            self._recomputed_with_foreign_key,
            self._recomputed_with_our_keys,
        ):
            yield from making()

    def _some(self, count: int, *, of: list[Row] | None = None) -> list[Row]:
        return self.random.sample(of or self.sealed, count)

    def _mutant(self, kind: str, attack: Attack, rows: list[Row], *places: Place, **more: Any) -> Mutant:
        seals = frozenset(row.seal for row in rows if row.seal) | more.get("seals", frozenset())
        return Mutant(
            kind=kind,
            attack=attack,
            places=places,
            seals=seals,
            seqs=frozenset(row.seq for row in rows) | more.get("seqs", frozenset()),
            ids=frozenset(row.entry_id for row in rows) | {STRANGER},
        )

    def _entries_edited(self) -> Iterator[Mutant]:
        for column in JournalEntry.__table__.c:
            for change in _changes(column):
                hosts = self._some(1)
                if column.name not in {"seq", "xid"} or "null" in change:
                    hosts += self._some(1, of=self.unsealed)
                for row in hosts:
                    if change == "null" and column.name == "seq":
                        continue  # no primary key holds a NULL
                    attack = sql(
                        RELAX,
                        f"alter table journal_entry alter {column.name} drop not null"
                        if not column.primary_key
                        else "select 1",
                        _edit("journal_entry", column.name, change, f"seq = {row.seq}")
                        if column.name != "seq"
                        else f"update journal_entry set seq = {self.gaps[0]} where seq = {row.seq}",
                    )
                    place = Place(part="entry", seal=row.seal, seq=row.seq)
                    moved = frozenset({self.gaps[0]}) if column.name == "seq" else frozenset()
                    yield self._mutant(f"edit entry.{column.name}", attack, [row], place, seqs=moved)

    def _bodies_edited(self) -> Iterator[Mutant]:
        for row in self._some(4) + self._some(2, of=self.unsealed):
            part = row.bodies[0]
            where = f"entry_id = '{row.entry_id}' and part = '{part}'"
            named = Place(part="body", seq=row.seq, entry_id=row.entry_id)
            for column in JournalBody.__table__.c:
                for change in _changes(column):
                    if column.primary_key and change == "null":
                        continue
                    relaxed = "" if column.primary_key else f"alter {column.name} drop not null"
                    attack = sql(
                        RELAX,
                        f"alter table journal_body {relaxed}" if relaxed else "select 1",
                        _edit("journal_body", column.name, change, where),
                    )
                    yield self._mutant(f"edit body.{column.name}", attack, [row], named)
            yield self._mutant("delete body", sql(f"delete from journal_body where {where}"), [row], named)
            yield self._mutant("write body anew", self._rewritten(row, part), [row], named)
        for one, other in (self._some(2) for _ in range(4)):
            attack = sql(f"""
                update journal_body to_ set nonce = from_.nonce, ciphertext = from_.ciphertext
                from journal_body from_
                where (to_.entry_id, from_.entry_id) in
                      (('{one.entry_id}', '{other.entry_id}'), ('{other.entry_id}', '{one.entry_id}'))
            """)
            places = [Place(part="body", seq=row.seq, entry_id=row.entry_id) for row in (one, other)]
            yield self._mutant("swap bodies", attack, [one, other], *places)
        attack = sql(
            f"insert into journal_body values ('{STRANGER}', 'request', now(), 'key', '\\x00', '\\x00')"
        )
        yield Mutant(
            kind="insert body",
            attack=attack,
            places=(Place(part="body", entry_id=STRANGER),),
            ids=frozenset({STRANGER}),
        )

    def _rewritten(self, row: Row, part: str) -> Attack:
        async def attack(connection: AsyncConnection[Any]) -> None:
            hidden = self.keys.hide(b"something else", row.entry_id, part)
            await connection.execute(
                "update journal_body set key_id = %s, nonce = %s, ciphertext = %s "
                "where entry_id = %s and part = %s",
                (*hidden, row.entry_id, part),
            )

        return attack

    def _claims_edited(self) -> Iterator[Mutant]:
        for row in self._some(2):
            claim = f"""
                insert into journal_claim select client, service, message_id, '\\x00', entry_id
                from journal_entry where seq = {row.seq}
            """
            named = Place(part="claim", entry_id=row.entry_id)
            yield self._mutant("edit claim.request_sha256", sql(claim), [row], named)
            for column in ("client", "service", "message_id"):
                assert column in JournalClaim.__table__.c
                mend = "update journal_claim c set request_sha256 = e.request_sha256 from journal_entry e "
                mend += "where e.entry_id = c.entry_id and e.request_sha256 is not null"
                edit = f"update journal_claim set {column} = {column} || 'x'"
                yield self._mutant(f"edit claim.{column}", sql(claim, mend, edit), [row], named)
        attack = sql(f"insert into journal_claim values ('a', 'b', 'c', '\\x00', '{STRANGER}')")
        place = Place(part="claim", entry_id=STRANGER)
        yield Mutant(kind="insert claim", attack=attack, places=(place,), ids=frozenset({STRANGER}))

    def _seals_edited(self) -> Iterator[Mutant]:
        for column in JournalSeal.__table__.c:
            for change in _changes(column):
                for number in (2, self.last):
                    if column.name == "number" and change == "null":
                        continue
                    relaxed = "select 1" if column.primary_key else (
                        f"alter table journal_seal alter {column.name} drop not null"
                    )  # fmt: skip
                    attack = sql(
                        relaxed,
                        _edit("journal_seal", column.name, change, f"number = {number}"),
                    )
                    touched = frozenset({number, number + 1000})
                    yield self._mutant(
                        f"edit seal.{column.name}", attack, [], Place(part="seal", seal=number), seals=touched
                    )
        swap = "update journal_seal set number = case number when 2 then 3 else 2 end where number in (2, 3)"
        relaxed = "alter table journal_seal drop constraint pk_journal_seal"
        places = [Place(part="seal", seal=number) for number in (2, 3)]
        yield self._mutant("swap seals", sql(relaxed, swap), [], *places, seals=frozenset({2, 3}))
        for number in (1, 4, self.last):
            attack = sql(f"delete from journal_seal where number = {number}")
            place = Place(part="seal", seal=number)
            yield self._mutant("delete seal", attack, [], place, seals=frozenset({number}))

    def _deleted(self) -> Iterator[Mutant]:
        chosen = [[row] for row in self._some(10)] + [self._some(3) for _ in range(3)]
        chosen += [self.sealed[-count:] for count in (1, 2, 5)] + [self.sealed[:2]]
        for number, rows in enumerate(chosen):
            seqs = ", ".join(str(row.seq) for row in rows)
            statements = [f"delete from journal_entry where seq in ({seqs})"]
            if number % 2:
                ids = ", ".join(f"'{row.entry_id}'" for row in rows)
                statements.append(f"delete from journal_body where entry_id in ({ids})")
            places = [Place(part="entry", seal=row.seal, seq=row.seq) for row in rows]
            at_end = chosen.index(rows) >= 13
            kind = "delete from the end" if at_end else "delete entry"
            yield self._mutant(kind, sql(*statements), rows, *places)

    def _swapped(self) -> Iterator[Mutant]:
        for number in range(8):
            one, other = self._some(2)
            if number % 2:
                other = next(row for row in self.sealed if row.seal == one.seal and row.seq != one.seq)
            move = "update journal_entry set seq = {1} where seq = {0}"
            moves = [move.format(*pair) for pair in ((one.seq, -1), (other.seq, one.seq), (-1, other.seq))]
            places = [Place(part="entry", seal=row.seal, seq=row.seq) for row in (one, other)]
            yield self._mutant("swap entries", sql(*moves), [one, other], *places)

    def _inserted(self) -> Iterator[Mutant]:
        for number, gap in enumerate(self.gaps):
            (model,) = self._some(1)
            with_mac = number % 2 == 1
            yield self._forged(model, gap, model.xid, "insert into the sealed range", with_mac=with_mac)
        model = self.unsealed[0]
        for seq in (10_000, 20_000, -5):
            yield self._forged(model, seq, model.xid, "insert into the tail", with_mac=False)
        yield self._forged(model, 10_001, 2**62, "insert before its time", with_mac=True)
        yield self._forged(model, 10_002, self.sealed[0].xid, "insert at the end of the past", with_mac=True)

    def _forged(self, model: Row, seq: int, xid: int, kind: str, *, with_mac: bool) -> Mutant:
        async def attack(connection: AsyncConnection[Any]) -> None:
            await connection.execute(
                "create temporary table forged on commit drop as select * from journal_entry where seq = %s",
                (model.seq,),
            )
            await connection.execute(
                """update forged set seq = %s, xid = %s, entry_id = gen_random_uuid(), outcome = 'FORGED',
                   request_sha256 = null, response_sha256 = null""",
                (seq, xid),
            )
            await connection.execute("insert into journal_entry select * from forged")
            if with_mac:
                await remac(connection, self.keys, seq)

        place = Place(part="entry", seq=seq)
        return Mutant(kind=kind, attack=attack, places=(place,), seqs=frozenset({seq}))

    def _cut_off(self) -> Iterator[Mutant]:
        for count in (1, 2, 5, self.last):
            first = self.last - count + 1
            rows = [row for row in self.sealed if (row.seal or 0) >= first]
            covered = "select seq from journal_entry e join journal_seal s on s.seqs @> e.seq"
            gone = f"({covered} where number >= {first})"
            bodies = f"""
                delete from journal_body
                where entry_id in (select entry_id from journal_entry where seq in {gone})
            """
            entries = f"delete from journal_entry where seq in {gone}"
            seals = f"delete from journal_seal where number >= {first}"
            sealed = [Place(part="seal", seal=number) for number in range(first, self.last + 1)]
            missing = [Place(part="entry", seal=row.seal, seq=row.seq) for row in rows]
            yield self._mutant(
                "cut off seals with rows", sql(bodies, entries, seals), rows, *sealed, *missing
            )
            yield self._mutant("cut off seals", sql(seals), rows, *sealed)
            yield self._mutant("cut off rows", sql(bodies, entries), rows, *missing)

    def _recomputed_with_foreign_key(self) -> Iterator[Mutant]:
        for row in self._some(8):
            attack = self._recomputed("foreign", row, with_mac=False)
            yield self._tail("recompute with a foreign key", attack, row, Place(part="entry", seq=row.seq))

    def _recomputed_with_our_keys(self) -> Iterator[Mutant]:
        for row in self._some(8):
            attack = self._recomputed("journal", row, with_mac=True)
            yield self._tail("recompute with our keys", attack, row)
        for row in self._some(4):
            attack = self._recomputed("journal", row, with_mac=True, instead="delete from journal_entry")
            yield self._tail("delete and recompute with our keys", attack, row)
        for row in self._some(4):
            gap = next(gap for gap in self.gaps if gap > 0)
            forge = self._forged(row, gap, row.xid, "", with_mac=True).attack
            attack = self._recomputed("journal", row, with_mac=True, forge=forge, gap=gap)
            yield self._tail("insert and recompute with our keys", attack, row, seqs=frozenset({gap}))
        for name in ("foreign", "journal"):
            kind = f"change nothing but the seals ({name} key)"
            last = [row for row in self.sealed if row.seal == self.last]

            async def attack(connection: AsyncConnection[Any], name: str = name) -> None:
                await connection.execute("update journal_seal set sealed_at = sealed_at - interval '1 day'")
                await recompute_seals(connection, signer(name), first=1)

            yield self._tail(kind, attack, last[0], first=1)

    def _recomputed(
        self,
        key: str,
        row: Row,
        *,
        with_mac: bool,
        instead: str = "update journal_entry set outcome = 'NOT_FOUND'",
        forge: Attack | None = None,
        gap: int | None = None,
    ) -> Attack:
        """Falsify one row, then build its seal and all later ones anew."""

        async def attack(connection: AsyncConnection[Any]) -> None:
            if forge is not None:
                await forge(connection)
                await connection.execute(
                    f"update journal_seal set seqs = seqs + '{{[{gap},{gap}]}}' where number = {row.seal}"
                )
            else:
                await connection.execute(f"{instead} where seq = {row.seq}")
                await connection.execute(
                    "delete from journal_body where not exists "
                    "(select from journal_entry e where e.entry_id = journal_body.entry_id)"
                )
            if with_mac and forge is None and not instead.startswith("delete"):
                await remac(connection, self.keys, row.seq)
            await recompute_seals(connection, signer(key), first=row.seal or 1)

        return attack

    def _tail(self, kind: str, attack: Attack, row: Row, *places: Place, **more: Any) -> Mutant:
        first = more.get("first", row.seal)
        seals = [Place(part="seal", seal=number) for number in range(first, self.last + 1)]
        touched = frozenset(range(first, self.last + 1))
        return self._mutant(
            kind, attack, [row], *seals, *places, seals=touched, seqs=more.get("seqs", frozenset())
        )


def _changes(column: Any) -> list[str]:
    if column.name in WORDS:
        return WORDS[column.name]
    kind = column.type.python_type if column.name != "seqs" else str
    changes = FALSE.get(kind, INSTANT)
    if column.name in {"seq", "number"}:
        return ["moved"] if column.name == "seq" else ["{0} + 1000"]
    return changes


def anchor_mutants(file: Path) -> Iterator[tuple[str, int]]:
    """Falsify the anchor file, one way after another; gives what was done and the seal it concerns."""
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)

    def write(*parts: bytes) -> None:
        file.write_bytes(b"".join(parts))

    for number in (1, 3, len(lines) - 1):
        at = number - 1
        write(*lines[:at], *lines[at + 1 :])
        yield "line deleted", number
        write(*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :])
        yield "lines swapped", number
        write(*lines[:at], lines[at], lines[at], *lines[at + 1 :])
        yield "line doubled", number
        for place in (15, 40, 200, len(lines[at]) // 2, len(lines[at]) - 20):
            other = bytes([lines[at][place] ^ 1])
            write(*lines[:at], lines[at][:place], other, lines[at][place + 1 :], *lines[at + 1 :])
            yield "byte changed", number
        for garbage in (b"\n", b"{}\n", b"[1]\n", b"[" * 100_000 + b"\n", b"\xff\xfe\x00\n", b"null\n"):
            write(*lines[:at], garbage, *lines[at + 1 :])
            yield "line replaced by garbage", number
    write(whole)
