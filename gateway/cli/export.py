"""`kopuro export learners`, `staff` and `file`: what leaves for internal use, with a reason and a record."""

import asyncio
import getpass
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.disclosure.exports.learners import EXPORT_STAFF, ExportedFile, ExportRequest, export_learners
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.tables import FileFormat, write_new_file
from gateway.wiring.ready import begin, ready_database


class Language(StrEnum):
    """A language the headings can be in."""

    KY = "ky"
    RU = "ru"
    EN = "en"


def register(app: typer.Typer) -> None:
    """Add `export` and the commands below it."""
    group = typer.Typer(no_args_is_help=True, help="Take data out, with a reason and a record.")
    group.callback()(_export)
    group.command("learners")(learners)
    group.command("staff")(staff)
    app.add_typer(group, name="export")


def _export() -> None:
    """Take data out, with a reason and a record."""


def learners(
    *,
    organisation: Annotated[str, typer.Option(help="code of the organisation")],
    reason: Annotated[str, typer.Option(help="what the data are for; it is recorded")],
    by: Annotated[str, typer.Option(help="who takes the file; it is recorded and stands in it")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="a new .xlsx or .csv file")],
    grade: Annotated[str | None, typer.Option(help="one grade only")] = None,
    language: Annotated[Language, typer.Option(help="language of the headings")] = Language.RU,
) -> None:
    """Export the present learners of one organisation."""
    request = _request(organisation, reason, by, out, language)
    _hand_over(replace(request, grade=grade), out)


def staff(
    *,
    organisation: Annotated[str, typer.Option(help="code of the organisation")],
    reason: Annotated[str, typer.Option(help="what the data are for; it is recorded")],
    by: Annotated[str, typer.Option(help="who takes the file; it is recorded and stands in it")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="a new .xlsx or .csv file")],
    language: Annotated[Language, typer.Option(help="language of the headings")] = Language.RU,
) -> None:
    """Export the present staff of one organisation: employments, positions, loads."""
    _hand_over(replace(_request(organisation, reason, by, out, language), what=EXPORT_STAFF), out)


def _request(organisation: str, reason: str, by: str, out: Path, language: Language) -> ExportRequest:
    if out.suffix.lower() not in {".xlsx", ".csv"}:
        raise SettingsError("name a file that ends in .xlsx or .csv")
    if out.exists():
        raise SettingsError(f"{out.name} exists already: name another file")
    return ExportRequest(
        organisation_code=organisation,
        reason=reason,
        by=f"{by.strip()} (cli:{getpass.getuser()})" if by.strip() else "",
        file_format=FileFormat(out.suffix.lower()[1:]),
        language=language,
    )


def _hand_over(request: ExportRequest, out: Path) -> None:
    with ready_database(begin()) as settings:
        made = asyncio.run(_export_learners(settings, request))
    write_new_file(out, made.content)
    typer.echo(f"export {made.export_id}: {made.row_count} {request.what.removeprefix('export_')}", err=True)


async def _export_learners(settings: Settings, request: ExportRequest) -> ExportedFile:
    """Export as the operator: whoever may run commands on this machine may export."""
    database = Database(settings.database.url, pool_size=2)
    try:
        return await export_learners(database, request, permitted=lambda _action, _organisation: True)
    finally:
        await database.close()
