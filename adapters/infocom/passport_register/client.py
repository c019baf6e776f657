"""Fulfils the port PassportRegister by refusing: of its services only the names are known.

passportStatus, statusByPassportData and lostPassportsByMonth are listed by passport-service; their fields were never
seen. Whether one passport is valid is told by passportDataByPSN.
"""

from adapters.infocom.conversation import Conversation
from gateway.intake.answers import AgencyAnswer, AskContext
from gateway.intake.ports_documents import DocumentStatus

SOURCE = "PASSPORT"


class InfocomPassportRegister:
    """The register of passports, refused until its contract is known."""

    def __init__(self, conversation: Conversation) -> None:
        """Take the way it will be asked by."""
        self._conversation = conversation

    async def status(self, *, series: str, number: str, context: AskContext) -> AgencyAnswer[DocumentStatus]:
        """Refuse: the fields of passportStatus and statusByPassportData are not known."""
        del series, number, context
        return self._conversation.unknown_contract()

    async def lost_passports(
        self, *, year: int, month: int, context: AskContext
    ) -> AgencyAnswer[tuple[DocumentStatus, ...]]:
        """Refuse: the fields of lostPassportsByMonth are not known."""
        del year, month, context
        return self._conversation.unknown_contract()
