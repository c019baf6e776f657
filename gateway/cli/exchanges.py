"""`kopuro exchanges list|count|show|proof`: exchanges by the query line of the console and the API."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from gateway.crypto.certificates import read_certificate
from gateway.exchange.asking.grammar import Query, QueryError, parse_query, settle_subject
from gateway.exchange.asking.listing import (
    Cursor,
    Exchange,
    count_exchanges,
    find_exchange,
    list_exchanges,
)
from gateway.exchange.asking.sentences import explain_query_error
from gateway.exchange.proof import proof_bundle, prove_exchange
from gateway.exchange.tracing import trace_of
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.intake.exchange_states import STATES
from gateway.operations.incidents import incidents_of
from gateway.wiring.keys import read_keys
from gateway.wiring.ready import begin, ready_database
from gateway.xroad.fault_catalogue import Role, explain

DAMAGED = 1
Line = Annotated[
    str, typer.Argument(help="The query line: status:failed agency:70000005 latency:>2s since:1h")
]
Pin = Annotated[bool, typer.Option("--pin", help="Ask for a PIN at a prompt, and narrow to that person.")]
_Answer = TypeVar("_Answer")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    exchanges = typer.Typer(help="Exchanges by a query line, as in the console.")
    exchanges.command("list")(list_found)
    exchanges.command("count")(count_found)
    exchanges.command("show")(show)
    exchanges.command("proof")(proof)
    app.add_typer(exchanges, name="exchanges")


def list_found(
    line: Line = "",
    *,
    pin: Pin = False,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    after: Annotated[str, typer.Option(help="Go on after this cursor.")] = "",
) -> None:
    """List exchanges, newest first: one line of JSON each."""
    settings = begin()
    query, cursor = _query(settings, line, pin=pin), Cursor.read(after) if after else None
    if after and cursor is None:
        raise SettingsError("--after takes the cursor that the list before gave")

    async def ask(database: Database) -> None:
        async with database.transaction() as session:
            page = await list_exchanges(session, query, states=STATES, after=cursor, limit=limit)
        for found in page.exchanges:
            typer.echo(json.dumps(_told(found), ensure_ascii=False))
        if page.following is not None:
            typer.echo(f"more: --after {page.following.written()}", err=True)

    _with_database(settings, ask)


def count_found(line: Line = "", *, pin: Pin = False) -> None:
    """Count what a query line finds, no further than ten thousand."""
    settings = begin()
    query = _query(settings, line, pin=pin)

    async def ask(database: Database) -> None:
        async with database.transaction() as session:
            found = await count_exchanges(session, query, states=STATES)
        typer.echo(f"{'≥ ' if found.capped else ''}{found.number}")

    _with_database(settings, ask)


def show(exchange_id: UUID) -> None:
    """Show one exchange with its cause, and verify its rows; exit code 1 where one was changed."""
    settings = begin()

    async def ask(database: Database) -> bool:
        async with database.transaction() as session:
            found = await find_exchange(session, exchange_id)
            about = {"trace_id": await trace_of(session, exchange_id)}
            incident = (await incidents_of(session, [exchange_id])).get(exchange_id)
            about["incident_id"] = str(incident.incident_id) if incident else None
        if found is None:
            raise SettingsError(f"there is no exchange {exchange_id}")
        certificates = [read_certificate(settings.path(settings.signing.certificate_file))]
        proofs = await prove_exchange(database, read_keys(settings), exchange_id, certificates=certificates)
        rows = [
            {"seq": each.seq, "kind": each.kind, "whole": each.whole, "sealed": each.sealed}
            for each in proofs
        ]
        typer.echo(json.dumps(_told(found) | _known(about) | {"rows": rows}, ensure_ascii=False, indent=2))
        if found.status == "failed":
            role: Role = "answering" if found.is_inbound else "asking"
            typer.echo(explain(found.fault_code, "en", role=role).help, err=True)
        return all(each.whole for each in proofs)

    raise typer.Exit(0 if _with_database(settings, ask) else DAMAGED)


def proof(
    exchange_id: UUID, output: Annotated[Path, typer.Option("--output", "-o", help="Where the ZIP goes.")]
) -> None:
    """Write the proof of an exchange's rows: checked without our program and without our keys."""
    settings = begin()

    async def ask(database: Database) -> bytes:
        certificates = [read_certificate(settings.path(settings.signing.certificate_file))]
        return await proof_bundle(database, exchange_id, certificates=certificates)

    output.write_bytes(_with_database(settings, ask))
    typer.echo(f"written: {output}")


def _query(settings: Settings, line: str, *, pin: bool) -> Query:
    """Read the line; raises SettingsError with what is wrong with it."""
    try:
        parse_query(line)  # a PIN on the command line stays in the shell's history: it is turned away
        if pin:
            typed = typer.prompt("PIN", hide_input=True, err=True)
            line = settle_subject(f"{line} {typed.strip()}", read_keys(settings).subject_of)
        return parse_query(line)
    except QueryError as error:
        raise SettingsError(explain_query_error(error, "en")) from None


def _with_database(settings: Settings, ask: Callable[[Database], Awaitable[_Answer]]) -> _Answer:
    async def run(url: str) -> _Answer:
        database = Database(url)
        try:
            return await ask(database)
        except QueryError as error:
            raise SettingsError(explain_query_error(error, "en")) from None
        finally:
            await database.close()

    with ready_database(settings) as ready:
        return asyncio.run(run(ready.database.url))


def _told(found: Exchange) -> dict[str, Any]:
    told = {
        "exchange_id": str(found.exchange_id),
        "at": found.request_in_ts.isoformat(),
        "direction": "in" if found.is_inbound else "out",
        "status": found.status,
        "agency": found.agency,
        "service": found.service,
        "client": found.client,
        "message_id": found.message_id,
        "fault_code": found.fault_code,
        "latency_ms": found.milliseconds,
        "attempts": found.attempt,
        "purpose": found.purpose,
    }
    return _known(told)


def _known(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value not in (None, "")}
