"""The shapes of requests and answers about alerts."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from gateway.operations.alert_kinds import RuleKind

Name = Annotated[str, Field(min_length=1, max_length=80)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


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
