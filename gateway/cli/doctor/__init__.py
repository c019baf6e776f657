"""`kopuro doctor`: what is wrong with this installation, and how to mend it."""

import json as json_format
import os
from typing import Annotated

import typer

from gateway.cli.doctor.examination import examine, is_sick
from gateway.cli.doctor.finding import Finding, Mark
from gateway.cli.doctor.words import LANGUAGES, Language, cure_of, sentence_of
from gateway.foundation import logging

SICK = 1
_SIGNS = {Mark.GOOD: "✓", Mark.WARNING: "!", Mark.BAD: "✗"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    *,
    language: Annotated[Language | None, typer.Option(help="ky, ru or en; else by LANG.")] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask every configured service an empty question; some may be paid.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="A list of findings for programs.")] = False,
) -> None:
    """Examine configuration, keys, database, security server and access rights; exit code 1 if anything is ✗."""
    logging.configure("ERROR")
    findings = examine(ask=ask)
    spoken = language or _by_environment()
    if json:
        typer.echo(json_format.dumps([_plain(one, spoken) for one in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            _tell(finding, spoken)
    raise typer.Exit(SICK if is_sick(findings) else 0)


def _by_environment() -> Language:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return next((known for known in LANGUAGES if spoken.startswith(known)), "en")


def _tell(finding: Finding, language: Language) -> None:
    typer.echo(f"{_SIGNS[finding.mark]} {sentence_of(finding, language)}")
    if finding.mark is not Mark.GOOD:
        typer.echo(f"    → {cure_of(finding, language)}")


def _plain(finding: Finding, language: Language) -> dict[str, object]:
    return {
        "code": finding.code,
        "mark": finding.mark,
        "sentence": sentence_of(finding, language),
        "cure": "" if finding.mark is Mark.GOOD else cure_of(finding, language),
        "values": dict(finding.values),
    }
