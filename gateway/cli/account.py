"""`kopuro first-administrator`: the one account that is not made by another; `kopuro roles`: who may do what."""

import asyncio
import csv
import sys
from datetime import datetime
from typing import Annotated

import typer

from gateway.access.door import open_door
from gateway.access.first import Papers, appoint_first
from gateway.access.keys import read_access_keys
from gateway.access.matrix import MATRIX
from gateway.access.values import Kind
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.registry.projection import project_person
from gateway.registry.reading import person_by_id
from gateway.registry.repository import Provenance, add_assertions, create_person
from gateway.wiring.ready import begin, ready_database

_SOURCE = "MINISTRY"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("first-administrator")(first_administrator)
    app.command("roles")(roles)


def roles() -> None:
    """Print the matrix of roles as CSV: how far each reaches, what it needs, and what it may do to which kind."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    kinds = list(Kind)
    out.writerow(["role", "scope", "undertaking", "order", "second_factor", *kinds])
    for role, rule in MATRIX.roles.items():
        needs = (rule.undertaking, rule.order, rule.second_factor)
        rights = (" ".join(sorted(rule.rights.get(kind, ()))) for kind in kinds)
        out.writerow([role, rule.scope, *("yes" if each else "no" for each in needs), *rights])


def first_administrator(
    login: Annotated[str, typer.Option(help="The login of the account.")],
    order_no: Annotated[str, typer.Option(help="Number of the order of appointment.")],
    order_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Date of the order.")],
    act_no: Annotated[str, typer.Option(help="Number of the act of identification in person.")],
    papers_place: Annotated[str, typer.Option(help="Where that act and the signed undertaking are kept.")],
    isuo_no: Annotated[str, typer.Option(help="Permanent number; without it the person is asked for.")] = "",
) -> None:
    """Make the first special administrator and print, once, the code that sets the password."""
    settings = begin()
    papers = Papers(
        order_no=order_no,
        order_on=order_on.date(),
        act_no=act_no,
        place=papers_place,
    )
    names = {} if isuo_no else _ask_names()
    with ready_database(settings) as ready:
        typer.echo(asyncio.run(_make(ready, isuo_no, names, login, papers)))


def _ask_names() -> dict[str, object]:
    """Ask for the person: what is typed at a prompt stays out of the shell's history."""
    return {
        "surname": typer.prompt("Surname"),
        "given_name": typer.prompt("Given name"),
        "birth_date": typer.prompt("Birth date (YYYY-MM-DD)"),
    }


async def _make(
    settings: Settings, isuo_no: str, names: dict[str, object], login: str, papers: Papers
) -> str:
    database = Database(settings.database.url)
    try:
        door = open_door(database, read_access_keys(settings), settings)
        number = isuo_no or await _register(database, settings, names)
        return await appoint_first(door, number, login, papers)
    finally:
        await database.close()


async def _register(database: Database, settings: Settings, names: dict[str, object]) -> str:
    at = utc_now()
    async with database.transaction() as session:
        person_id = await create_person(session, at=at)
        await add_assertions(session, person_id, names, provenance=Provenance(source=_SOURCE, recorded_at=at))
        await project_person(session, person_id, settings.fields, at=at)
        entry = await person_by_id(session, person_id)
    assert entry is not None
    return entry.isuo_no
