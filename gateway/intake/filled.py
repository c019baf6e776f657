"""One field of a form, and what it is worth."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.intake.ports import Outcome
from gateway.registry.values import VerificationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledField:
    """One field of the form: a value with its source, or why there is none."""

    name: str
    value: str | None
    source: str
    verified_at: datetime | None
    status: VerificationStatus
    exchange_id: UUID | None = None


def empty_status(outcome: Outcome) -> VerificationStatus:
    """Say why a source gave no value: it is down, it has nobody, or it simply left the field out."""
    if outcome is Outcome.NOT_FOUND:
        return VerificationStatus.NOT_FOUND_AT_SOURCE
    if outcome in {Outcome.UNAVAILABLE, Outcome.PROVIDER_ERROR}:
        return VerificationStatus.SOURCE_UNAVAILABLE
    return VerificationStatus.UNVERIFIED
