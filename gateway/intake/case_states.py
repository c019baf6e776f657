"""The states of a case and the steps between them, as a table: who may take a step, and when two must agree."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gateway.foundation.errors import AccessError, RegistryError
from gateway.registry.reading import OPEN_STATES

Second = Literal["", "proposer", "undo"]


class Step(StrEnum):
    """What can be done with a case."""

    SETTLE = "settle"
    RECORD = "record"
    TRIAGE = "triage"
    ASK_SOURCE = "ask-source"
    SOURCE_ANSWERED = "source-answered"
    SOURCE_SILENT = "source-silent"
    ASSIGN = "assign"
    OPEN = "open"
    ASK = "ask"
    REPLY = "reply"
    PROPOSE = "propose"
    RETURN = "return"
    APPROVE = "approve"
    APPLY = "apply"
    CONFIRM = "confirm"
    REJECT = "reject"
    ESCALATE = "escalate"
    TAKE_BACK = "take-back"
    POSTPONE = "postpone"
    SUPERSEDE = "supersede"
    UNDO = "undo"
    REOPEN = "reopen"


PEOPLE = frozenset({"RESPONSIBLE", "HEAD", "DISTRICT", "SPECIAL_ADMIN"})
WORKER = frozenset({"WORKER"})
DISTRICT = frozenset({"DISTRICT", "SPECIAL_ADMIN"})
UNDOING = frozenset({"HEAD", "DISTRICT", "SPECIAL_ADMIN"})
_OPEN = frozenset(OPEN_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row: a step, the states it leads from and to, who takes it, whose word besides it needs."""

    step: Step
    sources: frozenset[str]
    target: str
    actors: frozenset[str]
    second: Second = ""


def _row(
    step: Step, sources: Collection[str], target: str, actors: frozenset[str], second: Second = ""
) -> Transition:
    return Transition(step=step, sources=frozenset(sources), target=target, actors=actors, second=second)


TABLE = (
    _row(Step.SETTLE, {"NEW"}, "AUTO_RESOLVED", WORKER),
    _row(Step.RECORD, {"AUTO_RESOLVED"}, "CLOSED_APPLIED", WORKER),
    _row(Step.TRIAGE, {"NEW"}, "TRIAGE", WORKER | DISTRICT),
    _row(Step.ASK_SOURCE, {"NEW", "TRIAGE", "IN_REVIEW", "ESCALATED"}, "WAITING_SOURCE", WORKER | PEOPLE),
    _row(Step.SOURCE_ANSWERED, {"WAITING_SOURCE"}, "TRIAGE", WORKER | PEOPLE),
    _row(Step.SOURCE_SILENT, {"WAITING_SOURCE"}, "TRIAGE", WORKER),
    _row(Step.ASSIGN, {"TRIAGE", "ASSIGNED", "IN_REVIEW"}, "ASSIGNED", WORKER | PEOPLE),
    _row(Step.OPEN, {"ASSIGNED"}, "IN_REVIEW", PEOPLE),
    _row(Step.ASK, {"IN_REVIEW"}, "INFO_REQUESTED", PEOPLE),
    _row(Step.REPLY, {"INFO_REQUESTED"}, "IN_REVIEW", PEOPLE),
    _row(Step.PROPOSE, {"IN_REVIEW"}, "PROPOSED", PEOPLE),
    _row(Step.RETURN, {"PROPOSED"}, "IN_REVIEW", PEOPLE),
    _row(Step.APPROVE, {"PROPOSED"}, "APPROVED", UNDOING, "proposer"),
    _row(Step.APPLY, {"APPROVED"}, "CLOSED_APPLIED", WORKER | PEOPLE),
    _row(Step.CONFIRM, {"IN_REVIEW", "TRIAGE", "ASSIGNED"}, "CLOSED_APPLIED", PEOPLE),
    _row(Step.REJECT, {"IN_REVIEW"}, "CLOSED_NO_ACTION", PEOPLE),
    _row(Step.ESCALATE, {"IN_REVIEW"}, "ESCALATED", PEOPLE),
    _row(Step.TAKE_BACK, {"ESCALATED"}, "IN_REVIEW", DISTRICT),
    _row(Step.POSTPONE, {"IN_REVIEW"}, "ASSIGNED", PEOPLE),
    _row(Step.SUPERSEDE, _OPEN, "CLOSED_SUPERSEDED", WORKER | PEOPLE),
    _row(Step.UNDO, {"CLOSED_APPLIED", "CLOSED_NO_ACTION"}, "REVERTED", UNDOING, "undo"),
    _row(Step.REOPEN, {"REVERTED"}, "TRIAGE", PEOPLE),
)
_BY_STEP = {row.step: row for row in TABLE}
STATES = frozenset(
    (*OPEN_STATES, "AUTO_RESOLVED", "CLOSED_APPLIED", "CLOSED_NO_ACTION", "CLOSED_SUPERSEDED", "REVERTED")
)


def transition(step: Step, state: str, *, role: str, reason: str) -> Transition:
    """Give the row of a step that may be taken now.

    Raises AccessError when the role may not take it, RegistryError when it does not lead on from the state or
    no reason is given.
    """
    row = _BY_STEP[step]
    if state not in row.sources:
        raise RegistryError(f"a case that is {state} cannot take the step {step}")
    if role not in row.actors:
        raise AccessError(f"the role {role} may not take the step {step}", code="ACCESS_DENIED")
    if not reason.strip():
        raise RegistryError("every step of a case needs a reason")
    return row


def check_second(row: Transition, *, actor: str, first: str | None) -> None:
    """Refuse the second word where there is no first one, or where it is the same person's; raises AccessError."""
    if not row.second:
        return
    if not first:
        raise RegistryError(f"nobody has proposed this yet: the step {row.step} needs a proposal")
    if first == actor:
        raise AccessError("the second word must be another person's", code="ACCESS_DENIED")
