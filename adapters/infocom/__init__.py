"""Инфоком (GOV/70000005): the civil registry and passports, in its dialect."""

from pathlib import Path

from adapters.infocom.civil_registry import client as civil_registry
from adapters.infocom.civil_registry import simulator as simulated_civil_registry
from adapters.infocom.conversation import Conversation
from adapters.infocom.passport import client as passport
from adapters.infocom.passport import simulator as simulated_passport
from adapters.infocom.simulation import SPEECH
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population

_FAMILIES = {
    "civil_registry": ("zags-service.wsdl", civil_registry.SOURCE),
    "passport": ("passport-service.wsdl", passport.SOURCE),
}


class InfocomPlug:
    """The adapter as the gateway finds it."""

    name = "infocom"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the configured subsystems; raises SettingsError for one this adapter does not speak."""
        unknown = agency.subsystems.keys() - _FAMILIES.keys()
        if unknown:
            raise SettingsError(
                f"agencies.infocom.subsystems has {', '.join(sorted(unknown))}; known: {', '.join(_FAMILIES)}"
            )
        ways = {
            family: Conversation(
                Dialogue(asker=asker, services=services, source=_FAMILIES[family][1]),
                Contract(contracts / "infocom" / _FAMILIES[family][0], schemas=schemas / "xroad"),
            )
            for family, services in agency.subsystems.items()
        }
        return Agencies(
            civil_registry=civil_registry.ZagsCivilRegistry(ways["civil_registry"])
            if "civil_registry" in ways
            else None,
            passports=passport.InfocomPassports(ways["passport"]) if "passport" in ways else None,
        )

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate zags-service and passport-service over synthetic people."""
        return SimulatedMember(
            people,
            {
                simulated_civil_registry.SUBSYSTEM: simulated_civil_registry.SERVICES,
                simulated_passport.SUBSYSTEM: simulated_passport.SERVICES,
            },
            SPEECH,
        )


plug = InfocomPlug()
