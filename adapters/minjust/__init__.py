"""Минюст (GOV/70000024): legal entities by ИНН and the feed of their changes, in its dialect."""

from pathlib import Path

from adapters.minjust.organisations import client, simulator
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population

_FAMILIES = frozenset({"register", "changes"})


class MinjustPlug:
    """The adapter as the gateway finds it."""

    name = "minjust"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the register and its feed; raises SettingsError unless both are configured, and nothing else."""
        if agency.subsystems.keys() != _FAMILIES:
            raise SettingsError(
                f"agencies.minjust.subsystems must have {' and '.join(sorted(_FAMILIES))}, and nothing else"
            )
        contract = Contract(contracts / "minjust" / "minjust-service.wsdl", schemas=schemas / "xroad")
        register, changes = (
            Dialogue(asker=asker, services=agency.subsystems[family], source=client.SOURCE)
            for family in ("register", "changes")
        )
        return Agencies(organisations=client.MinjustOrganisations(register, changes, contract))

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate both subsystems over synthetic organisations."""
        return SimulatedMember(
            people,
            {simulator.REGISTER: simulator.SERVICES},
            simulator.SPEECH,
            rest={simulator.CHANGES: simulator.FEED},
        )


plug = MinjustPlug()
