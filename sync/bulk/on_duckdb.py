"""`python -m sync.bulk.on_duckdb PLAN`: the bulk on one machine, in a process and a memory of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI

from sync.bulk.engines import Row
from sync.bulk.plan import Plan
from sync.bulk.run import begun, run

_BATCH = 10_000


class DuckDBEngine:
    """DuckDB, its tables in a file beside the staged people; memory beyond the limit goes to disk."""

    explode = "unnest"
    digest = "hash"

    def __init__(self, folder: Path, *, memory_mb: int) -> None:
        """Open a database in `folder`, in place of an earlier one."""
        file = folder / "bulk.duckdb"
        file.unlink(missing_ok=True)
        self._connection = duckdb.connect(
            str(file),
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
    run(plan, DuckDBEngine(plan.work, memory_mb=plan.memory_mb))


if __name__ == "__main__":
    begun(main, Path(sys.argv[1]))
