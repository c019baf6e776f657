"""Fulfils the port CivilRegistry over zags-service."""

from adapters.infocom.civil_registry import mapping
from adapters.infocom.conversation import Conversation, Question
from gateway.intake.ports import (
    AgencyAnswer,
    AskContext,
    BirthActRecord,
    Outcome,
    PersonRecord,
)
from gateway.intake.speaking.values import is_pin

SOURCE = "ZAGS"
SERVICES = ("person_by_pin", "pins_by_name", "birth_act")


class ZagsCivilRegistry:
    """The civil registry, asked through Инфоком."""

    def __init__(self, conversation: Conversation) -> None:
        """Refuse, with SettingsError, a configuration that lacks one of the services."""
        self._conversation = conversation
        for name in SERVICES:
            conversation.service(name)

    async def person_by_pin(self, pin: str, *, context: AskContext) -> AgencyAnswer[PersonRecord]:
        """Ask for the person of a PIN."""
        if not is_pin(pin):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_pin")
        question = Question(
            service="person_by_pin", request=mapping.person_request(pin), context=context, subject=pin
        )
        return await self._conversation.ask(question, lambda response: mapping.read_person(response, pin))

    async def pins_by_name(
        self, person: PersonRecord, *, context: AskContext
    ) -> AgencyAnswer[tuple[str, ...]]:
        """Ask for the PINs of a name and birth date; more than one is AMBIGUOUS with all of them."""
        request = mapping.pins_request(person)
        if request is None:
            return self._conversation.unanswered(Outcome.REJECTED, "incomplete_name")
        question = Question(
            service="pins_by_name", request=request, context=context, echoed=("surname", "name")
        )
        return await self._conversation.ask(question, mapping.read_pins)

    async def birth_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[BirthActRecord]:
        """Ask for the birth act of a child's PIN."""
        if not is_pin(pin):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_pin")
        question = Question(
            service="birth_act", request=mapping.birth_act_request(pin), context=context, subject=pin
        )
        return await self._conversation.ask(question, lambda response: mapping.read_birth_act(response, pin))
