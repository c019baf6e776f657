"""One application on its way into the registry, with what its agencies answered and who brought it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.intake.applications import Application
from gateway.intake.policies import Policies
from gateway.intake.ports import AgencyAnswer, Outcome
from gateway.matching.model import MODEL, Model
from gateway.registry.entries import OrganisationEntry
from gateway.registry.repository import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One application on its way into the registry."""

    session: AsyncSession
    application: Application
    organisation: OrganisationEntry
    evidence: Sequence[AgencyAnswer[Any]]
    policies: Policies
    recorded_by: str
    at: datetime
    model: Model = MODEL

    @property
    def provenance(self) -> Provenance:
        """Say where the application's values come from."""
        return Provenance(
            source=self.application.source,
            recorded_at=self.at,
            entered_by=self.recorded_by,
            source_record_key=self.application.source_record_key,
        )

    @property
    def is_verified(self) -> bool:
        """Tell whether an agency knew the person."""
        return any(answer.outcome is Outcome.FOUND for answer in self.evidence)
