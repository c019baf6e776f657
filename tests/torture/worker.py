"""The real worker with one more feed in it, in a process of its own; it is killed again and again."""

import asyncio
import os

from procrastinate import App

from gateway.foundation.clock import utc_now
from gateway.foundation.queue import QUEUE
from gateway.wiring.opening import open_gateway
from gateway.wiring.ready import begin
from sync.dependencies import WorkerDependencies
from sync.worker import EVERYTHING, run_worker
from tests.torture.feed import WAYS, TortureFeed

NUMBERS, BROKEN = "TORTURE_NUMBERS", "TORTURE_BROKEN"


def register_torture(app: App, dependencies: WorkerDependencies) -> None:
    """Follow the countable feed every second."""
    feed, way = TortureFeed(int(os.environ[NUMBERS])), WAYS[os.environ.get(BROKEN, "")]

    @app.periodic(cron="* * * * * */1")
    @app.task(name="follow_torture", queue=QUEUE, queueing_lock="follow_torture", priority=10)
    async def _follow(timestamp: int) -> None:
        await way(dependencies.database, feed, at=utc_now())


async def work() -> None:
    """Work until told to stop, as `kopuro worker` does."""
    settings = begin()
    async with open_gateway(settings) as gateway:
        dependencies = WorkerDependencies(
            database=gateway.database,
            agencies=gateway.agencies,
            settings=gateway.settings,
            notices=gateway.notices,
        )
        await run_worker(dependencies, registrations=(*EVERYTHING, register_torture))


if __name__ == "__main__":
    asyncio.run(work())
