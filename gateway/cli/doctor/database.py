"""The doctor looks at the database: does it answer, is it of this version, can the journal in it be read."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg

from gateway.cli.doctor.finding import Finding, bad, good, warning
from gateway.cli.doctor.machine import check_anchor
from gateway.exchange.errors import JournalDamaged
from gateway.exchange.search import Question, find, show
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.migrations.upgrade import is_current
from gateway.wiring.keys import read_keys


def is_unmade(settings: Settings) -> bool:
    """Tell whether the private database was never started: the doctor does not make one."""
    directory = settings.path(settings.database.data_directory)
    return not settings.database.url and not (directory / "pg").exists()


def check_database(settings: Settings, url: str) -> Iterator[Finding]:
    """Look at the database under an address, and at the anchor file that belongs to it."""
    try:
        asyncio.run(_ping(url))
    except SettingsError:
        yield bad("database_down")
        yield from check_anchor(settings.path(settings.journal.anchor_file), None)
        return
    is_private = not settings.database.url
    if is_current(url):
        yield good("database_good")
        yield from _check_journal(settings, url)
    else:
        yield warning("database_behind_private") if is_private else bad("database_behind")
    yield from check_anchor(settings.path(settings.journal.anchor_file), _directory_of(url))


async def _ping(url: str) -> None:
    database = Database(url)
    try:
        await database.ping()
    finally:
        await database.close()


def _check_journal(settings: Settings, url: str) -> Iterator[Finding]:
    """Open the newest body: that is how one learns whether the keys are still the ones it was written with."""
    try:
        found = asyncio.run(_newest(settings, url))
    except JournalDamaged as error:
        yield bad("journal_unreadable", reason=error)
    except SettingsError:
        return  # the keys' own findings say why
    else:
        yield good("journal_good") if found else good("journal_empty")


async def _newest(settings: Settings, url: str) -> bool:
    keys, database = read_keys(settings), Database(url)
    try:
        page = await find(database, Question(), limit=1)
        for found in page.found:
            await show(database, keys, found.entry.entry_id, bodies=True)
        return bool(page.found)
    finally:
        await database.close()


def _directory_of(url: str) -> Path | None:
    """Ask where the server's files are; None when it does not tell us or they are on another machine."""
    try:
        with psycopg.connect(psycopg_conninfo(url), connect_timeout=3) as connection:
            row = connection.execute("select current_setting('data_directory', true)").fetchone()
    except psycopg.Error:
        return None
    directory = Path(row[0]) if row and row[0] else None
    return directory if directory and directory.exists() else None
