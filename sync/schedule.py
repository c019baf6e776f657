"""What runs by the clock: rescue of stalled jobs, re-verification of what is stale, tidying of queue and files.

Procrastinate defers a tick once however many workers are running; a tick that still waits is not doubled.
"""

from procrastinate import App, JobContext

from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.queue import QUEUE
from gateway.intake.foreigners import warn_of_expiry
from gateway.intake.imports.custody import drop_expired
from sync.dependencies import WorkerDependencies
from sync.rescue import bury_lost, rescue_stalled
from sync.reverify import reverify_stale
from sync.tasks import abandon

KEEP_SUCCEEDED_HOURS = 48
KEEP_FAILED_HOURS = 24 * 90
_FIRST = 100  # a rescue goes before all other work


def register_schedule(app: App, dependencies: WorkerDependencies) -> None:
    """Add the periodic tasks to the app."""
    period = rescue_period(dependencies.settings.work.stalled_after_seconds)

    @app.periodic(cron=f"* * * * * */{period}")
    @app.task(name="rescue_stalled", queue=QUEUE, queueing_lock="rescue_stalled", priority=_FIRST)
    async def _rescue(timestamp: int) -> None:  # noqa: ARG001 – the tick's instant, of no interest
        for lost in await rescue_stalled(dependencies):
            await abandon(dependencies, lost.task, lost.args)
            await bury_lost(dependencies, lost)

    @app.periodic(cron="*/15 * * * *")
    @app.task(name="reverify_stale", queue=QUEUE, queueing_lock="reverify_stale")
    async def _reverify(timestamp: int) -> None:  # noqa: ARG001
        await reverify_stale(dependencies)

    @app.periodic(cron="17 * * * *")
    @app.task(name="tidy_queue", queue=QUEUE, queueing_lock="tidy_queue", pass_context=True)
    async def _tidy(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
        manager = context.app.job_manager
        await manager.delete_old_jobs(nb_hours=KEEP_SUCCEEDED_HOURS, queue=QUEUE)
        await manager.delete_old_jobs(
            nb_hours=KEEP_FAILED_HOURS,
            queue=QUEUE,
            include_failed=True,
            include_cancelled=True,
            include_aborted=True,
        )

    @app.periodic(cron="5 3 * * *")
    @app.task(name="warn_of_expiry", queue=QUEUE, queueing_lock="warn_of_expiry")
    async def _warn(timestamp: int) -> None:  # noqa: ARG001
        async with dependencies.database.transaction() as session:
            now = utc_now()
            await warn_of_expiry(session, on=day_of(now), at=now)

    @app.periodic(cron="41 * * * *")
    @app.task(name="drop_imported_files", queue=QUEUE, queueing_lock="drop_imported_files")
    async def _drop(timestamp: int) -> None:  # noqa: ARG001
        await drop_expired(dependencies.database, now=utc_now())


def rescue_period(stalled_after_seconds: float) -> int:
    """Give how often to look: seconds that divide a minute, about half the time a worker may be silent."""
    half = stalled_after_seconds / 2
    return next((seconds for seconds in (30, 20, 15, 10, 5, 2) if seconds <= half), 1)
