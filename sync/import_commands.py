"""The commands of bulk intake: `kopuro import FILE`, `… template`, `… status`, `… errors`."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from typer.core import TyperGroup

from gateway.crypto.keys import read_secret
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.foundation.tables import FileFormat, write_new_file
from gateway.intake.imports.batches import DONE, STOPPED, BatchReceipt, accept_batch
from gateway.intake.imports.damage import Problem
from gateway.intake.imports.refusals import ImportRefused, explain_refusal
from gateway.intake.imports.rehearsal import Rehearsal, rehearse
from gateway.intake.imports.reports import (
    BatchReport,
    BatchState,
    batch_report,
    batch_states,
    commented_file,
    sentence,
)
from gateway.intake.imports.template_files import write_template
from gateway.intake.imports.templates import LEARNERS, Template
from gateway.intake.learned_model import chosen_model
from gateway.wiring.ready import begin, ready_database

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 10.0
_FILE = "file"
Given = TypeVar("Given")


class Language(StrEnum):
    """A language a report can be printed in."""

    KY = "ky"
    RU = "ru"
    EN = "en"


class Kind(StrEnum):
    """What a file is about."""

    LEARNERS = LEARNERS


class _FileOrCommand(TyperGroup):
    """`kopuro import NAME` takes NAME as a file wherever it is none of the commands below."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Put the command for a file in front of what names no command."""
        known = args[0] in self.commands or args[0] in ctx.help_option_names
        return super().resolve_command(ctx, args if known else [_FILE, *args])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let the options of a file stand before its name, too."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = [_FILE, *args]
        return super().parse_args(ctx, args)


def register_imports(app: typer.Typer) -> None:
    """Add `import` and the commands below it."""
    group = typer.Typer(cls=_FileOrCommand, no_args_is_help=True, help="Take in files of learners.")
    group.command(_FILE)(import_file)
    group.command("template")(template)
    group.command("status")(status)
    group.command("errors")(errors)
    app.add_typer(group, name="import")


_Language = Annotated[Language, typer.Option(help="language of the report")]


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or .xlsx file of learners")],
    *,
    wait: Annotated[bool, typer.Option(help="wait for the end and print the report")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="store nothing, print the report")] = False,
    language: _Language = Language.RU,
) -> None:
    """Take in a CSV or .xlsx file of learners; a running worker imports it."""
    try:
        with ready_database(begin()) as settings:
            work = (
                _rehearse(settings, file, language)
                if dry_run
                else _import(settings, file, language, wait=wait)
            )
            finished = asyncio.run(work)
    except ImportRefused as refused:
        typer.echo(f"kopuro: {explain_refusal(refused, language)}", err=True)
        raise typer.Exit(2) from None
    if not finished:
        raise typer.Exit(1)


def template(
    *,
    kind: Annotated[Kind, typer.Option(help="what the file is about")] = Kind.LEARNERS,
    file_format: Annotated[FileFormat, typer.Option("--format", help="xlsx or csv")] = FileFormat.XLSX,
    language: Annotated[Language, typer.Option(help="language of the headings")] = Language.RU,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="where to write it")] = None,
) -> None:
    """Write an empty template."""
    made = write_template(Template(kind=kind), file_format=file_format, language=language)
    path = out or Path(made.file_name)
    write_new_file(path, made.content)
    typer.echo(str(path))


def status(
    batch: Annotated[UUID | None, typer.Argument(help="an import; all of the newest without")] = None,
    *,
    language: _Language = Language.RU,
) -> None:
    """Show how far imports are: rows read, stored and refused."""
    with ready_database(begin()) as settings:
        if batch is None:
            for state in asyncio.run(_with_database(settings, batch_states)):
                typer.echo(_line(state))
            return
        report = asyncio.run(_with_database(settings, lambda database: batch_report(database, batch)))
    typer.echo(_line(report))
    _print(report.counts.items(), report.problems, language)


def errors(
    batch: Annotated[UUID, typer.Argument(help="the import's id")],
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="where to write the file")],
    language: Annotated[Language, typer.Option(help="language of the comments")] = Language.RU,
) -> None:
    """Write the uploaded file again, with a first column that says what is wrong with a row."""
    with ready_database(begin()) as settings:
        key = _key(settings)
        made = asyncio.run(
            _with_database(
                settings, lambda database: commented_file(database, batch, key=key, language=language)
            )
        )
    write_new_file(out, made.content)
    typer.echo(str(out))


async def _with_database(settings: Settings, ask: Callable[[Database], Awaitable[Given]]) -> Given:
    database = Database(settings.database.url, pool_size=2)
    try:
        return await ask(database)
    finally:
        await database.close()


def _key(settings: Settings) -> bytes:
    return read_secret(settings.path(settings.journal.body_key_file))


async def _rehearse(settings: Settings, file: Path, language: str) -> bool:
    """Try the import and print what it would come to."""
    content = await asyncio.to_thread(file.read_bytes)

    def tell(done: int, total: int) -> None:
        typer.echo(f"{done} of {total}", err=True)

    async def ask(database: Database) -> Rehearsal:
        return await rehearse(
            database, content, policies=settings.fields, tell=tell, model=chosen_model(settings)
        )

    found = await _with_database(settings, ask)
    typer.echo("nothing was stored: this was a dry run", err=True)
    _tell_ignored(found.survey.layout.ignored)
    _print(found.counts.items(), found.problems, language)
    if found.problem_count > len(found.problems):
        typer.echo(f"… {found.problem_count - len(found.problems)} more problems", err=True)
    return True


async def _import(settings: Settings, file: Path, language: str, *, wait: bool) -> bool:
    """Hand the file in and, if asked to, wait; True unless the import was given up."""
    key = _key(settings)
    content = await asyncio.to_thread(file.read_bytes)

    async def ask(database: Database) -> tuple[BatchReceipt, BatchReport]:
        receipt = await accept_batch(
            database, content, key=key, filename=file.name, by=f"cli:{getpass.getuser()}"
        )
        _tell(receipt)
        return receipt, await (_watch if wait else batch_report)(database, receipt.batch_id)

    receipt, report = await _with_database(settings, ask)
    if wait or receipt.repeated:
        _print(report.counts.items(), report.problems, language)
    return report.state != STOPPED


def _tell(receipt: BatchReceipt) -> None:
    known = " (the same file came before: nothing is imported twice)" if receipt.repeated else ""
    made_from = f", template {receipt.template}" if receipt.template else ""
    typer.echo(
        f"import {receipt.batch_id}: {receipt.row_count} rows, {receipt.encoding}{made_from}{known}", err=True
    )
    _tell_ignored(receipt.ignored_columns)


def _tell_ignored(columns: tuple[str, ...]) -> None:
    if columns:
        typer.echo(f"columns not taken in: {', '.join(columns)}", err=True)


async def _watch(database: Database, batch_id: UUID) -> BatchReport:
    """Show how far the import is until it ends; say once when nothing moves."""
    told, waited = -1, 0.0
    while True:
        report = await batch_report(database, batch_id)
        if report.done != told:
            typer.echo(f"{report.done} of {report.total}", err=True)
            told, waited = report.done, 0.0
        elif waited == _PATIENCE_SECONDS:
            typer.echo("nothing moves: is a `kopuro worker` running?", err=True)
        if report.state in {DONE, STOPPED}:
            return report
        await asyncio.sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


def _line(state: BatchState) -> str:
    figures = f"{state.done} of {state.total} read, {state.stored} stored, {state.refused} refused"
    return f"{state.batch_id}\t{state.state}\t{figures}\t{state.file_name}"


def _print(counts: Iterable[tuple[str, int]], problems: Iterable[tuple[int, Problem]], language: str) -> None:
    for outcome, count in counts:
        typer.echo(f"{outcome}\t{count}")
    for line, problem in problems:
        typer.echo(f"{line}\t{sentence(problem, language)}")
