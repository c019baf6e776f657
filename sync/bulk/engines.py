"""Find the pairs worth comparing by Splink's blocking, on DuckDB in this process or on Spark.

The rule is that of matching.blocking. Splink joins on exploded keys; so keys that are enough alone are given as
they are, and of the others every two that an entry has are given as one.
"""

# ruff: noqa: S608 - statements are made of our own words and places
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from splink import Linker, SettingsCreator, block_on

from gateway.matching.blocking import LARGEST_BLOCK, MOST_CANDIDATES
from gateway.matching.prepared import Prepared

Row = tuple[Any, ...]


class Engine(Protocol):
    """What runs SQL: the words in which engines differ, tables of intermediate results, and rows."""

    explode: str
    digest: str

    def scan(self, folder: Path) -> str:
        """Give the words that read a folder of Parquet."""

    def keep(self, name: str, query: str) -> None:
        """Keep the answer of a query under a name, in place of what had it."""

    def splink(self) -> Any:
        """Give a new Splink database API over the kept tables."""

    def rows(self, query: str) -> Iterator[Row]:
        """Give the rows of a query, a batch at a time."""

    def close(self) -> None:
        """Give back what is held."""


class Stage(Protocol):
    """Where everybody is found by number: `entries` are the words that read them, `values` their columns."""

    @property
    def entries(self) -> str:
        """Give the words that read the entries."""

    @property
    def values(self) -> Sequence[str]:
        """Give the columns of an entry's values."""

    def prepare(self) -> None:
        """Make `entry_key` ready: unit, key (hashed), the largest block in which it is enough alone, always."""

    def lookups(self, first: int, last: int) -> str:
        """Give the query of the keys, hashed, that the incoming people numbered first … last are looked up by."""

    def people(self, first: int, end: int) -> Iterator[tuple[str, Prepared]]:
        """Give the incoming people numbered from `first` to before `end`: id, values."""

    def entry(self, values: Sequence[Any]) -> Prepared:
        """Read the values of one row of `entries`."""


def find_pairs(engine: Engine, stage: Stage, first: int, last: int) -> Iterator[Row]:
    """Give for the incoming people numbered first … last the entries worth comparing, with their values.

    Rows are: number of the incoming one, the entry's number, its id, its values; ordered by that number and the id,
    so that runs learn from the same pairs however the files were read.
    """
    engine.keep("wanted", stage.lookups(first, last))
    engine.keep(
        "met",
        "select unit, key, alone, always, count(*) over (partition by key) as size "
        "from (select distinct unit, key, alone, always from entry_key where key in (select key from wanted)) hit",
    )
    engine.keep(
        "kind",
        f"select key, min(case when size <= alone then 1 else 2 end) as kind from met "
        f"where size <= {LARGEST_BLOCK} or always group by key",
    )
    for table, source in (("incoming_block", "wanted"), ("entry_block", "met")):
        engine.keep(table, _blocks(engine, source))
    values = ", ".join(f"e.{name}" for name in stage.values)
    yield from engine.rows(
        f"select p.record, e.unit, e.id, {values} from ({_pairs(engine)}) p "
        f"join {stage.entries} e on e.unit = p.entry order by p.record, e.id, e.unit"
    )


def _blocks(engine: Engine, source: str) -> str:
    """Give each one's blocks: keys enough alone, and every two of the others unless too many share both."""
    return f"""
        with known as (select s.unit, s.key, k.kind from {source} s join kind k on k.key = s.key),
        other as (select unit, key from known where kind = 2),
        block as (
            select unit, key from known where kind = 1
            union all
            select a.unit, {engine.digest}(a.key, b.key)
            from other a join other b on a.unit = b.unit and a.key < b.key
        ),
        counted as (select unit, key, count(*) over (partition by key) as size from block)
        select unit as unique_id, key as block
        from counted where size <= {MOST_CANDIDATES} or '{source}' = 'wanted'
    """


def _pairs(engine: Engine) -> str:
    """Let Splink block; gives the query of the pairs' numbers."""
    api = engine.splink()
    tables = [api.register(name, table_name=name) for name in ("incoming_block", "entry_block")]
    found = Linker(tables, _SETTINGS).inference.compute_blocked_pairs_for_predict()
    number = "cast(split_part({}, '-__-', 2) as bigint)"
    sides = ("case when join_key_l like 'incoming%' then {} else {} end").format
    left, right = number.format("join_key_l"), number.format("join_key_r")
    return f"select distinct {sides(left, right)} as record, {sides(right, left)} as entry from {found.physical_name}"


_SETTINGS = SettingsCreator(
    link_type="link_only",
    blocking_rules_to_generate_predictions=[block_on("block")],
)
