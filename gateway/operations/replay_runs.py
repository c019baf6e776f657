"""Runs of replays: begun, agreed to by a second person, paused, resumed, cancelled, looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import not_found, refused
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused, RegistryError
from gateway.foundation.queue import defer
from gateway.operations.actor import Actor, told, trace
from gateway.operations.replay_planning import Plan
from gateway.operations.replay_rules import WRITE
from gateway.operations.replay_tables import ReplayItem, ReplayRun

REPLAY = "REPLAY"
TASK = "run_replay"
WAITING, RUNNING, PAUSED, STOPPED, CANCELLED, DONE = (
    "WAITING",
    "RUNNING",
    "PAUSED",
    "STOPPED",
    "CANCELLED",
    "DONE",
)
ITEM_FAILED = ("FAILED", "UNKNOWN")
_INSERTED_AT_ONCE = 500


class RunStep(StrEnum):
    """What a person does with a run."""

    APPROVE = "approve"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """Why it is done, how fast, and after how many failures it stops."""

    reason: str
    per_minute: int
    stop_after: int
    may_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run and how many of its items are in which state."""

    run: ReplayRun
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Count the items."""
        return sum(self.counts.values())

    @property
    def failures(self) -> int:
        """Count what failed, and what nobody can tell."""
        return sum(self.counts.get(state, 0) for state in ITEM_FAILED)

    @property
    def ended(self) -> int:
        """Count what has an outcome."""
        return self.total - sum(self.counts.get(state, 0) for state in ("WAITING", "SENDING", "DEFERRED"))


async def begin_run(session: AsyncSession, plan: Plan, wish: RunWish, *, actor: Actor) -> UUID:
    """Write a run down with its items; one that needs nobody else starts with the transaction.

    Raises InputRefused where there is nothing to do, AccessError where changes are not the actor's to make.
    """
    if not plan.replayable:
        raise InputRefused((("exchange_id", "NOTHING_TO_REPLAY"),))
    if plan.effect == WRITE and not wish.may_write:
        raise refused("FORBIDDEN")
    run_id = uuid4()
    await session.execute(
        insert(ReplayRun).values(
            id=run_id,
            mode=plan.mode,
            effect=plan.effect,
            state=WAITING if plan.needs_approval else RUNNING,
            incident_id=plan.selection.incident_id,
            selection=plan.selection.told(),
            reason=told(wish.reason),
            per_minute=wish.per_minute,
            stop_after=wish.stop_after,
            needs_approval=plan.needs_approval,
            asked_by=actor.reference,
            asked_at=utc_now(),
        )
    )
    await _add_items(session, run_id, plan)
    if not plan.needs_approval:
        await defer_run(session, run_id)
    await trace(
        session,
        actor,
        "replay.begin",
        about=(REPLAY, run_id),
        mode=plan.mode,
        effect=plan.effect,
        count=len(plan.replayable),
    )
    return run_id


async def _add_items(session: AsyncSession, run_id: UUID, plan: Plan) -> None:
    """Add the items; what another run took in the meantime is refused."""
    rows = [
        {
            "run_id": run_id,
            "position": position,
            "exchange_id": item.exchange_id,
            "message_id": item.message_id,
            "service": item.service,
            "effect": item.effect,
            "state": "REFUSED" if item.reason else "WAITING",
            "reason": item.reason,
            "work_task": item.work.task if item.work else None,
            "work_subject": item.work.subject if item.work else None,
            "fault_code": "",
        }
        for position, item in enumerate(plan.items, start=1)
    ]
    for start in range(0, len(rows), _INSERTED_AT_ONCE):
        some = rows[start : start + _INSERTED_AT_ONCE]
        made = await session.execute(
            insert(ReplayItem).values(some).on_conflict_do_nothing().returning(ReplayItem.position)
        )
        kept = set(made.scalars())
        taken: list[dict[str, Any]] = [
            {**row, "state": "REFUSED", "reason": "AT_WORK"} for row in some if row["position"] not in kept
        ]
        if taken:
            await session.execute(insert(ReplayItem).values(taken))


async def defer_run(session: AsyncSession, run_id: UUID, *, after: float = 0.0) -> None:
    """Defer the (further) work on a run; jobs of one run never run side by side."""
    await defer(
        session,
        TASK,
        lock=f"{TASK}:{run_id}",
        scheduled_at=utc_now() + timedelta(seconds=after) if after else None,
        run_id=str(run_id),
    )


async def take_run_step(
    session: AsyncSession, run_id: UUID, step: RunStep, *, actor: Actor, reason: str = ""
) -> RunView:
    """Take a step; raises AccessError for one's own approval, RegistryError for one that cannot follow."""
    run = await _locked(session, run_id)
    if step is RunStep.APPROVE:
        await _approve(session, run, actor)
    elif step is RunStep.PAUSE:
        _become(run, PAUSED, only=(RUNNING,))
    elif step is RunStep.RESUME:
        await _resume(session, run)
    else:
        _become(run, CANCELLED, only=(WAITING, RUNNING, PAUSED, STOPPED))
        run.ended_at = utc_now()
        await _drop_waiting(session, run_id)
    await session.flush()
    view = await show_run(session, run_id)
    await trace(session, actor, f"replay.{step}", about=(REPLAY, run_id), reason=reason[:200])
    return view


async def _approve(session: AsyncSession, run: ReplayRun, actor: Actor) -> None:
    if actor.reference == run.asked_by:
        raise refused("SECOND_PERSON")
    _become(run, RUNNING, only=(WAITING,))
    run.approved_by, run.approved_at = actor.reference, utc_now()
    await defer_run(session, run.id)


async def _resume(session: AsyncSession, run: ReplayRun) -> None:
    """Go on after a pause or too many failures: those there are count no more."""
    _become(run, RUNNING, only=(PAUSED, STOPPED))
    run.resumed_at = utc_now()
    run.forgiven = (await show_run(session, run.id)).failures
    run.ended_at = None
    await defer_run(session, run.id)


def _become(run: ReplayRun, state: str, *, only: tuple[str, ...]) -> None:
    if run.state not in only:
        raise RegistryError(f"a run that is {run.state} cannot become {state}")
    run.state = state


async def _drop_waiting(session: AsyncSession, run_id: UUID) -> None:
    await session.execute(
        update(ReplayItem)
        .where(ReplayItem.run_id == run_id, ReplayItem.state == "WAITING")
        .values(state="DROPPED", ended_at=utc_now())
    )


async def _locked(session: AsyncSession, run_id: UUID) -> ReplayRun:
    found = await session.execute(select(ReplayRun).where(ReplayRun.id == run_id).with_for_update())
    run = found.scalar_one_or_none()
    if run is None:
        raise not_found()
    return run


async def show_run(session: AsyncSession, run_id: UUID) -> RunView:
    """Show a run; raises AccessError where there is none."""
    run = (await session.execute(select(ReplayRun).where(ReplayRun.id == run_id))).scalar_one_or_none()
    if run is None:
        raise not_found()
    return RunView(run=run, counts=(await _counts(session, [run_id])).get(run_id, {}))


async def list_runs(
    session: AsyncSession,
    *,
    limit: int = 50,
    incident_id: UUID | None = None,
    exchange_id: UUID | None = None,
) -> Sequence[RunView]:
    """List runs, the newest first: all, those of an incident, or those an exchange is the old or new one of."""
    statement = select(ReplayRun).order_by(ReplayRun.asked_at.desc(), ReplayRun.id).limit(limit)
    if incident_id is not None:
        statement = statement.where(ReplayRun.incident_id == incident_id)
    if exchange_id is not None:
        either = or_(ReplayItem.exchange_id == exchange_id, ReplayItem.new_exchange_id == exchange_id)
        statement = statement.where(ReplayRun.id.in_(select(ReplayItem.run_id).where(either)))
    runs = (await session.execute(statement)).scalars().all()
    counts = await _counts(session, [run.id for run in runs])
    return [RunView(run=run, counts=counts.get(run.id, {})) for run in runs]


async def links_of(session: AsyncSession, exchange_id: UUID) -> Sequence[ReplayItem]:
    """List the items an exchange is the old or the new one of: the link in both directions."""
    either = or_(ReplayItem.exchange_id == exchange_id, ReplayItem.new_exchange_id == exchange_id)
    found = await session.execute(select(ReplayItem).where(either).order_by(ReplayItem.started_at))
    return found.scalars().all()


async def items_of(
    session: AsyncSession, run_id: UUID, *, limit: int = 100, after: int = 0, state: str | None = None
) -> Sequence[ReplayItem]:
    """List the items of a run in their order, behind a position."""
    statement = select(ReplayItem).where(ReplayItem.run_id == run_id, ReplayItem.position > after)
    if state is not None:
        statement = statement.where(ReplayItem.state == state)
    return (await session.execute(statement.order_by(ReplayItem.position).limit(limit))).scalars().all()


async def item_at(session: AsyncSession, run_id: UUID, position: int) -> ReplayItem:
    """Give one item; raises AccessError where there is none."""
    found = await session.get(ReplayItem, (run_id, position))
    if found is None:
        raise not_found()
    return found


async def _counts(session: AsyncSession, runs: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    found = await session.execute(
        select(ReplayItem.run_id, ReplayItem.state, func.count())
        .where(ReplayItem.run_id.in_(runs))
        .group_by(ReplayItem.run_id, ReplayItem.state)
    )
    counts: dict[UUID, dict[str, int]] = {}
    for run_id, state, count in found:
        counts.setdefault(run_id, {})[state] = count
    return counts
