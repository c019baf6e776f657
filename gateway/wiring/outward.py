"""The way out: adapters found and opened, what is signed and demanded towards agencies, our security server."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

from gateway.crypto.certificates import read_certificate
from gateway.crypto.digest import digest_algorithm, signature_algorithm
from gateway.crypto.signature import Accepted
from gateway.exchange.keys import JournalKeys
from gateway.exchange.outbound import Patience, RecordedCalls, Trust
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency, Settings
from gateway.foundation.tls import outbound_tls
from gateway.foundation.tracing import Tracing
from gateway.intake.guarded_asker import Guards
from gateway.intake.plugs import AdapterPlug, Asker
from gateway.intake.ports import Agencies
from gateway.intake.recorded_asker import RecordedAsker
from gateway.intake.traced_asker import TracedAsker
from gateway.xroad.client import Client, Limits
from gateway.xroad.identifiers import SubsystemId
from gateway.xroad.security import Demands, Sealing

ADAPTERS = "kopuro.adapters"


def our_subsystem(settings: Settings) -> SubsystemId:
    """Give the subsystem under which we ask and answer."""
    return SubsystemId(**dataclasses.asdict(settings.identity))


def found_adapters() -> dict[str, AdapterPlug[Any]]:
    """Find every installed adapter by its entry point."""
    return {found.name: found.load() for found in entry_points(group=ADAPTERS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusts:
    """What we sign with towards agencies, and what we demand of their signatures."""

    sealing: Sealing
    demands: Demands


@dataclass(frozen=True, slots=True, kw_only=True)
class Askers:
    """What stands around every question to an agency: breaker and ledger outside, the trace within."""

    guards: Guards
    tracing: Tracing | None

    def around(self, asker: RecordedAsker, name: str) -> Asker:
        """Give the asker an adapter is handed for one agency."""
        return self.guards.guard(TracedAsker(asker, self.tracing) if self.tracing else asker, name)


def open_agencies(
    settings: Settings, calls: RecordedCalls, keys: JournalKeys, trusts: Trusts, askers: Askers
) -> Agencies:
    """Open the adapters that are switched on and put their ports together."""
    plugs = found_adapters()
    opened: dict[str, Any] = {}
    for name, agency in settings.agencies.items():
        if not agency.enabled:
            continue
        if agency.adapter not in plugs:
            raise SettingsError(f"agencies.{name}: there is no adapter {agency.adapter!r}; run make setup")
        asker = RecordedAsker(
            agency,
            our_subsystem(settings),
            calls=calls,
            keys=keys,
            trust=_trust(settings, agency, trusts.sealing, trusts.demands),
        )
        ports = plugs[agency.adapter].open(
            agency, askers.around(asker, name), contracts=settings.contracts, schemas=settings.schemas
        )
        opened |= {
            field.name: port for field in dataclasses.fields(ports) if (port := getattr(ports, field.name))
        }
    return Agencies(**opened)


def trusts_of(settings: Settings, trusts: Trusts) -> dict[str, Trust]:
    """Give the trust towards every member that is asked, by its class and code."""
    return {
        f"{agency.member_class}/{agency.member_code}": _trust(
            settings, agency, trusts.sealing, trusts.demands
        )
        for agency in settings.agencies.values()
        if agency.enabled
    }


def _trust(settings: Settings, agency: Agency, sealing: Sealing, demands: Demands) -> Trust:
    """Sign and verify towards an agency only where the configuration says so."""
    certificates = (
        (read_certificate(settings.path(agency.certificate_file)),) if agency.verify_answers else ()
    )
    return Trust(
        sealing=sealing if agency.sign_requests else None,
        certificates=certificates,
        demands=demands if agency.verify_answers else None,
    )


def demands_of(settings: Settings) -> Demands:
    """Give what a signature must be to be accepted; raises SettingsError for an unknown algorithm."""
    signing = settings.signing
    for name in signing.accepted_signature_algorithms:
        signature_algorithm(name)
    for name in signing.accepted_digest_algorithms:
        digest_algorithm(name)
    return Demands(
        accepted=Accepted(
            signatures=signing.accepted_signature_algorithms, digests=signing.accepted_digest_algorithms
        ),
        maximum_age=timedelta(seconds=signing.maximum_age_seconds),
        clock_skew=timedelta(seconds=signing.clock_skew_seconds),
    )


def open_client(settings: Settings) -> Client:
    """Prepare the way to our security server; nothing is connected yet. Raises SettingsError."""
    server = settings.security_server
    limits = Limits(
        connect=timedelta(seconds=server.connect_timeout_seconds),
        bytes=server.answer_limit_bytes,
        request_bytes=server.loggable_limit_bytes,
    )
    return Client(server.url, limits, tls=outbound_tls(settings))


def patience_of(settings: Settings) -> Patience:
    """Give how often and how long a question is tried."""
    server = settings.security_server
    return Patience(
        attempts=server.attempts,
        first_backoff=timedelta(seconds=server.first_backoff_seconds),
        deadline=timedelta(seconds=server.exchange_deadline_seconds),
    )
