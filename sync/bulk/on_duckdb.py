"""`python -m sync.bulk.on_duckdb PLAN`: the bulk on one machine, in a process and a memory of its own."""

# ruff: noqa: S608 - statements are made of our own words and places
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI

from sync.bulk.engines import Row
from sync.bulk.plan import Plan
from sync.bulk.run import begun, run

_BATCH = 10_000


class DuckDBEngine:
    """DuckDB; what its memory cannot hold goes to disk beside the plan."""

    explode = "unnest"
    digest = "hash"

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        """Open a database in memory that spills into `folder`."""
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
            },
        )

    def scan(self, folder: Path) -> str:
        """Give the words that read a folder of Parquet."""
        return f"read_parquet('{folder / '*.parquet'}')"

    def keep(self, name: str, query: str) -> None:
        """Keep the answer of a query as a table."""
        self._connection.execute(f"create or replace table {name} as {query}")

    def view(self, name: str, query: str) -> None:
        """Give a query a name."""
        self._connection.execute(f"create or replace view {name} as {query}")

    def put(self, name: str, columns: Mapping[str, tuple[Sequence[Any], str]]) -> None:
        """Keep columns as a table: handed over as lists, for which DuckDB needs no other library."""
        told = ", ".join(f"unnest(?::{kind}[]) as {column}" for column, (_, kind) in columns.items())
        given = [values for values, _ in columns.values()]
        self._connection.execute(f"create or replace table {name} as select {told}", given)

    def read_csv(
        self,
        name: str,
        file: Path,
        *,
        width: int,
        delimiter: str,
        columns: Mapping[str, int | None],
        ordered: bool,
    ) -> None:
        """Keep a CSV file as a table of text; raises duckdb.Error where a row has not `width` columns."""
        form = ", ".join(f"c{place}: 'VARCHAR'" for place in range(width))
        told = ", ".join(
            f"'' as {each}" if where is None else f"coalesce(c{where}, '') as {each}"
            for each, where in columns.items()
        )
        place = str(file).replace("'", "''")
        self._connection.execute(f"set preserve_insertion_order = {str(ordered).lower()}")
        self.keep(
            f"{name}_read",
            f"select {told} from read_csv('{place}', columns = {{{form}}}, "
            f"delim = '{delimiter}', quote = '\"', escape = '\"', header = false, skip = 1, auto_detect = false, "
            "strict_mode = true, null_padding = false)",
        )
        self._connection.execute("set preserve_insertion_order = false")
        self.view(name, f"select rowid as unit, * from {name}_read")

    def splink(self) -> Any:
        """Give a new Splink database API over the kept tables."""
        return DuckDBAPI(self._connection)

    def rows(self, query: str) -> Iterator[Row]:
        """Give the rows of a query, a batch at a time."""
        cursor = self._connection.execute(query)
        while batch := cursor.fetchmany(_BATCH):
            yield from batch

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def main(plan: Plan) -> None:
    """Do what the plan says."""
    engine = DuckDBEngine(plan.work, memory_mb=plan.memory_mb)
    run(plan, engine, engine)


if __name__ == "__main__":
    begun(main, Path(sys.argv[1]))
