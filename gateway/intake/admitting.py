"""Admit a learner for somebody: ask the agencies briefly, match before creating, show what the asker may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from gateway.access.decide import Decision
from gateway.access.values import Caller
from gateway.access.wall import walled
from gateway.access.within import holds_place, sees_person
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused
from gateway.foundation.settings import Settings
from gateway.intake.admission import Admission, admit
from gateway.intake.applications import Application, parse_application
from gateway.intake.learned_model import chosen_model
from gateway.intake.ports import Agencies, AskContext
from gateway.intake.verification import ask_about
from gateway.registry.card import CardField, card_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Where people are admitted: the registry, the agencies, and how long an answer of theirs is waited for."""

    database: Database
    agencies: Agencies
    settings: Settings
    evidence_deadline_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What became of an application, and the card's fields where the asker may see the learner."""

    admission: Admission
    fields: tuple[CardField, ...]


async def admit_within(
    counter: Counter, right: Decision, given: Mapping[str, object], *, caller: Caller, user_id: str
) -> Admitted:
    """Admit a learner to an organisation within reach; raises InputRefused with every problem there is."""
    application = parse_application(given)
    await _check_place(counter, right, application, caller)
    evidence = await ask_about(
        counter.agencies,
        application.pin.value if application.pin else None,
        passport=application.passport,
        context=AskContext(user_id=user_id, issue=f"admission-{uuid4()}"),
        deadline_seconds=counter.evidence_deadline_seconds,
    )
    async with counter.database.transaction() as session:
        admission = await admit(
            session,
            application,
            evidence=evidence,
            policies=counter.settings.fields,
            recorded_by=user_id,
            model=chosen_model(counter.settings),
        )
        if admission.person_id is None or admission.isuo_no is None:
            raise InputRefused(tuple(("organisation_code", reason) for reason in admission.reasons))
        visible = await sees_person(session, right, admission.person_id)
        fields = await card_fields(session, admission.person_id, at=utc_now()) if visible else ()
    return Admitted(admission=admission, fields=fields)


async def _check_place(counter: Counter, right: Decision, application: Application, caller: Caller) -> None:
    """Let an application to an organisation within reach pass; others are as unknown as one that is not there."""
    if caller.account_id is None:
        return
    async with walled(counter.database, caller.account_id) as session:
        found = await holds_place(session, right, application.organisation_code)
    if not found:
        raise InputRefused((("organisation_code", "ORGANISATION_UNKNOWN"),))
