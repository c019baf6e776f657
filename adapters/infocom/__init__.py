"""Инфоком (GOV/70000005): civil registry and acts, passports, addresses, foreigners, in its dialect."""

from pathlib import Path

from adapters.infocom.addresses import client as addresses
from adapters.infocom.addresses import simulator as simulated_addresses
from adapters.infocom.civil_acts import client as civil_acts
from adapters.infocom.civil_acts import simulator as simulated_civil_acts
from adapters.infocom.civil_registry import client as civil_registry
from adapters.infocom.civil_registry import simulator as simulated_civil_registry
from adapters.infocom.conversation import Conversation
from adapters.infocom.foreigners import client as foreigners
from adapters.infocom.foreigners import simulator as simulated_foreigners
from adapters.infocom.passport import client as passport
from adapters.infocom.passport import simulator as simulated_passport
from adapters.infocom.passport_register import client as passport_register
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
    "civil_acts": ("zags-service.wsdl", civil_acts.SOURCE),
    "passport": ("passport-service.wsdl", passport.SOURCE),
    "passport_register": ("passport-service.wsdl", passport_register.SOURCE),
    "addresses": ("asb-service.wsdl", addresses.SOURCE),
    "foreigners": ("foreign-service.wsdl", foreigners.SOURCE),
}


class InfocomPlug:
    """The adapter as the gateway finds it."""

    name = "infocom"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the configured families; raises SettingsError for one this adapter does not speak."""
        unknown = agency.subsystems.keys() - _FAMILIES.keys()
        if unknown:
            raise SettingsError(
                f"agencies.infocom.subsystems has {', '.join(sorted(unknown))}; known: {', '.join(_FAMILIES)}"
            )
        read: dict[str, Contract] = {}
        for family in agency.subsystems:
            wsdl, _ = _FAMILIES[family]
            if wsdl not in read:
                read[wsdl] = Contract(contracts / "infocom" / wsdl, schemas=schemas / "xroad")
        ways = {
            family: Conversation(
                Dialogue(asker=asker, services=services, source=_FAMILIES[family][1]),
                read[_FAMILIES[family][0]],
            )
            for family, services in agency.subsystems.items()
        }
        return _ports(ways)

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate every subsystem this adapter asks, over synthetic people."""
        return SimulatedMember(
            people,
            {
                simulated_civil_registry.SUBSYSTEM: {
                    **simulated_civil_registry.SERVICES,
                    **simulated_civil_acts.SERVICES,
                },
                simulated_passport.SUBSYSTEM: simulated_passport.SERVICES,
                simulated_addresses.SUBSYSTEM: simulated_addresses.SERVICES,
                simulated_foreigners.SUBSYSTEM: simulated_foreigners.SERVICES,
            },
            SPEECH,
        )


def _ports(ways: dict[str, Conversation]) -> Agencies:
    return Agencies(
        civil_registry=civil_registry.ZagsCivilRegistry(ways["civil_registry"])
        if "civil_registry" in ways
        else None,
        civil_acts=civil_acts.ZagsCivilActs(ways["civil_acts"]) if "civil_acts" in ways else None,
        passports=passport.InfocomPassports(ways["passport"]) if "passport" in ways else None,
        passport_register=passport_register.InfocomPassportRegister(ways["passport_register"])
        if "passport_register" in ways
        else None,
        addresses=addresses.InfocomAddresses(ways["addresses"]) if "addresses" in ways else None,
        foreigners=foreigners.InfocomForeigners(ways["foreigners"]) if "foreigners" in ways else None,
    )


plug = InfocomPlug()
