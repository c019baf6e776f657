"""What the API says of exchanges: metadata alone, people as pseudonyms cut short."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.api.paging import Limit

QueryLine = Annotated[
    str,
    Field(
        max_length=1000, description="The query line, as in the console: status:failed latency:>2s since:1h"
    ),
]


class ExchangeSearchBody(BaseModel):
    """A search that may name a person: the PIN becomes its pseudonym at once."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    q: QueryLine = ""
    pin: SecretStr | None = Field(default=None, description="14 digits")
    cursor: Annotated[str, Field(max_length=200)] = ""
    limit: Limit = 50


class ExchangeAnswer(BaseModel):
    """One exchange by its last word."""

    exchange_id: UUID
    at: datetime
    direction: Literal["in", "out"]
    status: Literal["ok", "failed", "open"]
    agency: str
    client: str
    service: str
    message_id: str
    fault_code: str
    latency_ms: float | None = None
    attempts: int
    request_size: int | None = None
    response_size: int | None = None
    signature: str
    purpose: str
    agreement: str
    subject: str = Field(description="The beginning of a person's pseudonym, or empty")


class ExchangesAnswer(BaseModel):
    """A page of exchanges, newest first."""

    exchanges: list[ExchangeAnswer]
    next_cursor: str = ""


class CountAnswer(BaseModel):
    """How many there are; `capped` says that there are more than were counted."""

    count: int
    capped: bool


class CauseAnswer(BaseModel):
    """Why it failed, in words."""

    meaning: str
    side: str
    advice: str
    retry: str


class RowAnswer(BaseModel):
    """What was found of one row of the journal, just now."""

    seq: int
    kind: str
    attempt: int
    whole: bool
    sealed: bool | None = None


class OneExchangeAnswer(ExchangeAnswer):
    """One exchange, why it failed, and whether its rows are whole."""

    cause: CauseAnswer | None = None
    trace_id: str = Field(default="", description="Its OpenTelemetry trace, or empty")
    incident_id: UUID | None = Field(default=None, description="For callers who may see incidents")
    rows: list[RowAnswer]
