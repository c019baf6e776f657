"""The shapes of requests and answers about the background."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.operations.work import JobStep

Reason = Annotated[str, Field(min_length=1, max_length=1000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


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
