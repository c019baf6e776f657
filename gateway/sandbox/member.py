"""A simulated member, for synthetic people only: it answers in its dialect, and misbehaves when it is told to."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle

from gateway.foundation.errors import ContractError
from gateway.intake.plugs import FaultMode, Misbehaviour, SimulatedAnswer, SimulatorDownError
from gateway.sandbox.people import Population
from gateway.sandbox.wire import (
    CONTENT_TYPE,
    DASHED,
    DOTTED,
    Asked,
    Node,
    Request,
    read_request,
    write_fault,
)

_DRIFTED = (DOTTED, DASHED, "%Y-%m-%d", "%Y-%m-%dT00:00:00+06:00", "%d.%m.%Y 0:00:00")
_GARBAGE = b"<html>Bad Gateway<br></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedService:
    """One SOAP service: what it answers, and how a question would read that is about somebody else."""

    answer: Callable[[Population, Asked], list[Node]]
    about_another: Callable[[Population, Asked], Asked]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A REST question as the simulator understood it."""

    path: tuple[str, ...]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRest:
    """One REST service: what it answers to whom, and the same answer spoiled or about somebody else."""

    answer: Callable[[Population, Asking, FaultMode], SimulatedAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How a member speaks: the name of a request's element, its answer on the wire, a failure told inside one.

    `essential` are the fields FaultMode.MISSING_FIELD leaves out.
    """

    write: Callable[[Request, str, list[Node] | None, Iterator[str] | None], SimulatedAnswer]
    trouble: Callable[[str, str], list[Node]]
    essential: frozenset[str]
    root_of: Callable[[str], str] = field(default=lambda service_code: service_code)


class SimulatedMember:
    """The member's subsystems over one population; keeps nothing but the fault modes."""

    def __init__(
        self,
        people: Population,
        families: Mapping[str, Mapping[str, SimulatedService]],
        speech: Speech | None = None,
        *,
        rest: Mapping[str, Mapping[str, SimulatedRest]] | None = None,
    ) -> None:
        """Take the SOAP services, and how they speak, and the REST services, by subsystem."""
        fetched = rest or {}
        self._people, self._speech = people, speech
        self._services = {code: service for family in families.values() for code, service in family.items()}
        self._fetched = {code: service for family in fetched.values() for code, service in family.items()}
        self._subsystem = {
            code: name for name, family in [*families.items(), *fetched.items()] for code in family
        }
        self._modes = dict.fromkeys([*families, *fetched], Misbehaviour())
        self.subsystems = {name: frozenset(family) for name, family in families.items()}
        self.rest_subsystems = {name: frozenset(family) for name, family in fetched.items()}

    def misbehave(self, subsystem_code: str, misbehaviour: Misbehaviour) -> None:
        """Switch a subsystem's fault mode; raises KeyError for a subsystem it has not."""
        if subsystem_code not in self._modes:
            raise KeyError(subsystem_code)
        self._modes[subsystem_code] = misbehaviour

    async def answer(self, service_code: str, envelope: bytes) -> SimulatedAnswer:
        """Answer a SOAP request; raises SimulatorDownError while the subsystem is down."""
        if service_code not in self._services or self._speech is None:
            return write_fault("SOAP-ENV:Client", "Unknown operation")
        wrong = await self._endured(service_code)
        match wrong.mode:
            case FaultMode.SOAP_FAULT:
                return write_fault(wrong.code or "SOAP-ENV:Server", wrong.text or "Internal error")
            case FaultMode.GARBAGE:
                return SimulatedAnswer(status=200, content_type=CONTENT_TYPE, body=_GARBAGE)
        return self._speak(self._speech, service_code, envelope, wrong)

    async def fetched(
        self, service_code: str, path: Sequence[str], query: Mapping[str, str]
    ) -> SimulatedAnswer:
        """Answer a REST GET; raises SimulatorDownError while the subsystem is down."""
        if service_code not in self._fetched:
            return SimulatedAnswer(status=404, content_type="text/plain", body=b"no such service")
        wrong = await self._endured(service_code)
        match wrong.mode:
            case FaultMode.SOAP_FAULT:
                return SimulatedAnswer(status=500, content_type="text/plain", body=b"Internal error")
            case FaultMode.GARBAGE:
                return SimulatedAnswer(status=200, content_type="text/html", body=_GARBAGE)
        asking = Asking(path=tuple(path), query=query)
        return self._fetched[service_code].answer(self._people, asking, wrong.mode)

    async def _endured(self, service_code: str) -> Misbehaviour:
        subsystem = self._subsystem[service_code]
        wrong = self._modes[subsystem]
        if wrong.mode is FaultMode.DOWN:
            raise SimulatorDownError(subsystem)
        if wrong.mode is FaultMode.SLOW:
            await asyncio.sleep(wrong.seconds)
        return wrong

    def _speak(
        self, speech: Speech, service_code: str, envelope: bytes, wrong: Misbehaviour
    ) -> SimulatedAnswer:
        try:
            request = read_request(envelope, speech.root_of(service_code))
        except ContractError:
            return write_fault("SOAP-ENV:Client", "The request cannot be read")
        service = self._services[service_code]
        if wrong.mode is FaultMode.WRONG_PERSON:
            request = replace(request, asked=service.about_another(self._people, request.asked))
        if wrong.mode is FaultMode.FAULT_IN_CONTENT:
            told = speech.trouble(wrong.code or "500", wrong.text or "Внутренняя ошибка сервиса")
            return speech.write(request, service_code, told, None)
        response = _spoil(service.answer(self._people, request.asked), wrong.mode, speech.essential)
        forms = cycle(_DRIFTED) if wrong.mode is FaultMode.DRIFTED_DATES else None
        return speech.write(request, service_code, response, forms)


def _spoil(nodes: list[Node], mode: FaultMode, essential: frozenset[str]) -> list[Node] | None:
    """Bend the order and the set of the response's fields; a bare list has nothing to lose but itself."""
    if mode is FaultMode.REORDERED:
        return _reversed(nodes)
    if mode is FaultMode.EXTRA_FIELD:
        middle = len(nodes) // 2
        return [*nodes[:middle], ("bloodGroup", "II"), *nodes[middle:]]
    if mode is FaultMode.MISSING_FIELD:
        kept = _without(nodes, essential)
        return kept if kept != nodes else None
    return nodes


def _reversed(nodes: list[Node]) -> list[Node]:
    return [(name, _reversed(value) if isinstance(value, list) else value) for name, value in reversed(nodes)]


def _without(nodes: list[Node], essential: frozenset[str]) -> list[Node]:
    return [
        (name, _without(value, essential) if isinstance(value, list) else value)
        for name, value in nodes
        if name not in essential
    ]
