"""Fulfils the port EmploymentRegister over settlements-service."""

from adapters.social_fund.employment import mapping
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_employment import EmploymentRecord
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue, Letter
from gateway.intake.speaking.values import is_pin

SOURCE = "SOCIAL_FUND"
WORK_PERIODS = "work_periods"


class SocialFundEmployment:
    """The Social Fund's register of work periods."""

    def __init__(self, dialogue: Dialogue, contract: Contract) -> None:
        """Refuse, with SettingsError, a configuration that lacks the service."""
        self._dialogue, self._contract = dialogue, contract
        contract.check(dialogue.service(WORK_PERIODS).service_code)

    async def work_periods(self, pin: str, *, context: AskContext) -> AgencyAnswer[EmploymentRecord]:
        """Ask for the work periods of a PIN."""
        if not is_pin(pin):
            return self._dialogue.unanswered(Outcome.REJECTED, "invalid_pin")
        service = self._dialogue.service(WORK_PERIODS)
        body = self._contract.bare_body(
            service.service_code, mapping.periods_request(pin, user_id=context.user_id)
        )
        return await self._dialogue.ask(
            Letter(service=service, body=body, context=context, subject=pin),
            lambda reply: mapping.read_periods(reply.body, service.service_code, pin),
        )
