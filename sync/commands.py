"""The commands of the background: `kopuro worker` and `kopuro import FILE`."""

import asyncio
import getpass
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from gateway.crypto.keys import read_secret
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.wiring import begin, open_gateway, ready_database
from gateway.intake.imports.batches import DONE, STOPPED, BatchReceipt, accept_batch
from sync.dependencies import WorkerDependencies
from gateway.intake.imports.reports import BatchReport, batch_report, sentence
from sync.worker import run_worker

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 10.0


class Language(StrEnum):
    """A language a report can be printed in."""

    KY = "ky"
    RU = "ru"
    EN = "en"


def register(app: typer.Typer) -> None:
    """Add the commands to `kopuro`."""
    app.command("worker")(worker)
    app.command("import")(import_file)


def worker() -> None:
    """Do the background work until SIGTERM or Ctrl-C."""
    with ready_database(begin()) as settings:
        asyncio.run(_worker(settings))


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file of learners")],
    *,
    wait: Annotated[bool, typer.Option(help="wait for the end and print the report")] = False,
    language: Annotated[Language, typer.Option(help="language of the report")] = Language.RU,
) -> None:
    """Take in a CSV file of learners; a running worker imports it."""
    with ready_database(begin()) as settings:
        finished = asyncio.run(_import(settings, file, wait=wait, language=language))
    if not finished:
        raise typer.Exit(1)


async def _worker(settings: Settings) -> None:
    async with open_gateway(settings) as gateway:
        await run_worker(
            WorkerDependencies(
                database=gateway.database, agencies=gateway.agencies, settings=gateway.settings
            )
        )


async def _import(settings: Settings, file: Path, *, wait: bool, language: str) -> bool:
    """Hand the file in and, if asked to, wait; True unless the import was given up."""
    key = read_secret(settings.path(settings.journal.body_key_file))
    database = Database(settings.database.url, pool_size=2)
    try:
        content = await asyncio.to_thread(file.read_bytes)
        receipt = await accept_batch(
            database, content, key=key, filename=file.name, by=f"cli:{getpass.getuser()}"
        )
        _tell(receipt)
        report = await (_watch if wait else batch_report)(database, receipt.batch_id)
    finally:
        await database.close()
    if wait or receipt.repeated:
        _print(report, language)
    return report.state != STOPPED


def _tell(receipt: BatchReceipt) -> None:
    known = " (the same file came before: nothing is imported twice)" if receipt.repeated else ""
    typer.echo(f"import {receipt.batch_id}: {receipt.row_count} rows, {receipt.encoding}{known}", err=True)
    if receipt.ignored_columns:
        typer.echo(f"columns not taken in: {', '.join(receipt.ignored_columns)}", err=True)


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


def _print(report: BatchReport, language: str) -> None:
    for outcome, count in report.counts.items():
        typer.echo(f"{outcome}\t{count}")
    for line, problem in report.problems:
        typer.echo(f"{line}\t{sentence(problem, language)}")
