"""Fulfils the port CivilActs over zags-service, as far as its contract is known."""

from adapters.infocom.civil_acts import mapping
from adapters.infocom.conversation import Conversation, Question
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome, PersonRecord
from gateway.intake.ports_documents import DeathActRecord, NameChangeRecord
from gateway.intake.speaking.values import is_pin

SOURCE = "ZAGS"
DEATH_ACT = "death_act"


class ZagsCivilActs:
    """Acts besides birth; of zagsPinNameChangeAct and zagsChildren only the names are known, so they are refused."""

    def __init__(self, conversation: Conversation) -> None:
        """Refuse, with SettingsError, a configuration that lacks the service."""
        self._conversation = conversation
        conversation.service(DEATH_ACT)

    async def death_act(self, pin: str, *, context: AskContext) -> AgencyAnswer[DeathActRecord]:
        """Ask for the death act of a PIN; NOT_FOUND means that there is none."""
        if not is_pin(pin):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_pin")
        question = Question(service=DEATH_ACT, request={"pin": pin}, context=context, subject=pin)
        return await self._conversation.ask(question, lambda response: mapping.read_death_act(response, pin))

    async def name_changes(
        self, pin: str, *, context: AskContext
    ) -> AgencyAnswer[tuple[NameChangeRecord, ...]]:
        """Refuse: the fields of zagsPinNameChangeAct are not known."""
        del pin, context
        return self._conversation.unknown_contract()

    async def children(self, pin: str, *, context: AskContext) -> AgencyAnswer[tuple[PersonRecord, ...]]:
        """Refuse: the fields of zagsChildren are not known."""
        del pin, context
        return self._conversation.unknown_contract()
