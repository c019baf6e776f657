"""Bring a database to the present revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from gateway.foundation.database import UNREACHABLE, sqlalchemy_url
from gateway.foundation.errors import SettingsError


def configuration(url: str) -> Config:
    """Make alembic's configuration for a database address."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Apply every revision the database does not have yet; safe to call from several processes.

    Raises SettingsError when the database does not answer.
    """
    try:
        command.upgrade(configuration(url), "head")
    except OperationalError:
        raise SettingsError(UNREACHABLE) from None


def is_current(url: str) -> bool:
    """Tell whether a database has every revision this version knows; raises SettingsError if it does not answer."""
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
    except OperationalError:
        raise SettingsError(UNREACHABLE) from None
    finally:
        engine.dispose()
    return set(present) == set(ScriptDirectory.from_config(configuration(url)).get_heads())
