"""Write generated files, run `kopuro match evaluate` on them, and read its report."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from gateway.cli import build
from tests.matching.generator import Files, Row


def write_rows(file: Path, rows: Sequence[Row]) -> Path:
    """Write rows as CSV."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_files(directory: Path, files: Files) -> list[str]:
    """Write the three files and give them as options of the command."""
    directory.mkdir(parents=True, exist_ok=True)
    registry = write_rows(directory / "registry.csv", files.registry)
    incoming = write_rows(directory / "incoming.csv", files.incoming)
    truth = write_rows(directory / "truth.csv", files.truth)
    return ["--registry", str(registry), "--incoming", str(incoming), "--truth", str(truth)]


def run(options: Sequence[str], out: Path) -> Result:
    """Run the command in this process."""
    done = CliRunner().invoke(build(), ["match", "evaluate", *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    return done


def measure_apart(options: Sequence[str], out: Path) -> dict[str, Any]:
    """Run the command in a process of its own, so that its memory is its own, and give its report."""
    command = [sys.executable, "-m", "gateway.cli", "match", "evaluate", *options, "--out", str(out)]
    subprocess.run(command, capture_output=True, check=True)
    return read_report(out)


def evaluate(options: Sequence[str], out: Path) -> dict[str, Any]:
    """Run the command and give its report."""
    run(options, out)
    return read_report(out)


def read_report(out: Path) -> dict[str, Any]:
    """Read report.json."""
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def decisions(out: Path) -> list[Row]:
    """Read decisions.csv."""
    with (out / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
