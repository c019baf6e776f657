"""ГНС (GOV/70000002): taxpayers by ИНН, in its dialect."""

from pathlib import Path

from adapters.tax.taxpayers import client, simulator
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population


class TaxPlug:
    """The adapter as the gateway finds it."""

    name = "tax"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the register of taxpayers; raises SettingsError unless it, and nothing else, is configured."""
        if agency.subsystems.keys() != {"taxpayers"}:
            raise SettingsError("agencies.tax.subsystems must have taxpayers, and nothing else")
        contract = Contract(contracts / "tax" / "gns-service.wsdl", schemas=schemas / "xroad")
        dialogue = Dialogue(asker=asker, services=agency.subsystems["taxpayers"], source=client.SOURCE)
        return Agencies(taxpayers=client.TaxTaxpayers(dialogue, contract))

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate gns-service over synthetic organisations."""
        return SimulatedMember(people, {simulator.SUBSYSTEM: simulator.SERVICES}, simulator.SPEECH)


plug = TaxPlug()
