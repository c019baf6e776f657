"""What runs by the clock for feeds, agencies, cases and the calendar: one line each, and what it calls."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from procrastinate import App

from gateway.foundation.clock import utc_now
from gateway.foundation.queue import QUEUE
from sync.catch_up import probe_sources
from sync.daily import examine, forget_answers, let_places_go, project_due, send_notices, wake_cases
from sync.dependencies import WorkerDependencies
from sync.following import defer_due_feeds
from sync.staff import check_staff

_BEFORE_WORK = 50  # a long queue of imports and checks must not hold the clock up
Tick = Callable[[WorkerDependencies], Awaitable[object]]


def _now(work: Callable[..., Awaitable[object]]) -> Tick:
    async def tick(dependencies: WorkerDependencies) -> object:
        at: datetime = utc_now()
        return await work(dependencies, at=at)

    return tick


# six fields: the last one is the second
TICKS: tuple[tuple[str, str, Tick], ...] = (
    ("follow_feeds", "* * * * * */15", _now(defer_due_feeds)),
    ("probe_sources", "* * * * * */15", _now(probe_sources)),
    ("due_projections", "*/10 * * * *", _now(project_due)),
    ("lapse_holds", "*/5 * * * *", _now(let_places_go)),
    ("wake_silent", "*/5 * * * *", _now(wake_cases)),
    ("forget_answers", "11 * * * *", _now(forget_answers)),
    ("examine_changes", "*/10 * * * *", _now(examine)),
    ("check_staff", "27 * * * *", _now(check_staff)),
    ("send_notices", "*/2 * * * *", _now(send_notices)),
)


def register_ticks(app: App, dependencies: WorkerDependencies) -> None:
    """Add them to the app; a tick that still waits is not doubled."""
    for name, cron, tick in TICKS:
        _register(app, dependencies, name, cron=cron, tick=tick)


def _register(app: App, dependencies: WorkerDependencies, name: str, *, cron: str, tick: Tick) -> None:
    @app.periodic(cron=cron)
    @app.task(name=name, queue=QUEUE, queueing_lock=name, priority=_BEFORE_WORK)
    async def _run(timestamp: int) -> None:  # noqa: ARG001 – the tick's instant, of no interest
        await tick(dependencies)
