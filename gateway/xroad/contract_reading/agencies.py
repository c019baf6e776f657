"""The section of config/agencies.toml a contract's services need, filled as far as the WSDL tells."""

import json
import re

from gateway.xroad.contract_reading.model import Contract
from gateway.xroad.contract_reading.words import say

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ENDINGS = re.compile(r"(_?(web)?_?(service|port|type|binding|wsdl|soap))+$")


def section(contract: Contract, language: str) -> str:
    """Write the section: valid TOML that loads, switched off, with every unknown value marked."""
    agency, family = _agency(contract), _plain(contract.file.rpartition(".")[0]) or "services"
    fill = say("agencies.fill", language)
    lines = [
        f"[agencies.{agency}]",
        f'adapter = "{agency}"  # {say("agencies.adapter", language)}',
        f"enabled = false  # {say('agencies.enable', language)}",
        f'member_class = "GOV"  # {fill}',
        f'member_code = ""  # {fill}',
        f'source_code = "{agency.upper()}"',
        "",
        f"[agencies.{agency}.subsystems.{family}]",
        f'subsystem_code = ""  # {fill}',
        "",
        f"[agencies.{agency}.subsystems.{family}.services]",
        *_services(contract, language),
    ]
    return "\n".join(lines)


def _services(contract: Contract, language: str) -> list[str]:
    lines, taken = [], set()
    for operation in contract.operations:
        version = f"/{operation.service_version}" if operation.service_version else ""
        name = _plain(operation.service_code) or "service"
        while name in taken:
            name += "_again"
        taken.add(name)
        title = operation.titles.get(language) or next(iter(operation.titles.values()), "")
        comment = f"  # {title}" if title else ""
        stated = json.dumps(f"{operation.service_code}{version}", ensure_ascii=False)
        lines.append(f"{name} = {stated}{comment}")
    return lines


def _agency(contract: Contract) -> str:
    """Guess the member's short name from the WSDL's service, else from its file."""
    for name in (*contract.services, contract.name, contract.file.rpartition(".")[0]):
        short = _ENDINGS.sub("", _plain(name))
        if short:
            return short
    return "agency"


def _plain(name: str) -> str:
    """Write a name as a bare TOML key: lower-case ASCII words joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", _HUMP.sub("_", name).casefold()).strip("_")
