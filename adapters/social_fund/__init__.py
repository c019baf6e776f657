"""Соцфонд (GOV/70000003): work periods without sums, in its dialect."""

from pathlib import Path

from adapters.social_fund.employment import client, simulator
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population


class SocialFundPlug:
    """The adapter as the gateway finds it."""

    name = "social_fund"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the register of work periods; raises SettingsError unless it, and nothing else, is configured."""
        if agency.subsystems.keys() != {"employment"}:
            raise SettingsError("agencies.social_fund.subsystems must have employment, and nothing else")
        contract = Contract(contracts / "social_fund" / "settlements-service.wsdl", schemas=schemas / "xroad")
        dialogue = Dialogue(asker=asker, services=agency.subsystems["employment"], source=client.SOURCE)
        return Agencies(employment=client.SocialFundEmployment(dialogue, contract))

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate settlements-service over synthetic people."""
        return SimulatedMember(people, {simulator.SUBSYSTEM: simulator.SERVICES}, simulator.SPEECH)


plug = SocialFundPlug()
