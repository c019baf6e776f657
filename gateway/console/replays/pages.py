"""The preview of a replay, the list of runs, a run with its progress, and two answers side by side."""

from uuid import UUID

from starlette.responses import Response

from gateway.access.errors import not_found, refused
from gateway.access.values import Action, Kind
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.logins import logins_of
from gateway.console.replays.choosing import (
    first_exchange,
    is_empty,
    read_mode,
    read_selection,
    write_selection,
)
from gateway.console.steps import READ, READ_BODY, REPLAY, actor, change, uuid_in_path, uuid_or_none
from gateway.foundation.errors import InputRefused
from gateway.intake.exchange_states import STATES
from gateway.operations.replay_answers import compare_item
from gateway.operations.replay_planning import Selection, plan_replay
from gateway.operations.replay_rules import rules_of
from gateway.operations.replay_runs import (
    RunStep,
    RunView,
    RunWish,
    begin_run,
    item_at,
    items_of,
    links_of,
    list_runs,
    show_run,
    take_run_step,
)
from gateway.pages import NavEntry, Page, Room, Visit
from gateway.pages.rendering import query_string

REPLAYS = "/replays"
_SHOWN, _PAGE = 100, 100
_ITEM_STATES = ("SUCCEEDED", "FAILED", "REFUSED", "UNKNOWN", "WAITING", "SENDING", "DEFERRED", "DROPPED")
_STEPS: dict[str, tuple[str, ...]] = {
    "WAITING": ("approve", "cancel"),
    "RUNNING": ("pause", "cancel"),
    "PAUSED": ("resume", "cancel"),
    "STOPPED": ("resume", "cancel"),
}


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    pages = _Replays(deps)
    run = f"{REPLAYS}/{{run_id}}"
    return Room(
        pages=(
            Page(method="GET", path=REPLAYS, answer=pages.list_all, policy=READ),
            Page(method="GET", path=f"{REPLAYS}/new", answer=pages.preview, policy=REPLAY),
            Page(method="POST", path=f"{REPLAYS}/new", answer=pages.preview_chosen, policy=REPLAY),
            Page(method="POST", path=REPLAYS, answer=pages.begin, policy=REPLAY),
            Page(method="GET", path=run, answer=pages.show, policy=READ),
            Page(method="GET", path=f"{run}/progress", answer=pages.show, policy=READ, traced=False),
            Page(method="POST", path=f"{run}/{{step}}", answer=pages.step, policy=REPLAY),
            Page(method="GET", path=f"{run}/items/{{position}}", answer=pages.compare, policy=READ_BODY),
        ),
        nav=(NavEntry(path=REPLAYS, text="replays.nav", icon="replay", policy=READ, order=30),),
    )


class _Replays:
    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps = deps
        self._rules = rules_of(deps.settings, STATES)

    async def list_all(self, visit: Visit) -> Response:
        """List runs, the newest first."""
        exchange_id = uuid_or_none(visit.query("exchange"))
        async with visit.reading() as session:
            runs = await list_runs(session, limit=_PAGE, exchange_id=exchange_id)
            logins = await logins_of(session, [each.run.asked_by for each in runs])
        return visit.render("console/replays/list.html", runs=runs, logins=logins)

    async def preview(self, visit: Visit) -> Response:
        """Say what a replay would do; the choice stands in the address."""
        query = visit.request.query_params
        selection = read_selection(lambda name: query.get(name, ""), query.getlist)
        return await self._preview(visit, selection, read_mode(query.get("mode", "")))

    async def preview_chosen(self, visit: Visit) -> Response:
        """Say what a replay would do; the choice came from a list's checkboxes."""
        selection = read_selection(visit.field, visit.fields)
        return await self._preview(visit, selection, read_mode(visit.field("mode")))

    async def _preview(self, visit: Visit, selection: Selection, mode: str) -> Response:
        if is_empty(selection):
            return visit.redirect(f"/console{REPLAYS}", told="replays.nothing_chosen", kind="note")
        try:
            async with self._deps.database.transaction() as session:
                plan = await plan_replay(session, selection, mode=mode, rules=self._rules)
        except InputRefused:
            return visit.redirect(f"/console{REPLAYS}", told="replays.no_query", kind="bad")
        async with self._deps.database.transaction() as session:
            alone = first_exchange(selection)
            links = await links_of(session, alone) if alone else ()
        chosen = self._deps.settings.operations
        may_write = visit.may(Action.REPLAY_WRITES, Kind.EXCHANGE)
        return visit.render(
            "console/replays/new.html",
            plan=plan,
            items=plan.items[:_SHOWN],
            fields=write_selection(selection),
            links=links,
            may_begin=bool(plan.replayable) and (plan.effect == "READ" or may_write),
            pace=chosen.replay_per_minute,
            stop_after=chosen.replay_stop_after,
        )

    async def begin(self, visit: Visit) -> Response:
        """Begin it."""
        selection = read_selection(visit.field, visit.fields)
        wish = RunWish(
            reason=visit.field("reason"),
            per_minute=_number(visit.field("per_minute"), most=6000),
            stop_after=_number(visit.field("stop_after"), most=5000),
            may_write=visit.may(Action.REPLAY_WRITES, Kind.EXCHANGE),
        )
        try:
            async with self._deps.database.transaction() as session:
                plan = await plan_replay(
                    session, selection, mode=read_mode(visit.field("mode")), rules=self._rules
                )
                run_id = await begin_run(session, plan, wish, actor=actor(visit))
        except InputRefused as error:
            nothing = error.problems[0][1] == "NOTHING_TO_REPLAY"
            told = "replays.nothing_to_do" if nothing else "operations.reason.required"
            return visit.redirect(f"/console{REPLAYS}", told=told, kind="bad")
        return visit.redirect(f"/console{REPLAYS}/{run_id}", told="replays.begun")

    async def show(self, visit: Visit) -> Response:
        """Show a run, its progress and its items."""
        run_id = uuid_in_path(visit, "run_id")
        state = visit.query("state") if visit.query("state") in _ITEM_STATES else ""
        after = visit.query("after")
        async with visit.reading() as session:
            view = await show_run(session, run_id)
            items = await items_of(
                session,
                run_id,
                limit=_PAGE + 1,
                after=int(after) if after.isdecimal() and len(after) < 7 else 0,
                state=state or None,
            )
            logins = await logins_of(session, (view.run.asked_by, view.run.approved_by))
        here, kept = f"/console{REPLAYS}/{run_id}", query_string(state=state)
        following = items[_PAGE - 1].position if len(items) > _PAGE else None
        return visit.render(
            "console/replays/show.html",
            view=view,
            logins=logins,
            items=items[:_PAGE],
            state=state,
            states=[name for name in _ITEM_STATES if view.counts.get(name)],
            steps=self._steps(visit, view),
            moving=view.run.state in {"RUNNING", "WAITING"},
            live=f"{here}/progress{query_string(state=state, after=after)}",
            newest=f"{here}{kept}" if after else "",
            following=f"{here}{query_string(state=state, after=following)}" if following else "",
        )

    def _steps(self, visit: Visit, view: RunView) -> list[str]:
        """Give the steps that this visitor may take now."""
        if not visit.may(Action.REPLAY, Kind.EXCHANGE):
            return []
        steps = list(_STEPS.get(view.run.state, ()))
        own = view.run.asked_by == visit.caller.user_id
        if "approve" in steps and (own or not visit.may(Action.REPLAY_WRITES, Kind.EXCHANGE)):
            steps.remove("approve")
        return steps

    async def step(self, visit: Visit) -> Response:
        """Approve, pause, resume or cancel."""
        run_id = uuid_in_path(visit, "run_id")
        if visit.path("step") not in set(RunStep):
            raise not_found()
        step = RunStep(visit.path("step"))
        if step is RunStep.APPROVE and not visit.may(Action.REPLAY_WRITES, Kind.EXCHANGE):
            raise refused("FORBIDDEN")
        return await change(
            visit,
            self._deps.database,
            lambda session: take_run_step(session, run_id, step, actor=actor(visit)),
            back=f"/console{REPLAYS}/{run_id}",
            told=f"replays.told_{step}",
        )

    async def compare(self, visit: Visit) -> Response:
        """Show old and new answer side by side, masked."""
        run_id, position = uuid_in_path(visit, "run_id"), visit.path("position")
        if not (position.isdecimal() and len(position) < 7):
            raise not_found()
        async with self._deps.database.transaction() as session:
            item = await item_at(session, run_id, int(position))
            found = await compare_item(session, self._deps.keys, item)
        return visit.render(
            "console/replays/compare.html", run_id=run_id, item=item, found=found, total=_count(found.lines)
        )


def _count(lines: tuple[object, ...]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for line in lines:
        change_of = str(getattr(line, "change", ""))
        counted[change_of] = counted.get(change_of, 0) + 1
    return counted


def _number(text: str, *, most: int) -> int:
    """Read a number within bounds; what is none becomes the smallest."""
    return min(most, max(1, int(text))) if text.isdecimal() and len(text) < 9 else 1


def replay_address(exchange_id: UUID) -> str:
    """Give the address at which one exchange is previewed for a replay: what an exchange's page links to."""
    return f"/console{REPLAYS}/new?exchange={exchange_id}"
