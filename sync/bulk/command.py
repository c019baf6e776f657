"""`kopuro match bulk`: link a whole file with a whole registry, on this machine or on Spark."""

import subprocess
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from gateway.foundation.errors import SettingsError
from sync.bulk.plan import Plan, state_of, write_plan


class On(StrEnum):
    """The engines."""

    DUCKDB = "duckdb"
    SPARK = "spark"


_NEEDS = {On.DUCKDB: ("splink", "duckdb", "pyarrow"), On.SPARK: ("splink", "pyspark", "pyarrow")}
_EXTRAS = {On.DUCKDB: "bulk", On.SPARK: "spark"}


def register_bulk(app: typer.Typer) -> None:
    """Add the command to the group `match`."""
    for group in app.registered_groups:
        if group.name == "match" and group.typer_instance:
            group.typer_instance.command("bulk")(bulk)


def bulk(  # noqa: PLR0913 - the options of a command
    *,
    incoming: Annotated[Path, typer.Option(help="The records to match: CSV or Parquet.")],
    registry: Annotated[
        Path | None, typer.Option(help="The entries: CSV or Parquet; without it this gateway's own.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where decisions.csv, report.json and the run's own files go.")],
    on: Annotated[On, typer.Option(help="duckdb: this machine; spark: a cluster.")] = On.DUCKDB,
    model: Annotated[Path | None, typer.Option(help="A model learned before: model.json.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Whose the records are: rec_id, truth_id, …")] = None,
    chunk: Annotated[int, typer.Option(min=1, help="Records decided at a time.")] = 100_000,
    memory: Annotated[int, typer.Option(min=256, help="Megabytes DuckDB may hold in memory.")] = 2048,
    master: Annotated[str, typer.Option(help="Spark's master.")] = "local[*]",
) -> None:
    """Decide about every record of a file as the online path would; a run that was stopped goes on.

    Nothing is changed in any registry: what a decision leads to goes through `kopuro import`.
    """
    files = [str(each or "") for each in (registry, incoming, model, truth)]
    for file in files:
        if file and not Path(file).is_file():
            raise SettingsError(f"there is no file {file}")
    plan = Plan(
        registry=files[0],
        incoming=files[1],
        out=str(out),
        model=files[2],
        truth=files[3],
        chunk_rows=chunk,
        memory_mb=memory,
        spark_master=master,
        state=f"{chunk} {state_of(*files[:3])}",
    )
    _run(plan, on)


def _run(plan: Plan, on: On) -> None:
    """Let a process of its own do it: its libraries are large, and nothing else here needs them."""
    absent = [name for name in _NEEDS[on] if find_spec(name) is None]
    if absent:
        raise SettingsError(f"{', '.join(absent)} not installed: pip install 'kopuro[{_EXTRAS[on]}]'")
    plan.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_plan(plan, plan.work / "plan.json")
    program = [f"sync.bulk.on_{on.value}", str(plan.work / "plan.json")]
    if not plan.registry:
        program = ["sync.bulk.beside_database", *program]
    command = [sys.executable, "-m", *program]
    if done := subprocess.run(command, check=False).returncode:  # noqa: S603 - our own module
        raise typer.Exit(done)
