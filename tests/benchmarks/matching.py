"""`python -m tests.benchmarks.matching`: match generated files at full size and print how well and at what cost."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.matching.evaluating import measure_apart, write_files
from tests.matching.generator import generate
from tests.matching.variants import WORLDS

COLUMNS = (
    "precision",
    "recall",
    "f1",
    "found",
    "review_share",
    "linked_to_the_twin",
    "cpu_seconds",
    "peak_memory_mb",
)


def main(
    *,
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "101",
    registry: Annotated[int, typer.Option(help="Entries.")] = 100_000,
    incoming: Annotated[int, typer.Option(help="Records to match.")] = 20_000,
    world: Annotated[list[str] | None, typer.Option(help="Only these worlds.")] = None,
    scenarios: Annotated[bool, typer.Option(help="Also what became of each scenario.")] = False,
) -> None:
    """Match every world by every seed."""
    typer.echo("| world | seed | " + " | ".join(COLUMNS) + " | false merges |")
    typer.echo("|" + "---|" * (len(COLUMNS) + 3))
    for name in world or WORLDS:
        for seed in seeds.split(","):
            report = _measure(name, int(seed), registry=registry, incoming=incoming)
            values = " | ".join(str(report[column]) for column in COLUMNS)
            wrong = {kind: count for kind, count in report["false_merges"].items() if count}
            typer.echo(f"| {name} | {seed} | {values} | {wrong or 'none'} |")
            if scenarios:
                for scenario, found in report["scenarios"].items():
                    typer.echo(f"    {scenario}: {found}")


def _measure(world: str, seed: int, *, registry: int, incoming: int) -> dict[str, Any]:
    files = generate(seed, registry=registry, incoming=incoming, world=WORLDS[world])
    with tempfile.TemporaryDirectory() as place:
        return measure_apart(write_files(Path(place), files), Path(place) / "out")


if __name__ == "__main__":
    typer.run(main)
