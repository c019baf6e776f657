"""What every task needs, named once."""

from dataclasses import dataclass

from gateway.disclosure.notices import NoticePost
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.foundation.tracing import Tracing
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDependencies:
    """The opened database, the agencies that are switched on, what was chosen, and how notices leave."""

    database: Database
    agencies: Agencies
    settings: Settings
    tracing: Tracing | None = None
    notices: NoticePost | None = None

    @property
    def policies(self) -> Policies:
        """Give who is believed about each field."""
        return self.settings.fields
