"""Find whose PIN belongs to a name and a birth date: for people who do not have it at hand."""

from gateway.intake.asking import ask
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, PersonRecord
from gateway.matching.record import Record
from gateway.registry.values import ZAGS


async def find_pins(
    agencies: Agencies, typed: Record, context: AskContext, *, deadline_seconds: float
) -> AgencyAnswer[tuple[str, ...]]:
    """Ask the civil registry for the PINs of a name; AMBIGUOUS where there are several; none is shown."""
    port = agencies.civil_registry
    person = PersonRecord(
        surname=typed.surname,
        given_name=typed.given_name,
        patronymic=typed.patronymic,
        birth_date=typed.birth_date,
        sex=typed.sex,
    )
    question = port.pins_by_name(person, context=context) if port else None
    return await ask(question, source=ZAGS, deadline_seconds=deadline_seconds)
