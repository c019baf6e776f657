"""Fulfils the port HouseholdRegister over sanaripaymak-service."""

from adapters.sanaripaymak.households import mapping
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.ports_household import HouseholdMember
from gateway.intake.speaking.conversation import Dialogue, Errand
from gateway.intake.speaking.values import is_pin

SOURCE = "SANARIP_AYMAK"
ADDRESS, MEMBERS = "actual_address", "members"


class SanaripHouseholds:
    """The register of households."""

    def __init__(self, dialogue: Dialogue) -> None:
        """Refuse, with SettingsError, a configuration that lacks one of the services."""
        self._dialogue = dialogue
        for name in (ADDRESS, MEMBERS):
            dialogue.service(name)

    async def actual_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        """Ask where the person of a PIN lives."""
        if not is_pin(pin):
            return self._dialogue.unanswered(Outcome.REJECTED, "invalid_pin")
        return await self._dialogue.fetch(
            self._errand(ADDRESS, pin, context), lambda reply: mapping.read_address(reply, pin)
        )

    async def members(self, pin: str, *, context: AskContext) -> AgencyAnswer[tuple[HouseholdMember, ...]]:
        """Ask who lives with the person of a PIN; NOT_FOUND means that no household is recorded."""
        if not is_pin(pin):
            return self._dialogue.unanswered(Outcome.REJECTED, "invalid_pin")
        return await self._dialogue.fetch(self._errand(MEMBERS, pin, context), mapping.read_members)

    def _errand(self, name: str, pin: str, context: AskContext) -> Errand:
        return Errand(service=self._dialogue.service(name), path=(pin,), context=context, subject=pin)
