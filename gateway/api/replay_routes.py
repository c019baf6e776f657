"""Replays: what one would do, beginning it, its steps, its items, old and new answer compared."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query

from gateway.access.decide import decide
from gateway.access.errors import refused
from gateway.access.values import Action, Kind
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permit, Permitted
from gateway.api.incident_routes import number_of
from gateway.api.operations_bodies import (
    AnswerState,
    ChangeAnswer,
    DiffAnswer,
    DiffLineAnswer,
    ItemAnswer,
    ItemsPage,
    PlanAnswer,
    PlannedAnswer,
    ReplayBody,
    RunAnswer,
    SelectionBody,
    StepOfRunBody,
)
from gateway.api.operations_sentences import operations_reason
from gateway.api.paging import Cursor, Limit, cursor_of
from gateway.foundation.errors import InputRefused
from gateway.intake.exchange_states import STATES
from gateway.intake.reasons import LANGUAGES, choose_language
from gateway.operations.actor import actor_of
from gateway.operations.replay_answers import compare_item
from gateway.operations.replay_planning import Plan, Planned, Selection, plan_replay
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

Language = Annotated[str | None, Header(alias="accept-language", include_in_schema=False)]
Position = Annotated[int, Path(ge=1, le=5000)]
_SHOWN = 200
_SELECTION = ("incident_id", "query", "agency", "service", "fault_code", "since", "until")
_RUN = (
    "mode", "effect", "state", "incident_id", "selection", "reason", "per_minute", "stop_after", "asked_by",
    "asked_at", "approved_by", "approved_at", "ended_at",
)  # fmt: skip


def add_replay_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what is asked about replays."""
    _add_beginning(router, deps)
    _add_reading(router)
    _add_steps(router, deps)
    _add_comparing(router, deps)


def _add_beginning(router: APIRouter, deps: ApiDependencies) -> None:
    rules = rules_of(deps.settings, STATES)

    @router.post("/replays/preview")
    async def preview_replay(body: SelectionBody, permit: Permitted, language: Language = None) -> PlanAnswer:
        """Say what a replay would do, item by item; nothing is sent."""
        async with permit.database.transaction() as session:
            plan = await plan_replay(session, selection_of(body), mode=body.mode, rules=rules)
        return _plan(plan, choose_language(language))

    @router.post("/replays", status_code=201)
    async def begin_replay(body: ReplayBody, permit: Permitted) -> RunAnswer:
        """Begin a replay; changes in bulk wait for a second person."""
        chosen = deps.settings.operations
        wish = RunWish(
            reason=body.reason,
            per_minute=body.per_minute or chosen.replay_per_minute,
            stop_after=body.stop_after or chosen.replay_stop_after,
            may_write=may_write(permit),
        )
        async with deps.database.transaction() as session:
            plan = await plan_replay(session, selection_of(body), mode=body.mode, rules=rules)
            actor = actor_of(permit.caller, peer=permit.peer)
            run_id = await begin_run(session, plan, wish, actor=actor)
            return _run(await show_run(session, run_id))


def _add_reading(router: APIRouter) -> None:
    @router.get("/replays")
    async def replays(
        permit: Permitted,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        incident_id: UUID | None = None,
        exchange_id: UUID | None = None,
    ) -> list[RunAnswer]:
        """List runs, the newest first; of an incident, or those an exchange is the old or the new one of."""
        async with permit.reading() as session:
            runs = await list_runs(session, limit=limit, incident_id=incident_id, exchange_id=exchange_id)
        return [_run(run) for run in runs]

    @router.get("/replays/{run_id}")
    async def replay(run_id: UUID, permit: Permitted) -> RunAnswer:
        """Show a run and how far it is."""
        async with permit.reading() as session:
            return _run(await show_run(session, run_id))

    @router.get("/replays/{run_id}/items")
    async def replay_items(
        run_id: UUID, permit: Permitted, limit: Limit = 100, cursor: Cursor = ""
    ) -> ItemsPage:
        """List the items of a run, in order."""
        async with permit.reading() as session:
            await show_run(session, run_id)
            after = min(number_of(cursor) or 0, 1_000_000)
            found = await items_of(session, run_id, limit=limit + 1, after=after)
        return ItemsPage(
            items=[ItemAnswer.model_validate(item, from_attributes=True) for item in found[:limit]],
            next_cursor=cursor_of(str(found[limit - 1].position)) if len(found) > limit else None,
        )


def _add_steps(router: APIRouter, deps: ApiDependencies) -> None:
    @router.post("/replays/{run_id}/steps")
    async def step_replay(run_id: UUID, body: StepOfRunBody, permit: Permitted) -> RunAnswer:
        """Approve, pause, resume or cancel a run."""
        if body.step is RunStep.APPROVE and not may_write(permit):
            raise refused("FORBIDDEN")
        async with deps.database.transaction() as session:
            actor = actor_of(permit.caller, peer=permit.peer)
            return _run(await take_run_step(session, run_id, body.step, actor=actor, reason=body.reason))


def _add_comparing(router: APIRouter, deps: ApiDependencies) -> None:
    @router.get("/replays/{run_id}/items/{position}/diff")
    async def compare_answers(run_id: UUID, position: Position, permit: Permitted) -> DiffAnswer:
        """Compare old and new answer field by field; values about people are masked."""
        if deps.keys is None:
            raise refused("NO_JOURNAL_KEYS")
        async with permit.database.transaction() as session:
            item = await item_at(session, run_id, position)
            found = await compare_item(session, deps.keys, item)
        return DiffAnswer(
            old=AnswerState.model_validate(found.old, from_attributes=True),
            new=AnswerState.model_validate(found.new, from_attributes=True) if found.new else None,
            lines=[DiffLineAnswer.model_validate(line, from_attributes=True) for line in found.lines],
        )


def may_write(permit: Permit) -> bool:
    """Tell whether the caller may repeat what changes something."""
    return decide(permit.caller, Action.REPLAY_WRITES, Kind.EXCHANGE).allowed


def selection_of(body: SelectionBody) -> Selection:
    """Read a selection; raises InputRefused where nothing at all was chosen, or a time has no zone."""
    chosen: dict[str, Any] = {name: getattr(body, name) for name in _SELECTION}
    if not body.exchange_ids and all(value is None for value in chosen.values()):
        raise InputRefused((("exchange_ids", "REQUIRED"),))
    for name in ("since", "until"):
        if chosen[name] is not None and chosen[name].tzinfo is None:
            raise InputRefused(((name, "TIME"),))
    return Selection(exchange_ids=tuple(body.exchange_ids), **chosen)


def _plan(plan: Plan, language: str) -> PlanAnswer:
    return PlanAnswer(
        mode=plan.mode,  # type: ignore[arg-type]
        effect=plan.effect,  # type: ignore[arg-type]
        total=len(plan.items),
        replayable=len(plan.replayable),
        needs_second_person=plan.needs_approval,
        refused=plan.refused,
        changes=[
            ChangeAnswer(field=name, worth=worth, count=count)
            for (name, worth), count in plan.changes.items()
        ],
        items=[_planned(item, language) for item in plan.items[:_SHOWN]],
    )


def _planned(item: Planned, language: str) -> PlannedAnswer:
    spoken = operations_reason(item.reason)
    return PlannedAnswer(
        exchange_id=item.exchange_id,
        message_id=item.message_id,
        service=item.service,
        effect=item.effect,  # type: ignore[arg-type]
        fault_code=item.fault_code,
        reason=item.reason,
        reason_text=spoken[LANGUAGES.index(language)] if spoken else "",
    )


def _run(view: RunView) -> RunAnswer:
    return RunAnswer(
        run_id=view.run.id,
        needs_second_person=view.run.needs_approval,
        total=view.total,
        ended=view.ended,
        failures=view.failures,
        counts=view.counts,
        **{name: getattr(view.run, name) for name in _RUN},
    )
