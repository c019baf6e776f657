"""The gateway as a process, as outside stacks meet it."""

from collections.abc import Iterator

import pytest

from tests.hostile.served import Served, own_database, seeded_gateway


@pytest.fixture(scope="session")
def endpoint(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway over a registry with one student in it."""
    folder = tmp_path_factory.mktemp("interop")
    with own_database(postgres, template) as url, seeded_gateway(url, folder) as served:
        yield served
