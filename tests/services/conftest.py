"""The running product, and an outside agency's way to talk to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio

from gateway.foundation.database import Database
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from tests.running import PEOPLE, SEED, Running, make_settings, running


@pytest_asyncio.fixture
async def product(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """Gateway and sandbox over a registry with one student in it."""
    settings = make_settings(database_url, tmp_path)
    database = Database(database_url)
    await seed_registry(database, population(SEED, PEOPLE), settings)
    await database.close()
    async with running(settings) as made:
        yield made


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session
