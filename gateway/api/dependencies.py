"""What the API needs, handed in once."""

from dataclasses import dataclass

from gateway.access.door import Door
from gateway.crypto.keys import Signer
from gateway.exchange.keys import JournalKeys
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.ports import Agencies


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDependencies:
    """The database, the agencies that are switched on, the settings, and how long an answer may wait.

    Without a door nobody signs in: only the bearer token is taken. Without the journal's keys no exchange is
    proved and no answer compared, without the signer no personal file leaves.
    """

    database: Database
    agencies: Agencies
    settings: Settings
    door: Door | None = None
    keys: JournalKeys | None = None
    signer: Signer | None = None
    evidence_deadline_seconds: float = 4.0
    autofill_deadline_seconds: float = 8.0
