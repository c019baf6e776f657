"""One question to an agency and its one outcome, whatever went wrong on the way."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError, SignatureError
from gateway.foundation.settings import AgencyServices
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.plugs import AskedReply, Asker, FetchedReply, ServiceName, configured_service

SIGNATURE_INVALID = "SIGNATURE_INVALID"
CONTRACT_UNKNOWN = "contract_unknown"
_DENIED = frozenset({"accessdenied", "http401", "http403"})
Record = TypeVar("Record")
Reply = TypeVar("Reply", AskedReply, FetchedReply)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Generic[Record]):
    """What a mapping understood of a response."""

    outcome: Outcome
    record: Record | None = None
    code: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A SOAP question ready to be sent: the service, the child of its Body, whom it is about."""

    service: ServiceName
    body: bytes = field(repr=False)
    context: AskContext
    subject: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A REST question ready to be sent: the service, what stands behind its address, whom it is about."""

    service: ServiceName
    context: AskContext
    path: tuple[str, ...] = field(default=(), repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    subject: str | None = field(default=None, repr=False)


class Dialogue:
    """The way to one subsystem: the services configured for it, the name of the source."""

    def __init__(
        self, *, asker: Asker, services: AgencyServices, source: str, clock: Clock = utc_now
    ) -> None:
        self._asker, self._services, self._source, self._clock = asker, services, source, clock

    def service(self, name: str) -> ServiceName:
        """Give the configured service under our name; raises SettingsError."""
        return configured_service(self._services, name)

    async def ask(
        self, letter: Letter, read: Callable[[AskedReply], Finding[Record]]
    ) -> AgencyAnswer[Record]:
        """Ask by SOAP and understand; every failure is an outcome, and only an understood absence is NOT_FOUND."""

        async def send() -> AskedReply:
            return await self._asker.ask(
                service=letter.service, body=letter.body, context=letter.context, subject=letter.subject
            )

        return await self._settle(send, read)

    async def fetch(
        self, errand: Errand, read: Callable[[FetchedReply], Finding[Record]]
    ) -> AgencyAnswer[Record]:
        """Ask by REST and understand; see ask."""

        async def send() -> FetchedReply:
            return await self._asker.fetch(
                service=errand.service,
                path=errand.path,
                query=errand.query,
                context=errand.context,
                subject=errand.subject,
            )

        return await self._settle(send, read)

    def unanswered(self, outcome: Outcome, code: str) -> AgencyAnswer[Any]:
        """Give the answer of a question that got none."""
        return AgencyAnswer(outcome=outcome, source=self._source, answered_at=self._clock(), code=code)

    def unknown_contract(self) -> AgencyAnswer[Any]:
        """Refuse a question whose contract is not known; nothing is sent."""
        return self.unanswered(Outcome.REJECTED, CONTRACT_UNKNOWN)

    async def _settle(
        self, send: Callable[[], Awaitable[Reply]], read: Callable[[Reply], Finding[Record]]
    ) -> AgencyAnswer[Record]:
        try:
            reply = await send()
        except AgencyUnavailable as error:
            return self.unanswered(Outcome.UNAVAILABLE, error.code)
        except AgencyRefused as error:
            return self.unanswered(refusal(error.code), error.code)
        except ContractError as error:
            return self.unanswered(Outcome.PROVIDER_ERROR, error.code)
        except SignatureError:
            return self.unanswered(Outcome.PROVIDER_ERROR, SIGNATURE_INVALID)
        try:
            finding = read(reply)
        except ContractError as error:
            finding = Finding(outcome=Outcome.PROVIDER_ERROR, code=error.code)
        return self._answered(reply, finding)

    def _answered(self, reply: AskedReply | FetchedReply, finding: Finding[Record]) -> AgencyAnswer[Record]:
        return AgencyAnswer(
            outcome=finding.outcome,
            source=self._source,
            answered_at=reply.answered_at,
            record=finding.record,
            exchange_id=reply.exchange_id,
            message_id=reply.message_id,
            code=finding.code,
            notes=finding.notes,
        )


def refusal(code: str) -> Outcome:
    """Tell a denied access, in either spelling of X-Road's code, from any other refusal."""
    last = code.rpartition(".")[2].replace("_", "").casefold()
    return Outcome.DENIED if last in _DENIED else Outcome.PROVIDER_ERROR


def noted(**notes: str | None) -> dict[str, str]:
    """Keep the notes that say something."""
    return {name: text for name, text in notes.items() if text}
