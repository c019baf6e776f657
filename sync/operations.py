"""Operators' work in the background: incidents from the journal, runs of replays, alerts and their delivery."""

from datetime import timedelta
from uuid import UUID

from procrastinate import App

from gateway.foundation.errors import SettingsError
from gateway.foundation.queue import QUEUE
from gateway.operations.alert_carriers import Carriers
from gateway.operations.alert_delivery import deliver_alert
from gateway.operations.alert_evaluation import TASK as DELIVER_ALERT
from gateway.operations.alert_evaluation import evaluate_alerts
from gateway.operations.incident_feeding import Calm, close_calm, feed_incidents
from gateway.operations.replay_running import work_on_run
from gateway.operations.replay_runs import TASK as RUN_REPLAY
from sync.dependencies import WorkerDependencies
from sync.retries import Backoff


def register_operations(app: App, dependencies: WorkerDependencies) -> None:
    """Add the tasks and what runs by the clock."""
    backoff = Backoff(dependencies.settings.work)

    @app.periodic(cron="* * * * * */10")
    @app.task(name="feed_incidents", queue=QUEUE, queueing_lock="feed_incidents")
    async def _feed(timestamp: int) -> None:  # noqa: ARG001 – the tick's instant, of no interest
        await tend_incidents(dependencies)

    @app.periodic(cron="* * * * *")
    @app.task(name="evaluate_alerts", queue=QUEUE, queueing_lock="evaluate_alerts")
    async def _evaluate(timestamp: int) -> None:  # noqa: ARG001
        await evaluate_alerts(dependencies.database, dependencies.settings)

    @app.task(name=DELIVER_ALERT, queue=QUEUE, retry=backoff)
    async def _deliver(delivery_id: str) -> None:
        settings = dependencies.settings
        await deliver_alert(dependencies.database, Carriers(settings), settings, UUID(delivery_id))

    @app.task(name=RUN_REPLAY, queue=QUEUE, retry=backoff)
    async def _replay(run_id: str) -> None:
        if dependencies.resender is None:
            raise SettingsError("this worker was opened without a way to agencies")
        await work_on_run(dependencies.resender, UUID(run_id))


async def tend_incidents(dependencies: WorkerDependencies) -> None:
    """Take in what the journal settled, then close what is over."""
    chosen = dependencies.settings.operations
    calm = Calm(
        quiet=timedelta(minutes=chosen.quiet_minutes), settle=timedelta(seconds=chosen.settle_seconds)
    )
    await feed_incidents(dependencies.database)
    async with dependencies.database.transaction() as session:
        await close_calm(session, calm)
