"""What the clerks' pages need, handed in once."""

from dataclasses import dataclass, field

from gateway.access.door import Door
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.admitting import Counter
from gateway.intake.ports import Agencies


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The registry, the agencies, the door, and how long (in seconds) a page waits for an answer.

    `import_key` encrypts files that are imported; it is the one the worker reads them with.
    """

    database: Database
    agencies: Agencies
    settings: Settings
    door: Door
    import_key: bytes = field(repr=False)
    first_look_seconds: float = 1.2
    fill_deadline_seconds: float = 8.0
    evidence_deadline_seconds: float = 4.0

    @property
    def counter(self) -> Counter:
        """Give what an admission needs."""
        return Counter(
            database=self.database,
            agencies=self.agencies,
            settings=self.settings,
            evidence_deadline_seconds=self.evidence_deadline_seconds,
        )
