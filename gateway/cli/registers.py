"""`kopuro registers …`: registers that a file of configuration adds."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.registry.registers.entries import define_registers, registers
from gateway.wiring.ready import begin, ready_database


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Registers that configuration adds.")
    group.command("define")(define)
    group.command("list")(list_registers)
    app.add_typer(group, name="registers")


def define(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A TOML file; config/registers has one.")],
    *,
    by: Annotated[str, typer.Option(help="Who answers for it; it is recorded.")],
) -> None:
    """Take the registers of a file in; what is unchanged stays as it is."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{file.name} cannot be read as text") from None
    with ready_database(begin()) as settings:
        made = asyncio.run(_define(settings.database.url, text, by))
    for code, version in made.items():
        typer.echo(f"{code}: version {version}")
    if not made:
        typer.echo("nothing new")


def list_registers() -> None:
    """List the registers with their fields and readers."""
    with ready_database(begin()) as settings:
        lines = asyncio.run(_list(settings.database.url))
    typer.echo("\n".join(lines) or "none")


async def _define(url: str, text: str, by: str) -> dict[str, int]:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as session:
            return await define_registers(session, text, by=by, at=utc_now())
    finally:
        await database.close()


async def _list(url: str) -> list[str]:
    database = Database(url, pool_size=1)
    try:
        async with database.transaction() as session:
            found = await registers(session)
    finally:
        await database.close()
    return [
        f"{each.code}: {', '.join(field.name for field in each.fields)}; read by {', '.join(each.readers)}"
        for each in found
    ]
