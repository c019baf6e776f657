"""What a form may ask beyond the person: addresses, the household, the birth act with the parents.

All of it is asked beside the person, each source within its own time, and shown only where a source of identity
knows the person of the PIN as the form does: nothing of a stranger is given.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.intake.asking import ask
from gateway.intake.filled import FilledField, empty_status
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, BirthActRecord, PersonRecord
from gateway.intake.ports_documents import AddressRecord
from gateway.registry.values import ZAGS, VerificationStatus, clean_name

ASB, HOUSEHOLDS = "ASB", "SANARIP_AYMAK"
_PARENT = ("pin", "surname", "given_name", "patronymic")


class Part(StrEnum):
    """A part of a form that is asked for by name."""

    REGISTERED_ADDRESS = "registered_address"
    ACTUAL_ADDRESS = "actual_address"
    HOUSEHOLD = "household"
    BIRTH_ACT = "birth_act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a form waits for a source: its own time, never more than the form's; seconds."""

    whole: float
    of_source: Mapping[str, float]

    def of(self, source: str) -> float:
        """Give the seconds a source has."""
        return min(self.whole, self.of_source.get(source, self.whole))


Answers = Mapping[Part, AgencyAnswer[Any]]


async def ask_part(
    agencies: Agencies, pin: str, part: Part, *, context: AskContext, patience: Patience
) -> AgencyAnswer[Any]:
    """Ask the source of a part; one that is slow or down leaves only its own part empty."""
    source, question = SOURCES[part]
    return await ask(question(agencies, pin, context), source=source, deadline_seconds=patience.of(source))


def _registered(agencies: Agencies, pin: str, context: AskContext) -> Awaitable[AgencyAnswer[Any]] | None:
    port = agencies.addresses
    return port.registered_address(pin, context=context) if port else None


def _actual(agencies: Agencies, pin: str, context: AskContext) -> Awaitable[AgencyAnswer[Any]] | None:
    port = agencies.households
    return port.actual_address(pin, context=context) if port else None


def _household(agencies: Agencies, pin: str, context: AskContext) -> Awaitable[AgencyAnswer[Any]] | None:
    port = agencies.households
    return port.members(pin, context=context) if port else None


def _birth(agencies: Agencies, pin: str, context: AskContext) -> Awaitable[AgencyAnswer[Any]] | None:
    port = agencies.civil_registry
    return port.birth_act(pin, context=context) if port else None


Ask = Callable[[Agencies, str, AskContext], Awaitable[AgencyAnswer[Any]] | None]
SOURCES: Mapping[Part, tuple[str, Ask]] = {
    Part.REGISTERED_ADDRESS: (ASB, _registered),
    Part.ACTUAL_ADDRESS: (HOUSEHOLDS, _actual),
    Part.HOUSEHOLD: (HOUSEHOLDS, _household),
    Part.BIRTH_ACT: (ZAGS, _birth),
}


def more_fields(answers: Answers, *, known: bool) -> tuple[FilledField, ...]:
    """Give the fields of the parts; all of them empty unless a source of identity `known` the form's person."""
    return tuple(
        field
        for part, answer in answers.items()
        for field in _fields(answer, _values(part, answer.record if known else None))
    )


def fields_of(part: Part) -> tuple[str, ...]:
    """Name the fields a part fills, in their order."""
    return tuple(_values(part, None))


def _values(part: Part, record: object) -> dict[str, str | None]:
    match part:
        case Part.BIRTH_ACT:
            return _of_birth(record if isinstance(record, BirthActRecord) else None)
        case Part.HOUSEHOLD:
            relations = [member.relation or "?" for member in record] if isinstance(record, tuple) else []
            return {part.value: "; ".join(relations) or None}
    return {part.value: record.text if isinstance(record, AddressRecord) else None}


def _of_birth(act: BirthActRecord | None) -> dict[str, str | None]:
    """Give the act's number, the certificate and both parents: those of the act, who are the legal ones."""
    certificate = f"{act.certificate_series or ''}{act.certificate_number or ''}" if act else ""
    told = {
        "birth_act_number": act.act_number if act else None,
        "birth_certificate": certificate or None,
        "birth_place": act.birth_place if act else None,
    }
    return (
        told | _parent("mother", act.mother if act else None) | _parent("father", act.father if act else None)
    )


def _parent(who: str, parent: PersonRecord | None) -> dict[str, str | None]:
    told = {name: getattr(parent, name, None) for name in _PARENT}
    return {f"{who}_{name}": value if name == "pin" else clean_name(value) for name, value in told.items()}


def _fields(answer: AgencyAnswer[Any], values: Mapping[str, str | None]) -> list[FilledField]:
    return [
        FilledField(
            name=name,
            value=value,
            source=answer.source,
            verified_at=answer.answered_at if value else None,
            status=VerificationStatus.FILLED_BY_SOURCE if value else empty_status(answer.outcome),
            exchange_id=answer.exchange_id,
        )
        for name, value in values.items()
    ]
