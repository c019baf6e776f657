"""What the console needs, handed in once."""

from dataclasses import dataclass

from gateway.exchange.keys import JournalKeys
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.operations.watch.watcher import Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDependencies:
    """The database, the journal's keys, the settings, and who watches the gateway's state."""

    database: Database
    keys: JournalKeys
    settings: Settings
    watcher: Watcher
