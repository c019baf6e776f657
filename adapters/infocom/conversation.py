"""One question to Инфоком and its one outcome, whatever went wrong on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from adapters.infocom.contracts import Contract
from adapters.infocom.dialect import Answer, Fields, malformed, read_answer
from adapters.infocom.values import clean
from gateway.foundation.clock import Clock, utc_now
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError, SignatureError
from gateway.foundation.settings import AgencyServices
from gateway.intake.plugs import AskedReply, Asker, ServiceName, configured_service
from gateway.intake.ports import AgencyAnswer, AskContext, Outcome

SIGNATURE_INVALID = "SIGNATURE_INVALID"
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; `echoed` are the fields an echo of the request must not contradict."""

    service: str
    request: Mapping[str, Any]
    context: AskContext
    subject: str | None = None
    echoed: tuple[str, ...] = ("pin",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Generic[Record]):
    """What a mapping understood of a response."""

    outcome: Outcome
    record: Record | None = None
    code: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


Reading = Callable[[Fields], Finding[Record]]


class Conversation:
    """The way to one subsystem: its contract, the services configured for it, the name of the source."""

    def __init__(
        self,
        *,
        asker: Asker,
        contract: Contract,
        services: AgencyServices,
        source: str,
        clock: Clock = utc_now,
    ) -> None:
        self._asker, self._contract, self._source, self._clock = asker, contract, source, clock
        self._services = services

    def service(self, name: str) -> ServiceName:
        """Give the configured service under our name; raises SettingsError unless the contract has it."""
        service = configured_service(self._services, name)
        self._contract.check(service.service_code)
        return service

    async def ask(self, question: Question, read: Reading[Record]) -> AgencyAnswer[Record]:
        """Ask and understand; every failure is an outcome, and only an understood absence is NOT_FOUND."""
        service = self.service(question.service)
        body = self._contract.body(service.service_code, question.request)
        try:
            reply = await self._asker.ask(
                service=service, body=body, context=question.context, subject=question.subject
            )
        except AgencyUnavailable as error:
            return self.unanswered(Outcome.UNAVAILABLE, error.code)
        except AgencyRefused as error:
            return self.unanswered(refusal(error.code), error.code)
        except ContractError as error:
            return self.unanswered(Outcome.PROVIDER_ERROR, error.code)
        except SignatureError:
            return self.unanswered(Outcome.PROVIDER_ERROR, SIGNATURE_INVALID)
        return self._answered(reply, _understand(reply, service.service_code, question, read))

    def unanswered(self, outcome: Outcome, code: str) -> AgencyAnswer[Any]:
        """Give the answer of a question that got none."""
        return AgencyAnswer(outcome=outcome, source=self._source, answered_at=self._clock(), code=code)

    def _answered(self, reply: AskedReply, finding: Finding[Record]) -> AgencyAnswer[Record]:
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
    return Outcome.DENIED if last == "accessdenied" else Outcome.PROVIDER_ERROR


def _understand(
    reply: AskedReply, operation: str, question: Question, read: Reading[Record]
) -> Finding[Record]:
    try:
        answer = read_answer(reply.body, operation)
        _refuse_other_subject(answer, question)
        if answer.fault is not None:
            return Finding(outcome=answer.fault.outcome, code=answer.fault.code)
        if answer.response is None:  # nil: how Tunduk's own samples say "no such person"
            return Finding(outcome=Outcome.NOT_FOUND)
        return read(answer.response)
    except ContractError as error:
        return Finding(outcome=Outcome.PROVIDER_ERROR, code=error.code)


def _refuse_other_subject(answer: Answer, question: Question) -> None:
    """Refuse an answer that echoes another question: its "not found" would be a lie about ours."""
    for name in question.echoed if answer.echo else ():
        told = answer.echo.optional(name) if answer.echo else None
        if told and told.casefold() != clean(str(question.request[name])).casefold():
            raise malformed(f"the answer echoes another {name}", where=name, code="wrong_person")


def noted(**notes: str | None) -> dict[str, str]:
    """Keep the notes that say something."""
    return {name: text for name, text in notes.items() if text}
