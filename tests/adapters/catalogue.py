"""The whole catalogue over real HTTP: simulators, a security-server double, a journal in PostgreSQL, the ports."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from gateway.cli.sandbox import make_sandbox
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.intake.answers import AskContext
from gateway.intake.ports import Agencies
from gateway.sandbox.host import Addresses, consumer_doors, simulator_app
from gateway.sandbox.people import Population, population
from gateway.sandbox.security_server import SecurityServer
from gateway.wiring.opening import Gateway, open_gateway
from tests.running import PEOPLE, SEED, make_settings, served

CONTEXT = AskContext(user_id="KG-operator-17", issue="enrol/2026/000123")
EVERYTHING = {
    "KOPURO_AGENCIES__SANARIPAYMAK__ENABLED": "true",
    "KOPURO_AGENCIES__AWAITED__ENABLED": "true",
    "KOPURO_SECURITY_SERVER__EXCHANGE_DEADLINE_SECONDS": "5",
}


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """An opened gateway, the switch of the simulators, and what the journal holds."""

    gateway: Gateway
    people: Population
    simulators: str

    @property
    def agencies(self) -> Agencies:
        return self.gateway.agencies

    async def misbehave(self, where: str, mode: str = "ok", **wish: object) -> None:
        """Switch a fault mode; `where` is agency/subsystem."""
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.simulators}/control/{where}", json={"mode": mode, **wish}) as reply,
        ):
            assert reply.status == 200

    async def journal(self) -> Sequence[Any]:
        """Every row, oldest first."""
        async with self.gateway.database.transaction() as session:
            return (await session.execute(text("select * from journal_entry order by seq"))).all()


def with_patience(settings: Settings, seconds: float) -> Settings:
    server = dataclasses.replace(settings.security_server, exchange_deadline_seconds=seconds)
    return dataclasses.replace(settings, security_server=server)


@asynccontextmanager
async def whole_catalogue(database_url: str, folder: Path, **environment: str) -> AsyncIterator[Catalogue]:
    """Run simulators and the security server we ask through, and open every adapter by the product's own wiring."""
    bounds = [listen("127.0.0.1", 0) for _ in range(2)]
    consumer, simulators = map(port_of, bounds)
    for bound in bounds:
        bound.close()
    settings = make_settings(
        database_url,
        folder,
        **{**EVERYTHING, "KOPURO_SECURITY_SERVER__URL": f"http://127.0.0.1:{consumer}/", **environment},
    )
    box = make_sandbox(
        settings, Addresses(consumer=consumer, provider=1, simulators=simulators), seed=SEED, size=PEOPLE
    )
    asking = SecurityServer(consumer_doors(box))
    async with (
        served(simulator_app(box), settings, simulators) as simulators_url,
        served(asking.app(), settings, consumer),
        open_gateway(settings) as gateway,
    ):
        yield Catalogue(gateway=gateway, people=population(SEED, PEOPLE), simulators=simulators_url)
        await asking.close()
