"""Fulfils the port PassportService over passport-service."""

from adapters.infocom.conversation import Conversation, Question
from adapters.infocom.passport import mapping
from gateway.intake.ports import AgencyAnswer, AskContext, Outcome, PassportRecord
from gateway.intake.speaking.values import is_pin

SOURCE = "PASSPORT"
SERVICES = ("passport",)


class InfocomPassports:
    """The passport service of Инфоком."""

    def __init__(self, conversation: Conversation) -> None:
        """Refuse, with SettingsError, a configuration that lacks one of the services."""
        self._conversation = conversation
        for name in SERVICES:
            conversation.service(name)

    async def passport(
        self, pin: str, *, series: str, number: str, context: AskContext
    ) -> AgencyAnswer[PassportRecord]:
        """Ask for the passport of a PIN by series and number."""
        request = mapping.passport_request(pin, series, number)
        if not (is_pin(pin) and request["series"] and request["number"]):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_passport_request")
        question = Question(service="passport", request=request, context=context, subject=pin)
        return await self._conversation.ask(
            question, lambda response: mapping.read_passport(response, request)
        )
