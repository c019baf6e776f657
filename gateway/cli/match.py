"""`kopuro match evaluate`: match a file against a registry file and, where the truth is known, measure it."""

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.match_report import Outcome, Tally
from gateway.cli.tables import read_table
from gateway.matching.bulk import Gathered, decide_all, gather
from gateway.matching.decision import Decision, Match, Review
from gateway.matching.learning import learn
from gateway.matching.model import MODEL
from gateway.matching.record import Record
from gateway.registry.values import parse_sex

COLUMNS = ("surname", "given", "patronymic", "sex", "birth_date", "pin")
_SHORTEST_PIN, _LONGEST_PIN = 12, 16
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
    incoming: Annotated[Path, typer.Option(help="The records to match: CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="Where decisions.csv and report.json go.")],
    truth: Annotated[Path | None, typer.Option(help="Whose the records are: rec_id, truth_id, …")] = None,
) -> None:
    """Decide about every incoming record: match, review or new, with the reasons.

    Nothing is changed anywhere; the weights are learned from the two files, never from the truth.
    """
    out.mkdir(parents=True, exist_ok=True)
    rec_ids, records = _incoming(incoming)
    _say(f"{len(records)} records to match")
    entries = (
        (row["person_id"], record_of(row)) for row in read_table(registry, required=("person_id", *COLUMNS))
    )
    gathered = gather(entries, records)
    _say(f"{gathered.census.size} entries, {sum(map(len, gathered.candidates))} pairs to compare")
    model = learn(gathered, MODEL)
    tally = Tally.of(truth) if truth else None
    with (out / "decisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        for rec_id, decision in zip(rec_ids, decide_all(gathered, model), strict=True):
            outcome = outcome_of(decision)
            writer.writerow((rec_id, outcome.decision, outcome.entry, outcome.weight, outcome.explanation))
            if tally:
                tally.count(rec_id, outcome)
    _report(out, tally, gathered)


def _report(out: Path, tally: Tally | None, gathered: Gathered) -> None:
    if tally is None:
        return
    report = tally.report() | {"entries": gathered.census.size}
    (out / "report.json").write_text(
        json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    for name in ("precision", "recall", "f1", "found", "review_share"):
        _say(f"{name}: {report[name]}")


def _incoming(file: Path) -> tuple[list[str], list[Record]]:
    rec_ids, records = [], []
    for row in read_table(file, required=("rec_id", *COLUMNS)):
        rec_ids.append(row["rec_id"])
        records.append(record_of(row))
    return rec_ids, records


def record_of(row: Mapping[str, str]) -> Record:
    """Read a row of the exchange's columns; what cannot be read counts as missing."""
    return Record(
        surname=row.get("surname") or None,
        given_name=row.get("given") or None,
        patronymic=row.get("patronymic") or None,
        sex=parse_sex(row.get("sex")),
        birth_date=_day(row.get("birth_date", "")),
        pin=_pin(row.get("pin", "")),
        birth_certificate=row.get("birth_cert") or None,
        passport=row.get("passport") or None,
        organisation=row.get("school_id", "").casefold() or None,
        place=row.get("territory", "").casefold() or None,
    )


def _pin(text: str) -> str | None:
    digits = text.removesuffix(".0").replace(" ", "")
    return digits if digits.isdigit() and _SHORTEST_PIN <= len(digits) <= _LONGEST_PIN else None


def _day(text: str) -> date | None:
    """Read an ISO date, also with a time or with day and month exchanged beyond reason, or DD.MM.YYYY."""
    parts = text.split(".")
    iso = "-".join(reversed(parts)) if len(parts) == 3 else text[:10]
    try:
        return date.fromisoformat(iso)
    except ValueError:
        year, month, day = (*iso.split("-"), "", "")[:3]
    try:
        return date.fromisoformat(f"{year}-{day}-{month}")
    except ValueError:
        return None


def outcome_of(decision: Decision[str]) -> Outcome:
    """Write a decision as a line of decisions.csv."""
    if isinstance(decision, Match):
        opinions = [decision.opinion]
        said = "match"
    else:
        opinions = list(decision.opinions[:1])
        said = "review" if isinstance(decision, Review) else "new"
    if not opinions:
        return Outcome(decision=said, entry="", weight="", explanation="nobody alike")
    first = opinions[0]
    reasons = [f"{item.field}: {item.text} ({item.weight:+.1f})" for item in first.evidence]
    others = len(decision.opinions) - 1 if isinstance(decision, Review) else 0
    if others:
        reasons.append(f"{others} more may be meant")
    return Outcome(
        decision=said,
        entry=first.person_id if said != "new" else "",
        weight=f"{first.weight:.2f}",
        explanation="; ".join([first.rule, *reasons]),
    )


def _say(text: str) -> None:
    typer.echo(text, err=True)
