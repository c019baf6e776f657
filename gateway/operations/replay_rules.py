"""Which services may be asked again, and which of them change something at the agency; read from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from gateway.exchange.asking.conditions import States
from gateway.exchange.breaker import Line
from gateway.foundation.settings import Settings
from gateway.xroad.identifiers import join_parts

READ, WRITE = "READ", "WRITE"
VERIFY_PERSON = "verify_person"
_VERIFY = "verify-"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenService:
    """What a service does, READ or WRITE, and the line its breaker and ledger know it by."""

    effect: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRules:
    """The services open to replay, by their identifiers; `states` are the statuses a query line may name besides."""

    services: Mapping[str, OpenService] = field(default_factory=dict)
    states: States = field(default_factory=dict)

    def effect_of(self, service: str) -> str | None:
        """Give what a service does, None for one that we do not ask (any more)."""
        known = self.services.get(service)
        return known.effect if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work a question was asked for: a task about one entry."""

    task: str
    subject: UUID


def rules_of(settings: Settings, states: States | None = None) -> ReplayRules:
    """Read the services of the agencies that are switched on."""
    changing = frozenset(settings.operations.changing_services)
    services: dict[str, OpenService] = {}
    for own_name, agency in settings.agencies.items():
        member = (settings.identity.xroad_instance, agency.member_class, agency.member_code)
        for subsystem in agency.subsystems.values() if agency.enabled else ():
            for name in subsystem.services.values():
                code, _, version = name.partition("/")
                path = tuple(part for part in (subsystem.subsystem_code, code, version) if part)
                services[join_parts((*member, *path))] = OpenService(
                    effect=WRITE if code in changing else READ,
                    line=Line(agency=own_name, service="/".join(path)),
                )
    return ReplayRules(services=services, states=states or {})


def work_of(issue: str) -> Work | None:
    """Read from a question's issue which work it belonged to; None where a person waited for the answer."""
    if not issue.startswith(_VERIFY):
        return None
    try:
        return Work(task=VERIFY_PERSON, subject=UUID(issue.removeprefix(_VERIFY)))
    except ValueError:
        return None
