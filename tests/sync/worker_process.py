"""A real worker in a process of its own, with the tasks a test needs; some are killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from uuid import uuid4

import aiohttp
from procrastinate import App
from sqlalchemy import text

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable
from gateway.foundation.logging import configure
from gateway.foundation.settings import load
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, BirthActRecord, Outcome, PersonRecord
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


class CivilRegistryOverHttp:
    """The civil registry as a small JSON service; what it does not answer in time or with 200 is down."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        try:
            async with self._session.post(self._url, json={"pin": pin, "issue": context.issue}) as response:
                if response.status != 200:
                    raise AgencyUnavailable("the civil registry is down", code="HTTP")
                told = await response.json()
        except aiohttp.ClientError:
            raise AgencyUnavailable("the civil registry cannot be reached", code="CONNECT") from None
        record = PersonRecord(**{**told, "birth_date": date.fromisoformat(told["birth_date"])})
        return AgencyAnswer(
            outcome=Outcome.FOUND, source="ZAGS", answered_at=utc_now(), record=record, exchange_id=uuid4()
        )

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        raise AgencyRefused("this service is not offered")

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        raise AgencyRefused("this service is not offered")


@asynccontextmanager
async def open_agencies() -> AsyncIterator[Agencies]:
    url = os.environ.get("KOPURO_TEST_REGISTRY")
    if not url:
        yield Agencies()
        return
    async with aiohttp.ClientSession() as session:
        yield Agencies(civil_registry=CivilRegistryOverHttp(session, url))


async def _main() -> None:
    settings = load(home=Path(sys.argv[1]))
    configure(settings.logs.level)
    database = Database(settings.database.url)
    grace = float(os.environ.get("KOPURO_TEST_GRACE", "20"))
    async with open_agencies() as agencies:
        dependencies = WorkerDependencies(database=database, agencies=agencies, settings=settings)
        await run_worker(dependencies, registrations=(*EVERYTHING, register_trials), grace_seconds=grace)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main())
