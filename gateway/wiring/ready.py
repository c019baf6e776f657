"""How every command begins: settings read, logs set up, the database started, joined or found up to date."""

import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.foundation import logging
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings, load
from gateway.migrations.upgrade import is_current, upgrade
from gateway.operations.shipped_rules import ship_rules
from gateway.registry.books.loading import load_packaged_books


def begin() -> Settings:
    """Read the settings and set the logs up: how every command begins."""
    settings = load()
    logging.configure(settings.logs.level)
    return settings


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Give the configured database's address, or start (or join) the private one for as long as needed."""
    if settings.database.url:
        yield settings.database.url
        return
    with embedded_postgres(settings.path(settings.database.data_directory)) as url:
        yield url


def prepare_database(url: str) -> None:
    """Bring a database to the present revision and load what comes with this version: reference books, alert rules."""
    upgrade(url)
    asyncio.run(_load(url))


async def _load(url: str) -> None:
    database = Database(url)
    try:
        await load_packaged_books(database)
        await ship_rules(database)
    finally:
        await database.close()


@contextmanager
def ready_database(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a migrated database.

    The private one is migrated by itself; a server only by `kopuro migrate`, because its operator decides when.
    """
    with database_url(settings) as url:
        if not settings.database.url:
            prepare_database(url)
        elif not is_current(url):
            raise SettingsError("the database is not at this version's revision: run `kopuro migrate`")
        yield dataclasses.replace(settings, database=dataclasses.replace(settings.database, url=url))
