"""`kopuro match evaluate`: match a file against a registry file and, where the truth is known, measure it."""

import csv
import gc
import json
import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import typer

from gateway.cli.match_generic import Tables, link_tables
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import load
from gateway.foundation.table_files import read_table
from gateway.intake.match_tally import Tally
from gateway.intake.person_rows import COLUMNS, outcome_of, record_of, unread
from gateway.matching.bulk import decide_all, gather
from gateway.matching.learning import learn
from gateway.matching.model import model_of
from gateway.matching.record import Record

_HEADER = ("rec_id", "decision", "entry", "weight", "explanation")


def register(app: typer.Typer) -> None:
    """Add the command."""
    match = typer.Typer(help="Match people's records.")
    match.command("evaluate")(evaluate)
    match.callback()(_group)
    app.add_typer(match, name="match")


def _group() -> None:
    """Keep a group of one command a group."""


def evaluate(
    *,
    registry: Annotated[Path, typer.Option(help="The entries: CSV or Parquet.")],
    incoming: Annotated[Path | None, typer.Option(help="The records to match: CSV or Parquet.")] = None,
    out: Annotated[Path, typer.Option(help="Where decisions.csv and report.json go.")],
    truth: Annotated[Path | None, typer.Option(help="Whose the records are: rec_id, truth_id, …")] = None,
    config: Annotated[Path | None, typer.Option(help="Other columns and how to compare them: TOML.")] = None,
) -> None:
    """Decide about every incoming record: match, review or new, with the reasons.

    Nothing is changed anywhere; the weights are learned from the two files, never from the truth. With --config
    any tables of people are linked; without --incoming such a table is deduplicated.
    """
    out.mkdir(parents=True, exist_ok=True)
    if config:
        _write(out, link_tables(config, Tables(registry=registry, incoming=incoming, truth=truth, out=out)))
    elif incoming:
        with _without_collecting():
            _evaluate(registry, incoming, out, Tally.of(truth) if truth else None)
    else:
        raise SettingsError("--incoming is missing: only a table described by --config can be deduplicated")


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Spare the search for circles among millions of rows that are part of none: it doubles the cost."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _evaluate(registry: Path, incoming: Path, out: Path, tally: Tally | None) -> None:
    started = process_time()
    rec_ids, records = _incoming(incoming)
    _say(f"{len(records)} records to match")
    rows = read_table(registry, required=("person_id", *COLUMNS))
    gathered = gather(((row["person_id"], record_of(row)) for row in rows), records)
    pairs = sum(map(len, gathered.candidates))
    _say(f"{gathered.census.size} entries, {pairs} pairs to compare")
    model = learn(gathered, model_of(load().matching))
    with (out / "decisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for rec_id, decision in zip(rec_ids, decide_all(gathered, model), strict=True):
            outcome = outcome_of(decision)
            writer.writerow((rec_id, outcome.decision, outcome.entry, outcome.weight, outcome.explanation))
            if tally:
                tally.count(rec_id, outcome)
    cost = {
        "entries": gathered.census.size,
        "pairs": pairs,
        "cpu_seconds": round(process_time() - started, 1),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    _write(out, (tally.report() if tally else {}) | cost)


def _write(out: Path, report: Mapping[str, Any]) -> None:
    """Write the report where there are measures, and say its single values."""
    if "precision" in report:
        text = json.dumps(report, ensure_ascii=False, indent=2)
        (out / "report.json").write_text(f"{text}\n", encoding="utf-8")
    for name, value in report.items():
        if not isinstance(value, dict):
            _say(f"{name}: {value}")


def _incoming(file: Path) -> tuple[list[str], list[Record]]:
    rec_ids, records = [], []
    missed: Counter[str] = Counter()
    for row in read_table(file, required=("rec_id", *COLUMNS)):
        record = record_of(row)
        missed.update(unread(row, record))
        rec_ids.append(row["rec_id"])
        records.append(record)
    for name, count in missed.items():
        _say(f"{file.name}: {name} cannot be read in {count} rows and counts as missing there")
    return rec_ids, records


def _say(text: str) -> None:
    typer.echo(text, err=True)
