"""A real worker in a process of its own, with the tasks a test needs; started by the tests, killed by some."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from procrastinate import App
from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyRefused
from gateway.foundation.logging import configure
from gateway.foundation.settings import load
from gateway.intake.ports import Agencies
from sync.dependencies import WorkerDependencies
from sync.retries import Backoff
from sync.worker import EVERYTHING, run_worker


def register_trials(app: App, dependencies: WorkerDependencies) -> None:
    """Tasks that behave badly on purpose."""

    @app.task(name="kill_the_worker")
    async def _kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @app.task(name="sleep", retry=Backoff(dependencies.settings.work))
    async def _sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)

    @app.task(name="quote_a_row", retry=Backoff(dependencies.settings.work))
    async def _quote(pin: str) -> None:
        async with dependencies.database.transaction() as session:
            await session.execute(text("select cast(:pin as date)"), {"pin": f"{pin} Асанова"})

    @app.task(name="be_refused", retry=Backoff(dependencies.settings.work))
    async def _refused() -> None:
        raise AgencyRefused("the agency does not know this service", code="Server.ServerProxy.UnknownService")


async def _main() -> None:
    settings = load(home=Path(sys.argv[1]))
    configure(settings.logs.level)
    database = Database(settings.database.url)
    dependencies = WorkerDependencies(database=database, agencies=Agencies(), settings=settings)
    grace = float(os.environ.get("KOPURO_TEST_GRACE", "20"))
    await run_worker(dependencies, registrations=(*EVERYTHING, register_trials), grace_seconds=grace)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main())
