"""The shapes of searching learners, of their orders and of changes of schools."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.api.paging import Cursor, Limit
from gateway.intake.ordering import OrderKind, OrderWanted
from gateway.intake.transferring import StepName, StepWanted

Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Body(BaseModel):
    """A request: unknown fields are refused, and nothing of it is repeated in an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ListQuery(Body):
    """What learners are listed by: nothing personal, because it stands in the address."""

    organisation_code: Word | None = None
    status: Word | None = None
    grade: Word | None = None
    on: date | None = Field(None, description="The day of organisation, status and grade; today without it")
    cursor: Cursor = ""
    limit: Limit = 50


class SearchBody(ListQuery):
    """What is searched for; all conditions given must hold. Former names find a learner too."""

    name: Annotated[str, StringConstraints(max_length=200)] = ""
    birth_date: date | None = None
    pin: Annotated[str, StringConstraints(max_length=32)] | None = None


class PlaceAnswer(BaseModel):
    """Where somebody learns on the day."""

    enrolment_id: UUID
    organisation_code: str
    grade: str | None
    status: str
    start_on: date


class FoundAnswer(BaseModel):
    """A learner that was found; `former` when only a former name fits."""

    isuo_no: str
    surname: str | None
    given_name: str | None
    patronymic: str | None
    birth_date: date | None
    sex: str | None
    former: bool
    places: list[PlaceAnswer]


class FoundPage(BaseModel):
    """A page of learners in the order of their numbers; `next_cursor` is empty on the last one."""

    learners: list[FoundAnswer]
    next_cursor: str


class OrderBody(Body):
    """An order: what it does from which day, by which paper.

    `organisation_code`, `level` and `form` belong to ENROL and REINSTATE, `to_organisation_code` to TRANSFER,
    `cancels_id` to CANCEL; `enrolment_id` may be left out where there is one enrolment only.
    """

    kind: OrderKind
    order_no: Word | None = None
    order_on: date | None = None
    effective_on: date | None = None
    until_on: date | None = None
    reason_code: Text = ""
    enrolment_id: UUID | None = None
    grade: Word | None = None
    organisation_code: Word | None = None
    level: Word = "GENERAL"
    form: Word = "FULL_TIME"
    to_organisation_code: Word | None = None
    cancels_id: UUID | None = None

    def wanted(self) -> OrderWanted:
        """Give the order as what carries it out takes it."""
        return OrderWanted(**self.model_dump())


class OrderAnswer(BaseModel):
    """What an order made; `version` is the learner's new tag without its quotes."""

    kind: OrderKind
    order_id: UUID | None
    enrolment_id: UUID | None
    transfer_id: UUID | None
    version: str


class MovementAnswer(BaseModel):
    """An order as it stands in the journal; `cancelled` when another one took it back."""

    order_id: UUID
    enrolment_id: UUID
    kind: str
    order_no: str
    order_on: date | None
    effective_on: date
    until_on: date | None
    grade: str | None
    reason_code: str
    cancels_id: UUID | None
    cancelled: bool
    recorded_at: datetime


class StepBody(Body):
    """A step; HOLD says how many free places there are and for how many days one is held, COMPLETE the order."""

    step: StepName
    free_places: Annotated[int, Field(ge=1, le=1000)] = 1
    hold_days: Annotated[int, Field(ge=1, le=30)] = 10
    order_no: Word | None = None
    order_on: date | None = None
    effective_on: date | None = None

    def wanted(self) -> StepWanted:
        """Give the step as what takes it asks for."""
        return StepWanted(**self.model_dump())


class StepAnswer(BaseModel):
    """Where the change of schools stands after a step."""

    transfer_id: UUID
    state: str
    enrolment_id: UUID | None


class TransferAnswer(BaseModel):
    """A change of schools under way; no name, only the number."""

    transfer_id: UUID
    isuo_no: str
    state: str
    grade: str | None
    from_organisation_code: str
    to_organisation_code: str
    hold_until: datetime | None
    requested_at: datetime


class TransfersAnswer(BaseModel):
    """The changes of schools under way, the oldest first."""

    transfers: list[TransferAnswer]
