"""What every command begins with: settings read, logs set up, the database's address known."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.foundation import logging
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings, load
from gateway.migrations.upgrade import is_current, upgrade
from gateway.wiring import database_url, with_database


def begin() -> Settings:
    """Read the settings and set the logs up."""
    settings = load()
    logging.configure(settings.logs.level)
    return settings


@contextmanager
def with_ready_database(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a migrated database.

    The private one is migrated by itself; a server only by `kopuro migrate`, because its operator decides when.
    """
    with database_url(settings) as url:
        if not settings.database.url:
            upgrade(url)
        elif not is_current(url):
            raise SettingsError("the database is not at this version's revision: run `kopuro migrate`")
        yield with_database(settings, url)
