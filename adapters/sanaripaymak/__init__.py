"""Санарип аймак (GOV/70000050): actual address and household by PIN, in its dialect."""

from pathlib import Path

from adapters.sanaripaymak.households import client, simulator
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.speaking.conversation import Dialogue
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population


class SanaripAymakPlug:
    """The adapter as the gateway finds it."""

    name = "sanaripaymak"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the register of households; raises SettingsError unless it, and nothing else, is configured."""
        del contracts, schemas  # nothing is written by a contract: a question is an address
        if agency.subsystems.keys() != {"households"}:
            raise SettingsError("agencies.sanaripaymak.subsystems must have households, and nothing else")
        dialogue = Dialogue(asker=asker, services=agency.subsystems["households"], source=client.SOURCE)
        return Agencies(households=client.SanaripHouseholds(dialogue))

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate sanaripaymak-service over synthetic households."""
        return SimulatedMember(people, {}, rest={simulator.SUBSYSTEM: simulator.SERVICES})


plug = SanaripAymakPlug()
