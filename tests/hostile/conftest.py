"""One gateway process for the whole hostile set, over a seeded database of its own."""

from collections.abc import Iterator

import pytest

from tests.hostile.canary import FileCanary, SocketCanary
from tests.hostile.families import Surroundings
from tests.hostile.served import Served, own_database, seeded_gateway

BOUNDS = {
    "KOPURO_SERVER__BODY_DEADLINE_SECONDS": "3",
    "KOPURO_SERVER__HEADER_DEADLINE_SECONDS": "2",
    "KOPURO_SERVER__IDLE_SECONDS": "2",
}


@pytest.fixture(scope="session")
def gateway(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway under short deadlines."""
    folder = tmp_path_factory.mktemp("hostile")
    with own_database(postgres, template) as url, seeded_gateway(url, folder, **BOUNDS) as served:
        yield served


@pytest.fixture(scope="session")
def around(gateway: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    """The canaries, and the settings that probes are written by."""
    socket = SocketCanary()
    yield Surroundings(
        settings=gateway.settings, file=FileCanary(tmp_path_factory.mktemp("canary")), socket=socket
    )
    socket.close()
