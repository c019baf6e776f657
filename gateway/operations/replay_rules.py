"""Which services may be asked again, and which of them change something at the agency; read from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from gateway.foundation.settings import Settings
from gateway.xroad.identifiers import join_parts

READ, WRITE = "READ", "WRITE"
VERIFY_PERSON = "verify_person"
_VERIFY = "verify-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRules:
    """The services open to replay with what they do: READ or WRITE."""

    services: Mapping[str, str] = field(default_factory=dict)

    def effect_of(self, service: str) -> str | None:
        """Give what a service does, None for one that we do not ask (any more)."""
        return self.services.get(service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work a question was asked for: a task about one entry."""

    task: str
    subject: UUID


def rules_of(settings: Settings) -> ReplayRules:
    """Read the services of the agencies that are switched on."""
    changing = frozenset(settings.operations.changing_services)
    services: dict[str, str] = {}
    for agency in settings.agencies.values():
        member = (settings.identity.xroad_instance, agency.member_class, agency.member_code)
        for subsystem in agency.subsystems.values() if agency.enabled else ():
            for name in subsystem.services.values():
                code, _, version = name.partition("/")
                effect = WRITE if code in changing else READ
                services[join_parts((*member, subsystem.subsystem_code, code, version))] = effect
    return ReplayRules(services=services)


def work_of(issue: str) -> Work | None:
    """Read from a question's issue which work it belonged to; None where a person waited for the answer."""
    if not issue.startswith(_VERIFY):
        return None
    try:
        return Work(task=VERIFY_PERSON, subject=UUID(issue.removeprefix(_VERIFY)))
    except ValueError:
        return None
