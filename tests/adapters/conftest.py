"""The adapter opened against a simulator behind uvicorn, over real local HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn

from adapters.infocom import plug
from gateway.foundation.settings import Agency, load
from gateway.sandbox.people import Population, population
from tests.adapters.bench import HOME, Bench, HttpAsker, host_of


@pytest.fixture(scope="session")
def people() -> Population:
    return population(7, 400)


@pytest.fixture(scope="session")
def agency() -> Agency:
    return load(home=HOME, environment={}).agencies["infocom"]


@pytest_asyncio.fixture
async def bench(people: Population, agency: Agency) -> AsyncIterator[Bench]:
    simulator = plug.simulator(people)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(host_of(simulator), log_level="warning", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 – uvicorn offers no event
            await asyncio.sleep(0.005)
        asker = HttpAsker(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        opened = plug.open(agency, asker, contracts=HOME / "wsdl", schemas=HOME / "schemas")
        yield Bench(people=people, simulator=simulator, asker=asker, agencies=opened)
        server.should_exit = True
        await running
