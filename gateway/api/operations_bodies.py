"""The shapes of requests and answers about incidents, replays, alerts and the background."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.operations.alert_kinds import RuleKind
from gateway.operations.replay_runs import RunStep
from gateway.operations.work import JobStep

Reason = Annotated[str, Field(min_length=1, max_length=1000)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
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


class RuleBody(_Body):
    """A rule: which trouble, from which numbers on, who is told and when nobody is."""

    name: Name
    kind: RuleKind
    parameters: dict[str, Any] = {}
    urgent: bool = False
    quiet_from: time | None = None
    quiet_until: time | None = None
    enabled: bool = True
    channels: Annotated[list[UUID], Field(max_length=50)] = []


class RuleAnswer(BaseModel):
    """A rule as it is."""

    rule_id: UUID
    name: str
    kind: str
    parameters: Mapping[str, Any]
    urgent: bool
    quiet_from: time | None
    quiet_until: time | None
    enabled: bool
    channels: list[UUID]
    changed_by: str
    changed_at: datetime


class ChannelBody(_Body):
    """A mailbox or a webhook."""

    name: Name
    kind: Literal["EMAIL", "WEBHOOK"]
    address: Annotated[str, Field(min_length=1, max_length=500)]
    language: Literal["ky", "ru", "en"] = "ru"
    enabled: bool = True


class ChannelAnswer(BaseModel):
    """A channel; its address is shown to whoever may change it."""

    channel_id: UUID
    name: str
    kind: str
    address: str | None
    language: str
    enabled: bool


class Made(BaseModel):
    """The id of what was made or changed."""

    id: UUID


class AlertAnswer(BaseModel):
    """A rule that holds, or held, about something."""

    alert_id: UUID
    rule: str
    kind: str
    subject: str
    value: float
    worst: float
    opened_at: datetime
    closed_at: datetime | None


class DeliveryAnswer(BaseModel):
    """A message about an alert, to a channel."""

    delivery_id: UUID
    alert_id: UUID | None
    channel_id: UUID
    event: str
    state: str
    attempts: int
    due_at: datetime
    ended_at: datetime | None
    error: str


class LetterAnswer(BaseModel):
    """Work that died, with the class of its cause."""

    letter_id: UUID
    kind: str
    name: str
    reference: str
    cause: str
    error: str
    attempts: int
    died_at: datetime


class FeedAnswer(BaseModel):
    """How far a feed is, and whether something may be missing."""

    feed: str
    cursor: str
    asked_at: datetime | None
    answered_at: datetime | None
    failures: int
    last_code: str
    gap: str
    gap_since: datetime | None


class BreakerAnswer(BaseModel):
    """Whether a service is asked."""

    agency: str
    service: str
    state: str
    failures: int
    opened_at: datetime | None
    probe_at: datetime | None
    last_code: str


class HoldAnswer(BaseModel):
    """What rests by a person's word."""

    kind: str
    name: str
    reason: str
    held_by: str
    held_at: datetime


class WorkAnswer(BaseModel):
    """The background at a glance."""

    jobs: Mapping[str, Mapping[str, int]]
    letters: list[LetterAnswer]
    feeds: list[FeedAnswer]
    breakers: list[BreakerAnswer]
    holds: list[HoldAnswer]


class JobAnswer(BaseModel):
    """A job without its arguments."""

    job_id: int
    task: str
    status: str
    attempts: int
    due_at: datetime | None
    deferred_at: datetime | None
    held_by: str
    reason: str


class JobsPage(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobAnswer]
    next_cursor: str | None


class JobStepBody(_Body):
    """What is done with a job, and why."""

    step: JobStep
    reason: Reason


class LetterStepBody(_Body):
    """What is done with a dead letter, and why."""

    step: Literal["retry", "drop"]
    reason: Reason


class HoldBody(_Body):
    """What shall rest or go on: an agency, one of its lines, a feed or a task by name."""

    step: Literal["hold", "resume"]
    kind: Literal["AGENCY", "FEED", "TASK"]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(max_length=1000)] = ""
