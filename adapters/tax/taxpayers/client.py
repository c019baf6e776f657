"""Fulfils the port TaxRegister over gns-service."""

from adapters.tax.taxpayers import mapping
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_organisations import TaxpayerRecord
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue, Letter
from gateway.intake.speaking.values import is_inn

SOURCE = "TAX"
TAXPAYER = "taxpayer_by_inn"


class TaxTaxpayers:
    """The register of taxpayers."""

    def __init__(self, dialogue: Dialogue, contract: Contract) -> None:
        """Refuse, with SettingsError, a configuration that lacks the service."""
        self._dialogue, self._contract = dialogue, contract
        contract.check(dialogue.service(TAXPAYER).service_code)

    async def taxpayer(self, inn: str, *, context: AskContext) -> AgencyAnswer[TaxpayerRecord]:
        """Ask for the taxpayer of an ИНН of 14 digits."""
        if not is_inn(inn):
            return self._dialogue.unanswered(Outcome.REJECTED, "invalid_inn")
        service = self._dialogue.service(TAXPAYER)
        body = self._contract.body(service.service_code, mapping.taxpayer_request(inn))
        return await self._dialogue.ask(
            Letter(service=service, body=body, context=context),
            lambda reply: mapping.read_taxpayer(reply.body, service.service_code, inn),
        )
