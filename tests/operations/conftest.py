"""A sandbox over HTTP with the gateway opened against it, and journal rows as outages leave them."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio

from gateway.cli.sandbox import make_sandbox
from gateway.exchange.entry import Entry, Kind
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.intake.ports import AskContext
from gateway.operations.actor import Actor
from gateway.sandbox.host import Addresses, consumer_doors, simulator_app
from gateway.sandbox.people import population
from gateway.sandbox.security_server import SecurityServer
from gateway.wiring.opening import Gateway, open_gateway
from sync.dependencies import WorkerDependencies
from tests.exchange.journal import make_keys
from tests.running import make_settings, served

SEED, PEOPLE = 2026, 60
US = "central-server/GOV/70000016/isuo-service"
ZAGS = "central-server/GOV/70000005/zags-service/zagsDataByPin/v1"
ONE, OTHER = Actor(reference="isuo.one"), Actor(reference="isuo.other")


@dataclass
class Box:
    """The gateway, the way to the simulators' switches, and synthetic PINs."""

    gateway: Gateway
    switches: str
    pins: list[str]

    @property
    def database(self) -> Database:
        return self.gateway.database

    @property
    def work(self) -> WorkerDependencies:
        """What a worker of this gateway has."""
        gateway = self.gateway
        return WorkerDependencies(
            database=gateway.database,
            agencies=gateway.agencies,
            settings=gateway.settings,
            resender=gateway.resender,
        )

    async def switch(self, mode: str, agency: str = "infocom", subsystem: str = "zags-service") -> None:
        """Let a subsystem misbehave, or behave again with `ok`."""
        async with aiohttp.ClientSession() as http:
            path = f"{self.switches}/control/{agency}/{subsystem}"
            async with http.post(path, json={"mode": mode}) as reply:
                assert reply.status == 200

    async def ask(self, number: int = 0, issue: str = "autofill-1") -> None:
        """Ask the civil registry about a synthetic person."""
        context = AskContext(user_id="clerk", issue=issue)
        registry = self.gateway.agencies.civil_registry
        assert registry is not None
        await registry.person_by_pin(self.pins[number], context=context)

    async def outage(self, count: int) -> None:
        """Ask in vain so many times while the civil registry is down, then let it come back."""
        await self.switch("down")
        for number in range(count):
            await self.ask(number)
        await self.switch("ok")


def settings_in(database_url: str, folder: Path, **environment: str) -> Settings:
    return make_settings(
        database_url,
        folder,
        KOPURO_SECURITY_SERVER__ATTEMPTS="1",
        KOPURO_BACKGROUND__BREAKER__FAILURES="1000",
        KOPURO_OPERATIONS__REPLAY_PER_MINUTE="6000",
        **environment,
    )


@asynccontextmanager
async def sandbox(settings: Settings) -> AsyncIterator[tuple[Settings, str]]:
    """Serve simulators and our security server's double; give settings that point there."""
    bounds = [listen("127.0.0.1", 0) for _ in range(2)]
    consumer, simulators = [port_of(bound) for bound in bounds]
    for bound in bounds:
        bound.close()
    settings = dataclasses.replace(
        settings,
        security_server=dataclasses.replace(settings.security_server, url=f"http://127.0.0.1:{consumer}/"),
    )
    addresses = Addresses(consumer=consumer, provider=consumer, simulators=simulators)
    made = make_sandbox(settings, addresses, seed=SEED, size=PEOPLE)
    asking = SecurityServer(consumer_doors(made))
    async with (
        served(simulator_app(made), settings, simulators) as switches,
        served(asking.app(), settings, consumer),
    ):
        yield settings, switches
        await asking.close()


@pytest_asyncio.fixture
async def box(database_url: str, tmp_path: Path) -> AsyncIterator[Box]:
    """Open everything."""
    async with (
        sandbox(settings_in(database_url, tmp_path)) as (settings, switches),
        open_gateway(settings) as gateway,
    ):
        pins = [person.pin for person in population(SEED, PEOPLE).people if person.pin]
        yield Box(gateway=gateway, switches=switches, pins=pins)


@dataclass
class Rows:
    """Writes rows of the journal as calls leave them."""

    writer: JournalWriter
    start: datetime

    async def answered(
        self,
        code: str = "",
        *,
        service: str = ZAGS,
        after: float = 0.0,
        exchange_id: UUID | None = None,
        attempt: int = 1,
    ) -> UUID:
        """Write an outbound exchange's last row; without a code it succeeded. Seconds after the start."""
        made, at = exchange_id or uuid4(), self.start + timedelta(seconds=after)
        entry = Entry(
            entry_id=uuid4(),
            exchange_id=made,
            kind=Kind.ANSWERED,
            client=US,
            service=service,
            message_id=str(made),
            request_in_ts=at,
            response_in_ts=at,
            response_out_ts=at,
            succeeded=not code,
            outcome="AgencyUnavailable" if code else "OK",
            fault_code=code,
            attempt=attempt,
        )
        await self.writer.record(entry)
        return made


@asynccontextmanager
async def rows_in(database: Database) -> AsyncIterator[Rows]:
    """Open a journal to write rows into; they begin an hour ago."""
    writer = JournalWriter(database, make_keys(), group_window_ms=0.5)
    await writer.start()
    yield Rows(writer=writer, start=utc_now() - timedelta(hours=1))
    await writer.close()


@pytest_asyncio.fixture
async def rows(database: Database) -> AsyncIterator[Rows]:
    """Open the journal of the test's own database."""
    async with rows_in(database) as made:
        yield made


@pytest.fixture
def at() -> Callable[[int], datetime]:
    """Give an instant of a fixed day by its minute."""
    return lambda minute: datetime(2026, 11, 23, 8, tzinfo=UTC) + timedelta(minutes=minute)
