"""Fulfils the port AddressRegister over asb-service."""

from adapters.infocom.addresses import mapping
from adapters.infocom.conversation import Conversation, Question
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_documents import AddressRecord
from gateway.intake.speaking.values import is_pin

SOURCE = "ASB"
ADDRESS = "registered_address"


class InfocomAddresses:
    """The register of addresses (АСБ)."""

    def __init__(self, conversation: Conversation) -> None:
        """Refuse, with SettingsError, a configuration that lacks the service."""
        self._conversation = conversation
        conversation.service(ADDRESS)

    async def registered_address(self, pin: str, *, context: AskContext) -> AgencyAnswer[AddressRecord]:
        """Ask for the registered address of a PIN."""
        if not is_pin(pin):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_pin")
        question = Question(
            service=ADDRESS, request=mapping.address_request(pin), context=context, subject=pin
        )
        return await self._conversation.ask(question, mapping.read_address)
