"""The world, made once for the run and copied for every test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from gateway.access.door import open_door
from gateway.foundation.database import Database, psycopg_conninfo
from tests.access.world import KEYS, World, make_world, settings_of


def _admin(url: str, statement: str) -> None:
    with psycopg.connect(psycopg_conninfo(url), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def _make(url: str) -> World:
    database = Database(url)
    try:
        return await make_world(database)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def made_world(postgres: str, template: str) -> Iterator[tuple[str, World]]:
    """A database with the world in it, and the world's ids."""
    name = f"kopuro_world_{uuid4().hex[:8]}"
    _admin(postgres, f'create database "{name}" template "{template}" strategy file_copy')
    yield name, asyncio.run(_make(_named(postgres, name)))
    _admin(postgres, f'drop database "{name}" with (force)')


@pytest_asyncio.fixture
async def world(postgres: str, made_world: tuple[str, World]) -> AsyncIterator[World]:
    """A world of the test's own."""
    template, made = made_world
    name = f"kopuro_test_{uuid4().hex[:12]}"
    _admin(postgres, f'create database "{name}" template "{template}" strategy file_copy')
    database = Database(_named(postgres, name))
    copied = {
        field: dict(getattr(made, field))
        for field in (
            "organisations",
            "learners",
            "numbers",
            "pins",
            "cases",
            "accounts",
            "grants",
            "notices",
        )
    }
    yield replace(made, database=database, door=open_door(database, KEYS, settings_of()), **copied)
    await database.close()
    _admin(postgres, f'drop database "{name}" with (force)')
