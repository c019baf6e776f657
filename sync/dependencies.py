"""What every task needs, named once."""

from dataclasses import dataclass

from gateway.disclosure.notices import NoticePost
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.policies import Policies
from gateway.intake.ports import Agencies
from gateway.operations.replay_sending import Resender


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDependencies:
    """The opened database, the agencies that are switched on, what was chosen, and the two ways out.

    `resender` asks stored questions again, `notices` tells of corrections.
    """

    database: Database
    agencies: Agencies
    settings: Settings
    resender: Resender | None = None
    notices: NoticePost | None = None

    @property
    def policies(self) -> Policies:
        """Give who is believed about each field."""
        return self.settings.fields
