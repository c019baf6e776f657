"""The seam between the gateway and its adapters: what a plug offers, and what it is given to ask with.

An adapter's plug stands under the entry point group `kopuro.adapters`. It speaks its member's dialect and
nothing else: header, signature, journal, HTTP, retries and deadline belong to the `Asker` it is handed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import UUID

from lxml import etree

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency, AgencyServices
from gateway.intake.answers import AskContext
from gateway.intake.ports import Agencies

People_contra = TypeVar("People_contra", contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceName:
    """A service of the agency's member; an empty version means that the header carries none."""

    subsystem_code: str
    service_code: str
    service_version: str = ""


def configured_service(services: AgencyServices, name: str) -> ServiceName:
    """Read `code/version` or `code` under our name for the service; raises SettingsError naming the key."""
    code, _, version = services.services.get(name, "").partition("/")
    if not code:
        raise SettingsError(
            f"services.{name} of the subsystem {services.subsystem_code} is missing: set code/version"
        )
    return ServiceName(subsystem_code=services.subsystem_code, service_code=code, service_version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReply:
    """An answer that came back: `body` is the one child of the reply's Body, parsed and checked."""

    body: etree._Element
    exchange_id: UUID
    message_id: str
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedReply:
    """A REST answer that came back from the provider: below 400, or an error of its own that may be an answer."""

    status: int
    content_type: str
    content: bytes
    exchange_id: UUID
    message_id: str
    answered_at: datetime


class Asker(Protocol):
    """One recorded question to one agency."""

    async def ask(
        self, *, service: ServiceName, body: bytes, context: AskContext, subject: str | None
    ) -> AskedReply:
        """Send the serialised child of Body; `subject` is the PIN it is about, for the record only.

        Raises AgencyUnavailable, AgencyRefused (with its raw code), ContractError for a broken answer or
        SignatureError for one that was not signed as agreed.
        """

    async def fetch(
        self,
        *,
        service: ServiceName,
        path: Sequence[str],
        query: Mapping[str, str],
        context: AskContext,
        subject: str | None,
    ) -> FetchedReply:
        """GET a REST service; `path` and `query` stand behind its address and nowhere but in the journal's body.

        Raises AgencyUnavailable or AgencyRefused (with its raw code).
        """


class FaultMode(StrEnum):
    """How a simulated subsystem misbehaves."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    FAULT_IN_CONTENT = "fault_in_content"
    SOAP_FAULT = "soap_fault"
    DRIFTED_DATES = "drifted_dates"
    EXTRA_FIELD = "extra_field"
    MISSING_FIELD = "missing_field"
    REORDERED = "reordered"
    WRONG_PERSON = "wrong_person"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """A fault mode and its particulars: seconds for SLOW, code and text for the two kinds of fault."""

    mode: FaultMode = FaultMode.OK
    seconds: float = 5.0
    code: str = ""
    text: str = ""


class SimulatorDownError(Exception):
    """The simulated subsystem is down: its host closes the connection or answers HTTP 503."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAnswer:
    """What a simulated subsystem puts on the wire."""

    status: int
    content_type: str
    body: bytes


class Simulator(Protocol):
    """A member's subsystems as they behave on the wire, for synthetic people only."""

    @property
    def subsystems(self) -> Mapping[str, frozenset[str]]:
        """The subsystem codes and the service codes each of them answers."""

    def misbehave(self, subsystem_code: str, misbehaviour: Misbehaviour) -> None:
        """Switch a subsystem's fault mode until the next call; raises KeyError for a subsystem it has not."""

    async def answer(self, service_code: str, envelope: bytes) -> SimulatedAnswer:
        """Answer a SOAP request; raises SimulatorDownError while the subsystem is down."""

    @property
    def rest_subsystems(self) -> Mapping[str, frozenset[str]]:
        """The subsystem codes and the codes of the REST services each of them answers."""

    async def fetched(
        self, service_code: str, path: Sequence[str], query: Mapping[str, str]
    ) -> SimulatedAnswer:
        """Answer a REST GET; raises SimulatorDownError while the subsystem is down."""


class AdapterPlug(Protocol[People_contra]):
    """What an adapter registers: how to open it for asking, and how to simulate its member."""

    @property
    def name(self) -> str:
        """The name under which config/agencies.toml chooses the adapter."""

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Load the contracts once and fill the ports; raises SettingsError for a service it cannot speak.

        `contracts` is the directory of WSDL files, `schemas` that of XSD files; nothing else is read.
        """

    def simulator(self, people: People_contra) -> Simulator:
        """Give the member's subsystems over a synthetic population."""
