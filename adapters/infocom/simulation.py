"""How Инфоком behaves, for synthetic people: it answers in its dialect, and misbehaves when it is told to."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle

from adapters.infocom.simulated_wire import (
    CONTENT_TYPE,
    DASHED,
    DOTTED,
    Asked,
    Node,
    read_request,
    write_answer,
    write_fault,
)
from gateway.foundation.errors import ContractError
from gateway.intake.plugs import FaultMode, Misbehaviour, SimulatedAnswer, SimulatorDownError
from gateway.sandbox.people import Population

_DRIFTED = (DOTTED, DASHED, "%Y-%m-%d", "%Y-%m-%dT00:00:00+06:00", "%d.%m.%Y 0:00:00")
_BIRTH_DATES = frozenset({"dateOfBirth", "dfrom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedService:
    """One service: what it answers, and how a question would read that is about somebody else."""

    answer: Callable[[Population, Asked], list[Node]]
    about_another: Callable[[Population, Asked], Asked]


def fault(code: str, text: str) -> list[Node]:
    """Make a failure told inside the response."""
    return [("faultcode", code), ("faultstring", text)]


class InfocomSimulator:
    """The member's subsystems over one population; keeps nothing but the fault modes."""

    def __init__(self, people: Population, families: Mapping[str, Mapping[str, SimulatedService]]) -> None:
        self._people = people
        self._services = {code: service for family in families.values() for code, service in family.items()}
        self._subsystem = {code: name for name, family in families.items() for code in family}
        self._modes = dict.fromkeys(families, Misbehaviour())
        self.subsystems = {name: frozenset(family) for name, family in families.items()}

    def misbehave(self, subsystem_code: str, misbehaviour: Misbehaviour) -> None:
        """Switch a subsystem's fault mode; raises KeyError for a subsystem it has not."""
        if subsystem_code not in self._modes:
            raise KeyError(subsystem_code)
        self._modes[subsystem_code] = misbehaviour

    async def answer(self, service_code: str, envelope: bytes) -> SimulatedAnswer:
        """Answer a SOAP request; raises SimulatorDownError while the subsystem is down."""
        if service_code not in self._services:
            return write_fault("SOAP-ENV:Client", "Unknown operation")
        subsystem = self._subsystem[service_code]
        wrong = self._modes[subsystem]
        match wrong.mode:
            case FaultMode.DOWN:
                raise SimulatorDownError(subsystem)
            case FaultMode.SOAP_FAULT:
                return write_fault(wrong.code or "SOAP-ENV:Server", wrong.text or "Internal error")
            case FaultMode.GARBAGE:
                return SimulatedAnswer(
                    status=200, content_type=CONTENT_TYPE, body=b"<html>Bad Gateway<br></html>"
                )
            case FaultMode.SLOW:
                await asyncio.sleep(wrong.seconds)
        return self._speak(service_code, envelope, wrong)

    def _speak(self, service_code: str, envelope: bytes, wrong: Misbehaviour) -> SimulatedAnswer:
        try:
            request = read_request(envelope, service_code)
        except ContractError:
            return write_fault("SOAP-ENV:Client", "The request cannot be read")
        service = self._services[service_code]
        if wrong.mode is FaultMode.WRONG_PERSON:
            request = replace(request, asked=service.about_another(self._people, request.asked))
        if wrong.mode is FaultMode.FAULT_IN_CONTENT:
            told = fault(wrong.code or "500", wrong.text or "Внутренняя ошибка сервиса")
            return write_answer(request, service_code, told)
        response = _spoil(service.answer(self._people, request.asked), wrong.mode)
        forms = cycle(_DRIFTED) if wrong.mode is FaultMode.DRIFTED_DATES else None
        return write_answer(request, service_code, response, forms)


def _spoil(nodes: list[Node], mode: FaultMode) -> list[Node] | None:
    """Bend the order and the set of the response's fields; a bare list has nothing to lose but itself."""
    if mode is FaultMode.REORDERED:
        return _reversed(nodes)
    if mode is FaultMode.EXTRA_FIELD:
        middle = len(nodes) // 2
        return [*nodes[:middle], ("bloodGroup", "II"), *nodes[middle:]]
    if mode is FaultMode.MISSING_FIELD:
        kept = _without_birth_date(nodes)
        return kept if kept != nodes else None
    return nodes


def _reversed(nodes: list[Node]) -> list[Node]:
    return [(name, _reversed(value) if isinstance(value, list) else value) for name, value in reversed(nodes)]


def _without_birth_date(nodes: list[Node]) -> list[Node]:
    return [
        (name, _without_birth_date(value) if isinstance(value, list) else value)
        for name, value in nodes
        if name not in _BIRTH_DATES
    ]
