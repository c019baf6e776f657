"""`kopuro journal verify|find|show|trace`: what was exchanged, and whether the record of it is whole."""

import asyncio
import dataclasses
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from gateway.crypto.certificates import read_certificate
from gateway.exchange.findings import Report
from gateway.exchange.search import Page, Question, Shown, find, show
from gateway.exchange.tracing import exchanges_of, trace_of
from gateway.exchange.verify import verify_journal
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.wiring.keys import read_keys
from gateway.wiring.ready import begin, ready_database

DAMAGED = 1
_TIME = "2026-01-31T08:00:00+06:00"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    journal = typer.Typer(help="The record of exchanges.")
    journal.command()(verify)
    journal.command("find")(find_entries)
    journal.command("show")(show_entry)
    journal.command("trace")(trace)
    app.add_typer(journal, name="journal")


def verify() -> None:
    """Verify the whole journal: any change, deletion, insertion, reordering or truncation is named."""
    settings = begin()
    with ready_database(settings) as ready:
        report = asyncio.run(_verify(ready))
    for problem in report.problems:
        typer.echo(f"PROBLEM {problem}")
    typer.echo(
        f"journal: {report.sealed} entries under {report.seals} seals, {report.unsealed} not sealed yet, "
        f"{report.not_exported} seals not exported yet, {report.bodies} bodies checked, "
        f"{report.problem_count} problems"
    )
    raise typer.Exit(0 if report.clean else DAMAGED)


def trace(
    known: Annotated[UUID, typer.Argument(help="An exchange's id, or a trace's 32 hexadecimal digits.")],
) -> None:
    """Lead from an exchange to its trace, or from a trace to its exchanges."""
    with ready_database(begin()) as ready:
        trace_id, exchanges = asyncio.run(_trace(ready, known))
    typer.echo(json.dumps({"trace": trace_id, "exchanges": [str(each) for each in exchanges]}))


async def _trace(settings: Settings, known: UUID) -> tuple[str | None, tuple[UUID, ...]]:
    database = Database(settings.database.url)
    try:
        async with database.transaction() as session:
            trace_id = await trace_of(session, known) or known.hex
            exchanges = await exchanges_of(session, trace_id)
            return (trace_id if exchanges else None), exchanges
    finally:
        await database.close()


async def _verify(settings: Settings) -> Report:
    database = Database(settings.database.url)
    try:
        return await verify_journal(
            database,
            read_keys(settings),
            anchor_file=settings.path(settings.journal.anchor_file),
            certificates=[read_certificate(settings.path(settings.signing.certificate_file))],
        )
    finally:
        await database.close()


def find_entries(  # noqa: PLR0913 – one option per column an operator looks by
    *,
    message_id: Annotated[str | None, typer.Option(help="X-Road message id.")] = None,
    exchange: Annotated[UUID | None, typer.Option(help="Correlation id of a fault, or an exchange.")] = None,
    client: Annotated[str | None, typer.Option(help="instance/class/member/subsystem")] = None,
    service: Annotated[str | None, typer.Option(help="provider/service/version")] = None,
    since: Annotated[str | None, typer.Option(help=f"From this time on: {_TIME}")] = None,
    until: Annotated[str | None, typer.Option(help=f"Before this time: {_TIME}")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only exchanges that failed.")] = False,
    subject: Annotated[bool, typer.Option("--subject", help="Ask for a PIN on standard input.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    before: Annotated[int | None, typer.Option(help="Go on before this number.")] = None,
) -> None:
    """Find exchanges, newest first: one line of JSON each. A PIN is typed at a prompt, never given as an option."""
    settings = begin()
    pin = typer.prompt("PIN", hide_input=True, err=True) if subject else None
    question = Question(
        message_id=message_id,
        exchange_id=exchange,
        client=client,
        service=service,
        since=_instant(since),
        until=_instant(until),
        succeeded=False if failed else None,
        subject=read_keys(settings).subject_of(pin) if pin else None,
    )
    with ready_database(settings) as ready:
        page = asyncio.run(_find(ready, question, limit, before))
    for found in page.found:
        typer.echo(_line({"number": found.seq, **dataclasses.asdict(found.entry)}))
    if page.before is not None:
        typer.echo(f"more: --before {page.before}", err=True)


async def _find(settings: Settings, question: Question, limit: int, before: int | None) -> Page:
    database = Database(settings.database.url)
    try:
        return await find(database, question, limit=limit, before=before)
    finally:
        await database.close()


def show_entry(entry_id: UUID) -> None:
    """Show one entry without its bodies, and the seal that covers it."""
    settings = begin()
    with ready_database(settings) as ready:
        shown = asyncio.run(_show(ready, entry_id))
    if shown is None:
        raise SettingsError(f"there is no entry {entry_id}")
    typer.echo(_line({"number": shown.seq, "seal": shown.seal, **dataclasses.asdict(shown.entry)}, indent=2))


async def _show(settings: Settings, entry_id: UUID) -> Shown | None:
    database = Database(settings.database.url)
    try:
        return await show(database, read_keys(settings), entry_id)
    finally:
        await database.close()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no time; write it like {_TIME}") from None
    return made if made.tzinfo else made.astimezone()


def _line(values: dict[str, Any], indent: int | None = None) -> str:
    """Write an entry as JSON: digests in hexadecimal, empty fields left out."""
    kept = {name: _plain(value) for name, value in values.items() if value not in (None, "")}
    return json.dumps(kept, ensure_ascii=False, indent=indent)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | StrEnum) else value
