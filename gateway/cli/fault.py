"""`kopuro fault`: what a fault code means, whose side it is on, and what to do."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from gateway.xroad.fault_catalogue import Explanation, Language, Role, explain


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fault)


def fault(
    code: Annotated[str, typer.Argument(help="As it stands in the fault, in any spelling.")],
    *,
    language: Annotated[Language, typer.Option(help="Language of the explanation.")] = "en",
    role: Annotated[Role, typer.Option("--we", help="Whether we asked or were asked.")] = "asking",
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Explain a fault code of X-Road or of our own services."""
    explained = explain(code, language, role=role)
    typer.echo(json.dumps(asdict(explained), ensure_ascii=False) if as_json else _written(explained))


def _written(explained: Explanation) -> str:
    alarm = " !" if explained.alarm else ""
    return "\n".join(
        (
            f"{explained.normalised} [{explained.kind}, {explained.retry}{alarm}]",
            explained.meaning,
            f"{explained.side_text}: {explained.advice}",
            explained.retry_text,
        )
    )
