"""Sources of the catalogue whose contract is not known: listed, refused, and never asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from adapters.awaited.catalogue import SOURCES
from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.settings import Agency
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.plugs import Asker
from gateway.intake.ports import Agencies
from gateway.intake.ports_awaited import AwaitedSource
from gateway.intake.speaking.conversation import CONTRACT_UNKNOWN
from gateway.sandbox.member import SimulatedMember
from gateway.sandbox.people import Population


class Awaited:
    """Fulfils the port AwaitedSources; it has no way to send anything."""

    sources: Mapping[str, AwaitedSource] = SOURCES

    def __init__(self, *, clock: Clock = utc_now) -> None:
        """Take the clock of its refusals."""
        self._clock = clock

    async def ask(self, source: str, subject: str, *, context: AskContext) -> AgencyAnswer[NoReturn]:
        """Answer REJECTED with the code contract_unknown and send nothing; raises KeyError for another name."""
        del subject, context
        missing = self.sources[source].missing
        return AgencyAnswer(
            outcome=Outcome.REJECTED,
            source=source,
            answered_at=self._clock(),
            code=CONTRACT_UNKNOWN,
            notes={"missing": missing},
        )


class AwaitedPlug:
    """The adapter as the gateway finds it."""

    name = "awaited"

    def open(self, agency: Agency, asker: Asker, *, contracts: Path, schemas: Path) -> Agencies:
        """Open the list; there is nothing to configure and nothing to ask with."""
        del agency, asker, contracts, schemas
        return Agencies(awaited=Awaited())

    def simulator(self, people: Population) -> SimulatedMember:
        """Simulate nothing: what is not known cannot be behaved like."""
        return SimulatedMember(people, {})


plug = AwaitedPlug()
