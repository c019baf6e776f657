"""What the console needs, handed in once."""

from dataclasses import dataclass

from gateway.exchange.keys import JournalKeys
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDependencies:
    """The database, the journal's keys, and the settings."""

    database: Database
    keys: JournalKeys
    settings: Settings
