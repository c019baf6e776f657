"""`python -m sync.bulk.on_spark PLAN`: the same bulk on Spark, here or on a cluster."""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from splink import SparkAPI

from sync.bulk.engines import Row
from sync.bulk.plan import Plan
from sync.bulk.run import begun, run


class SparkEngine:
    """Spark, its intermediate results in Parquet beside the staged people: a folder all its machines must see."""

    explode = "explode"
    digest = "xxhash64"

    def __init__(self, folder: Path, *, master: str, memory_mb: int) -> None:
        """Open a session on a master: local[*], or the address of a cluster."""
        self._folder = folder / "spark"
        self._numbers = count()
        self._session = (
            SparkSession.builder.master(master)
            .appName("kopuro match bulk")
            .config("spark.driver.memory", f"{memory_mb}m")
            .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.sql.shuffle.partitions", str(_partitions(master)))
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
        self._session.sparkContext.setLogLevel("ERROR")

    def scan(self, folder: Path) -> str:
        """Give the words that read a folder of Parquet."""
        return f"parquet.`{folder}`"

    def keep(self, name: str, query: str) -> None:
        """Keep the answer of a query as Parquet, in a folder of its own: what had the name may still be read."""
        place = str(self._folder / f"{name}-{next(self._numbers)}")
        self._session.sql(query).write.mode("overwrite").parquet(place)
        self._session.read.parquet(place).createOrReplaceTempView(name)

    def splink(self) -> Any:
        """Give a new Splink database API over the kept tables."""
        made: Any = SparkAPI  # without types of its own
        return made(
            spark_session=self._session, break_lineage_method="persist", register_udfs_automatically=False
        )

    def rows(self, query: str) -> Iterator[Row]:
        """Give the rows of a query, a partition at a time."""
        return map(tuple, self._session.sql(query).toLocalIterator())

    def close(self) -> None:
        """End the session."""
        self._session.stop()


def _partitions(master: str) -> int:
    """Give few partitions to one machine; a cluster keeps Spark's own choice."""
    return 8 if master.startswith("local") else 200


def main(plan: Plan) -> None:
    """Do what the plan says."""
    run(plan, SparkEngine(plan.work, master=plan.spark_master, memory_mb=plan.memory_mb))


if __name__ == "__main__":
    begun(main, Path(sys.argv[1]))
