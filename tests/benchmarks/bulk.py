"""`python -m tests.benchmarks.bulk [--entries N --records M | --whole]`: the bulk beside Splink alone, one after the other.

Both get the same generated files and run in a process of their own; told are F1, precision, CPU seconds of the whole
process, its start included, and its largest memory. Splink alone is given what its authors recommend: names as they
stand, Jaro–Winkler levels, u by random sampling, m by EM, and the threshold that is best once the truth is known.
"""

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tests.matching.evaluating import write_files
from tests.matching.generator import generate
from tests.matching.variants import WORLDS

WHOLE = (1_000_000, 50_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """How well and at what cost one program linked the files."""

    name: str
    precision: float
    f1: float
    cpu_seconds: float
    peak_memory_mb: int

    def line(self) -> str:
        """Write it as a row."""
        return f"{self.name:34}{self.precision:11.5f}{self.f1:9.4f}{self.cpu_seconds:9.1f}{self.peak_memory_mb:9}"


def measure(entries: int, records: int, *, seed: int, world: str) -> list[Cost]:
    """Link generated files by the bulk, by `match evaluate`, and by Splink alone."""
    with tempfile.TemporaryDirectory(prefix="kopuro-") as place:
        files = generate(seed, registry=entries, incoming=records, world=WORLDS[world])
        options = write_files(Path(place), files)
        del files
        ours = ["-m", "gateway.cli", "match"]
        out = ["--out", place]
        return [
            _measured("kopuro match bulk (DuckDB, Splink)", [*ours, "bulk", *options, *out], Path(place)),
            _measured("kopuro match evaluate (memory)", [*ours, "evaluate", *options, *out], Path(place)),
            _measured("Splink alone", ["-m", "tests.benchmarks.splink_alone", *options, *out], Path(place)),
        ]


def _measured(name: str, arguments: list[str], out: Path) -> Cost:
    """Run a program through a process that counts what it and its children spend."""
    counted = [sys.executable, "-m", "tests.benchmarks.bulk", "--count", json.dumps(arguments)]
    done = subprocess.run(counted, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    seconds, memory = json.loads(done.stdout)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return Cost(
        name=name, precision=report["precision"], f1=report["f1"], cpu_seconds=seconds, peak_memory_mb=memory
    )


def _count(arguments: list[str]) -> None:
    """Run a program and print its CPU seconds and the memory of its largest process."""
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=False)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    typer.echo(json.dumps([spent.ru_utime + spent.ru_stime, spent.ru_maxrss // 1024]))
    raise typer.Exit(done.returncode)


def main(
    *,
    entries: Annotated[int, typer.Option(help="Entries.")] = 100_000,
    records: Annotated[int, typer.Option(help="Records to match.")] = 5_000,
    whole: Annotated[bool, typer.Option(help="A million entries, 50,000 records.")] = False,
    seed: Annotated[int, typer.Option(help="Which people.")] = 71,
    world: Annotated[str, typer.Option(help="Which world.")] = "as tuned",
    count: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Print the table."""
    if count:
        _count(json.loads(count))
    entries, records = WHOLE if whole else (entries, records)
    typer.echo(f"{records} records × {entries} entries{'':9}  precision       F1    CPU s       MB")
    for cost in measure(entries, records, seed=seed, world=world):
        typer.echo(cost.line())


if __name__ == "__main__":
    typer.run(main)
