"""`kopuro replay …`: ask failed exchanges again; a running worker does it."""

from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.cli.transaction import Attempt, By, Why, actor_at_terminal, as_plain, in_transaction, say
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.intake.exchange_states import STATES
from gateway.operations.replay_answers import compare_item
from gateway.operations.replay_planning import Plan, Selection, plan_replay
from gateway.operations.replay_rules import rules_of
from gateway.operations.replay_runs import (
    RunStep,
    RunView,
    RunWish,
    begin_run,
    item_at,
    items_of,
    list_runs,
    show_run,
    take_run_step,
)
from gateway.wiring.keys import read_keys

Run = Annotated[UUID, typer.Argument(help="The run's id.")]
Exchanges = Annotated[
    list[UUID] | None, typer.Option("--exchange", help="An exchange by its id; may be repeated.")
]
Incident = Annotated[UUID | None, typer.Option("--incident", help="All unanswered ones of an incident.")]
Query = Annotated[
    str | None, typer.Option("--query", help="All failed ones of a query line: agency:70000005 since:1d …")
]
Mode = Annotated[
    Literal["ASK", "WORK"], typer.Option(help="ASK asks again; WORK does the work again they were asked for.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Replays: ask again what failed, at a pace, under new ids.", no_args_is_help=True
    )
    group.command("preview")(preview)
    group.command("start")(start)
    group.command("list")(list_all)
    group.command("show")(show)
    group.command("diff")(diff)
    for step in RunStep:
        group.command(step.value)(_stepping(step))
    app.add_typer(group, name="replay")


def preview(
    *,
    exchange: Exchanges = None,
    incident: Incident = None,
    query: Query = None,
    mode: Mode = "ASK",
) -> None:
    """Say what a replay would do; nothing is sent."""
    selection = _selection(exchange, incident, query)

    async def plan(session: AsyncSession, settings: Settings) -> Plan:
        return await plan_replay(session, selection, mode=mode, rules=rules_of(settings, STATES))

    made = in_transaction(plan)
    changes = {f"{field} {worth}": count for (field, worth), count in made.changes.items()}
    say(
        {
            "effect": made.effect,
            "total": len(made.items),
            "replayable": len(made.replayable),
            "refused": dict(made.refused),
            "needs_second_person": made.needs_approval,
            "changes": changes,
        },
        indent=2,
    )


def start(
    *,
    by: By,
    reason: Why,
    exchange: Exchanges = None,
    incident: Incident = None,
    query: Query = None,
    mode: Mode = "ASK",
) -> None:
    """Begin a replay; changes in bulk wait for another person's `kopuro replay approve`."""
    selection, actor = _selection(exchange, incident, query), actor_at_terminal(by)

    async def begin(session: AsyncSession, settings: Settings) -> RunView:
        chosen = settings.operations
        plan = await plan_replay(session, selection, mode=mode, rules=rules_of(settings, STATES))
        wish = RunWish(
            reason=reason,
            per_minute=chosen.replay_per_minute,
            stop_after=chosen.replay_stop_after,
            may_write=True,
        )
        return await show_run(session, await begin_run(session, plan, wish, actor=actor))

    say(_told(in_transaction(begin, Attempt("replay start", by))))


def list_all(*, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List runs, the newest first: one line of JSON each."""
    for view in in_transaction(lambda session, _: list_runs(session, limit=limit)):
        say(_told(view))


def show(
    run_id: Run,
    *,
    items: Annotated[bool, typer.Option("--items", help="Each item, too.")] = False,
) -> None:
    """Show how far a run is."""

    async def read(session: AsyncSession, _: Settings) -> tuple[RunView, list[Any]]:
        found = await items_of(session, run_id, limit=5000) if items else ()
        return await show_run(session, run_id), [as_plain(item) for item in found]

    view, found = in_transaction(read)
    say({**_told(view), **({"items": found} if items else {})}, indent=2)


def diff(run_id: Run, position: Annotated[int, typer.Argument(min=1)]) -> None:
    """Compare old and new answer of an item, masked."""

    async def compare(session: AsyncSession, settings: Settings) -> Any:
        return await compare_item(session, read_keys(settings), await item_at(session, run_id, position))

    found = in_transaction(compare)
    say({"old": as_plain(found.old), "new": as_plain(found.new)})
    for line in found.lines:
        mark = {"SAME": " ", "CHANGED": "~", "ADDED": "+", "REMOVED": "-"}[line.change]
        typer.echo(f"{mark} {line.path}\t{line.old or ''}\t{line.new or ''}")


def _stepping(step: RunStep) -> Any:
    def take(
        run_id: Run, *, by: By, reason: Annotated[str, typer.Option("--reason", help="Why.")] = ""
    ) -> None:
        actor = actor_at_terminal(by)
        say(
            _told(
                in_transaction(
                    lambda session, _: take_run_step(session, run_id, step, actor=actor, reason=reason),
                    Attempt(f"replay {step}", by),
                )
            )
        )

    take.__doc__ = f"{step.value.capitalize()} a run."
    return take


def _selection(exchange: list[UUID] | None, incident: UUID | None, query: str | None) -> Selection:
    if not (exchange or incident or query):
        raise SettingsError("say which: --exchange, --incident or --query")
    return Selection(exchange_ids=tuple(exchange or ()), incident_id=incident, query=query)


def _told(view: RunView) -> dict[str, Any]:
    return {**as_plain(view.run), "total": view.total, "ended": view.ended, "counts": dict(view.counts)}
