"""`kopuro incident …`: failures with one cause, from a terminal."""

from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.cli.transaction import Attempt, By, Why, actor_at_terminal, as_plain, in_transaction, say
from gateway.operations.causes import sentences
from gateway.operations.incidents import (
    IncidentFilter,
    IncidentView,
    acknowledge,
    add_note,
    close_incident,
    list_incidents,
    notes_of,
    show_incident,
)

Incident = Annotated[UUID, typer.Argument(help="The incident's id.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Incidents: failed exchanges with the same cause.", no_args_is_help=True)
    group.command("list")(list_open)
    group.command("show")(show)
    group.command("ack")(ack)
    group.command("note")(note)
    group.command("close")(close)
    app.add_typer(group, name="incident")


def list_open(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Limit = 50,
) -> None:
    """List incidents, the one opened last first: one line of JSON each."""
    wanted = IncidentFilter(is_open=None if everything else True)
    for view in in_transaction(lambda session, _: list_incidents(session, wanted, limit=limit)):
        say(_told(view))


def show(incident_id: Incident) -> None:
    """Show one with its meaning and what people did about it."""

    async def read(session: AsyncSession) -> dict[str, Any]:
        view = await show_incident(session, incident_id)
        meaning, side, advice = sentences(view.incident.direction, view.incident.fault_code, "en")
        notes = [as_plain(each) for each in await notes_of(session, incident_id)]
        return {**_told(view), "meaning": meaning, "whose": side, "advice": advice, "notes": notes}

    say(in_transaction(lambda session, _: read(session)), indent=2)


def ack(
    incident_id: Incident,
    *,
    by: By,
    said: Annotated[str, typer.Option("--note", help="A word with it.")] = "",
) -> None:
    """Say that somebody looks after it."""
    actor = actor_at_terminal(by)
    in_transaction(
        lambda session, _: acknowledge(session, incident_id, actor=actor, note=said),
        Attempt("incident ack", by),
    )


def note(
    incident_id: Incident, text: Annotated[str, typer.Argument(help="What to keep.")], *, by: By
) -> None:
    """Write something down."""
    actor = actor_at_terminal(by)
    in_transaction(
        lambda session, _: add_note(session, incident_id, actor=actor, note=text),
        Attempt("incident note", by),
    )


def close(incident_id: Incident, *, by: By, reason: Why) -> None:
    """Close it; the next failure of its cause opens another."""
    actor = actor_at_terminal(by)
    in_transaction(
        lambda session, _: close_incident(session, incident_id, actor=actor, reason=reason),
        Attempt("incident close", by),
    )


def _told(view: IncidentView) -> dict[str, Any]:
    return {**as_plain(view.incident), "unanswered": view.unanswered}
