"""What intake asks about households: where a person really lives, and with whom."""

from dataclasses import dataclass
from typing import Protocol

from gateway.intake.answers import AgencyAnswer, AskContext
from gateway.intake.ports_documents import AddressRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdMember:
    """One who lives in the household: a hint for guardianship, never a proof of it; no name is taken."""

    pin: str
    relation: str | None = None


class HouseholdRegister(Protocol):
    """The register of an айыл аймак."""

    async def actual_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        """Ask where the person of a PIN lives."""

    async def members(self, pin: str, *, context: AskContext) -> AgencyAnswer[tuple[HouseholdMember, ...]]:
        """Ask who lives with the person of a PIN; NOT_FOUND means that no household is recorded."""
