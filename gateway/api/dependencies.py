"""What the API needs, handed in once."""

from dataclasses import dataclass

from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.ports import Agencies


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDependencies:
    """The database, the agencies that are switched on, the settings, and how long an answer may wait."""

    database: Database
    agencies: Agencies
    settings: Settings
    evidence_deadline_seconds: float = 4.0
    autofill_deadline_seconds: float = 8.0
