"""Fulfils the port ForeignerRegister over foreign-service."""

from adapters.infocom.conversation import Conversation, Question
from adapters.infocom.foreigners import mapping
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_documents import ForeignerRecord

SOURCE = "FOREIGN_SERVICE"
BY_DOCUMENT = "by_document"


class InfocomForeigners:
    """The register of foreigners."""

    def __init__(self, conversation: Conversation) -> None:
        """Refuse, with SettingsError, a configuration that lacks the service."""
        self._conversation = conversation
        conversation.service(BY_DOCUMENT)

    async def by_document(
        self, number: str, *, country: str, context: AskContext
    ) -> AgencyAnswer[ForeignerRecord]:
        """Ask for the holder of a foreign document; `country` is the code the register knows it under."""
        request = mapping.document_request(number, country)
        if not (request["doc"] and request["code"]):
            return self._conversation.unanswered(Outcome.REJECTED, "invalid_document")
        question = Question(service=BY_DOCUMENT, request=request, context=context, echoed=("doc", "code"))
        return await self._conversation.ask(
            question, lambda response: mapping.read_foreigner(response, request["doc"])
        )
