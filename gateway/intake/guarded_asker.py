"""An asker that leaves a silent or resting agency alone, and keeps the ledger of what was asked."""

from collections.abc import Mapping, Sequence

from gateway.exchange.breaker import Breakers, Line
from gateway.exchange.ledger import Ledger
from gateway.foundation.background_settings import Background
from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.database import Database
from gateway.intake.answers import AskContext
from gateway.intake.plugs import AskedReply, Asker, FetchedReply, ServiceName


class Guards:
    """What all askers of a process share: the breakers and the ledger."""

    def __init__(self, database: Database, background: Background, *, clock: Clock = utc_now) -> None:
        """Take where they are kept and what was chosen."""
        self.breakers = Breakers(database, background.breaker, clock=clock)
        self.ledger = Ledger(database, background.budgets, clock=clock)

    def guard(self, asker: Asker, agency: str) -> "GuardedAsker":
        """Put the guard before an agency's asker."""
        return GuardedAsker(asker, agency, breakers=self.breakers, ledger=self.ledger)


class GuardedAsker:
    """An `Asker` around another one, for one agency by its name in the configuration."""

    def __init__(self, asker: Asker, agency: str, *, breakers: Breakers, ledger: Ledger) -> None:
        """Take the asker that sends, and what all processes share about the agency."""
        self._asker, self._agency = asker, agency
        self._breakers, self._ledger = breakers, ledger

    async def ask(
        self, *, service: ServiceName, body: bytes, context: AskContext, subject: str | None
    ) -> AskedReply:
        """Send one question unless the service is left alone; see Asker."""
        line = self._line(service)
        async with self._breakers.asking(line):
            await self._ledger.count(line)
            return await self._asker.ask(service=service, body=body, context=context, subject=subject)

    async def fetch(
        self,
        *,
        service: ServiceName,
        path: Sequence[str],
        query: Mapping[str, str],
        context: AskContext,
        subject: str | None,
    ) -> FetchedReply:
        """Send one REST question unless the service is left alone; see Asker."""
        line = self._line(service)
        async with self._breakers.asking(line):
            await self._ledger.count(line)
            return await self._asker.fetch(
                service=service, path=path, query=query, context=context, subject=subject
            )

    def _line(self, service: ServiceName) -> Line:
        return Line(agency=self._agency, service=service_path(service))


def service_path(service: ServiceName) -> str:
    """Write a service as breakers and prices name it: subsystem/code or subsystem/code/version."""
    parts = (service.subsystem_code, service.service_code, service.service_version)
    return "/".join(part for part in parts if part)
