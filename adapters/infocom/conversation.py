"""One question to Инфоком: its request written by the contract, its answer taken out of the frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from adapters.infocom.dialect import Answer, read_answer
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.plugs import AskedReply, ServiceName
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue, Finding, Letter
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import clean

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked; `echoed` are the fields an echo of the request must not contradict."""

    service: str
    request: Mapping[str, Any]
    context: AskContext
    subject: str | None = None
    echoed: tuple[str, ...] = ("pin",)


Reading = Callable[[Fields], Finding[Record]]


class Conversation:
    """The way to one subsystem and its contract."""

    def __init__(self, dialogue: Dialogue, contract: Contract) -> None:
        self._dialogue, self._contract = dialogue, contract
        self.unanswered, self.unknown_contract = dialogue.unanswered, dialogue.unknown_contract

    def service(self, name: str) -> ServiceName:
        """Give the configured service under our name; raises SettingsError unless the contract has it."""
        service = self._dialogue.service(name)
        self._contract.check(service.service_code)
        return service

    async def ask(self, question: Question, read: Reading[Record]) -> AgencyAnswer[Record]:
        """Ask and understand; every failure is an outcome, and only an understood absence is NOT_FOUND."""
        service = self.service(question.service)
        letter = Letter(
            service=service,
            body=self._contract.body(service.service_code, question.request),
            context=question.context,
            subject=question.subject,
        )
        return await self._dialogue.ask(
            letter, lambda reply: _understand(reply, service.service_code, question, read)
        )


def _understand(
    reply: AskedReply, operation: str, question: Question, read: Reading[Record]
) -> Finding[Record]:
    answer = read_answer(reply.body, operation)
    _refuse_other_subject(answer, question)
    if answer.fault is not None:
        return Finding(outcome=answer.fault.outcome, code=answer.fault.code)
    if answer.response is None:  # nil: how Tunduk's own samples say "no such person"
        return Finding(outcome=Outcome.NOT_FOUND)
    return read(answer.response)


def _refuse_other_subject(answer: Answer, question: Question) -> None:
    """Refuse an answer that echoes another question: its "not found" would be a lie about ours."""
    for name in question.echoed if answer.echo else ():
        told = answer.echo.optional(name) if answer.echo else None
        if told and told.casefold() != clean(str(question.request[name])).casefold():
            raise malformed(f"the answer echoes another {name}", where=name, code="wrong_person")
