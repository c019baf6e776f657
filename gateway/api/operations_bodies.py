"""The shapes of requests and answers about incidents and replays."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.operations.replay_runs import RunStep

Reason = Annotated[str, Field(min_length=1, max_length=1000)]
Place = Annotated[str, Field(max_length=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoteBody(_Body):
    """What somebody writes down."""

    note: Annotated[str, Field(max_length=1000)] = ""


class ReasonBody(_Body):
    """Why something is done."""

    reason: Reason


class IncidentAnswer(BaseModel):
    """Failures with one cause: what it is, how many, since when, and whether it is over."""

    incident_id: UUID
    direction: Literal["IN", "OUT"]
    agency: str
    service: str
    fault_code: str
    fault_kind: str
    side: str
    meaning: str
    side_text: str
    advice: str
    failure_count: int
    unanswered: int
    opened_at: datetime
    first_at: datetime
    last_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str | None


class IncidentNoteAnswer(BaseModel):
    """What a person did about an incident."""

    at: datetime
    by: str
    act: str
    text: str


class IncidentPage(BaseModel):
    """Incidents, the one opened last first."""

    incidents: list[IncidentAnswer]
    next_cursor: str | None


class IncidentWhole(IncidentAnswer):
    """An incident with what people did about it."""

    notes: list[IncidentNoteAnswer]


class IncidentExchangeAnswer(BaseModel):
    """A failed exchange: FAILED, RECOVERED by a later attempt, or REPLAYED."""

    exchange_id: UUID
    entry_id: UUID
    failed_at: datetime
    state: str


class IncidentExchangesPage(BaseModel):
    """Exchanges of an incident, the newest first."""

    exchanges: list[IncidentExchangeAnswer]
    next_cursor: str | None


class SelectionBody(_Body):
    """Which exchanges: those named, an incident's, all failed ones of a query line, or all that match the rest."""

    exchange_ids: Annotated[list[UUID], Field(max_length=5000)] = []
    incident_id: UUID | None = None
    query: Annotated[str, Field(max_length=1000)] | None = None
    agency: Place | None = None
    service: Place | None = None
    fault_code: Place | None = None
    since: datetime | None = None
    until: datetime | None = None
    mode: Literal["ASK", "WORK"] = "ASK"


class ReplayBody(SelectionBody):
    """A replay: what, why, how fast, and after how many failures it stops."""

    reason: Reason
    per_minute: Annotated[int, Field(ge=1, le=6000)] | None = None
    stop_after: Annotated[int, Field(ge=1, le=5000)] | None = None


class PlannedAnswer(BaseModel):
    """One exchange of a plan; with a reason it is not asked again."""

    exchange_id: UUID
    message_id: str
    service: str
    effect: Literal["READ", "WRITE"]
    fault_code: str
    reason: str
    reason_text: str


class ChangeAnswer(BaseModel):
    """Fields of the registry that may change: which, what they are worth now, in how many entries."""

    field: str
    worth: str
    count: int


class PlanAnswer(BaseModel):
    """What a replay would do; nothing was done yet. `items` holds the first two hundred."""

    mode: Literal["ASK", "WORK"]
    effect: Literal["READ", "WRITE"]
    total: int
    replayable: int
    needs_second_person: bool
    refused: Mapping[str, int]
    changes: list[ChangeAnswer]
    items: list[PlannedAnswer]


class RunAnswer(BaseModel):
    """A run and how far it is."""

    run_id: UUID
    mode: str
    effect: str
    state: str
    incident_id: UUID | None
    selection: Mapping[str, Any]
    reason: str
    per_minute: int
    stop_after: int
    needs_second_person: bool
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_at: datetime | None
    total: int
    ended: int
    failures: int
    counts: Mapping[str, int]


class StepOfRunBody(_Body):
    """A step of a run."""

    step: RunStep
    reason: Annotated[str, Field(max_length=1000)] = ""


class ItemAnswer(BaseModel):
    """One item: the old exchange and the new one."""

    position: int
    exchange_id: UUID
    message_id: str
    service: str
    effect: str
    state: str
    reason: str
    fault_code: str
    new_exchange_id: UUID | None
    new_message_id: str | None
    job_id: int | None
    started_at: datetime | None
    ended_at: datetime | None


class ItemsPage(BaseModel):
    """Items of a run, in order."""

    items: list[ItemAnswer]
    next_cursor: str | None


class DiffLineAnswer(BaseModel):
    """One field of either answer, masked."""

    path: str
    change: Literal["SAME", "CHANGED", "ADDED", "REMOVED"]
    old: str | None
    new: str | None


class AnswerState(BaseModel):
    """What is known of an answer."""

    exchange_id: UUID
    succeeded: bool | None
    fault_code: str
    size: int | None


class DiffAnswer(BaseModel):
    """Old and new answer, field by field."""

    old: AnswerState
    new: AnswerState | None
    lines: list[DiffLineAnswer]
