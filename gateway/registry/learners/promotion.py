"""Move learners to the next grade by the rules of the book PROMOTION (R-072); nobody is moved by a guess."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused
from gateway.registry.books.rules import school_rules
from gateway.registry.learners.journal import Given, Paper, give_order, movements_of
from gateway.registry.learners.orders import Kind, Order
from gateway.registry.learners.programme import Step, next_step, possible_places
from gateway.registry.learners.tables import Movement
from gateway.registry.model import Enrolment

Counter = aliased(Movement, name="counter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What came of promoting many: the orders given, and who was left with the reason."""

    promoted: Mapping[UUID, UUID]
    left: Mapping[UUID, str]


async def promote(  # noqa: PLR0913 - which school, when, by which order, who stays and how sure
    session: AsyncSession,
    organisation_id: UUID,
    *,
    on: date,
    paper: Paper,
    at: datetime,
    repeaters: frozenset[UUID] = frozenset(),
    sure: bool = True,
) -> Promotion:
    """Promote everybody who studies at a school on a day; `repeaters` (enrolments) stay in their grade.

    Nobody is promoted by a guess: an enrolment without a rule or with an order in the way is left, with the
    reason. A rule no paper was seen for moves nobody unless `sure` is False. Run again it leaves those who moved
    on that day.
    """
    rules = await school_rules(session)
    studying = await _studying(session, organisation_id, on)
    told: dict[UUID, list[Order]] = {}
    for each in await movements_of(session, [place[0] for place in studying]):
        told.setdefault(each.enrolment_id, []).append(each.order)
    promoted: dict[UUID, UUID] = {}
    left: dict[UUID, str] = {}
    for enrolment_id, grade, moved_on in studying:
        if moved_on:
            left[enrolment_id] = "MOVED_ALREADY"
            continue
        step = Step(grade=grade)
        if enrolment_id not in repeaters:
            places = possible_places(told.get(enrolment_id, []), rules, grade or "")
            step = next_step(places, rules, on=on, sure=sure)
        if step.grade is None:
            left[enrolment_id] = step.reason or "NO_RULE_FOR_THE_GRADE"
            continue
        kind = Kind.REPEAT if enrolment_id in repeaters else Kind.PROMOTE
        given = Given(kind=kind, effective_on=on, paper=paper, grade=step.grade)
        try:
            promoted[enrolment_id] = await give_order(session, enrolment_id, given, at=at)
        except InputRefused as error:
            left[enrolment_id] = error.problems[0][1]
    return Promotion(promoted=promoted, left=left)


async def _studying(
    session: AsyncSession, organisation_id: UUID, on: date
) -> list[tuple[UUID, str | None, bool]]:
    from_here = (Enrolment.organisation_id == organisation_id, Enrolment.start_on <= on, ~Enrolment.held)
    moved = (
        select(Movement.id)
        .where(
            Movement.enrolment_id == Enrolment.id,
            Movement.kind.in_((Kind.PROMOTE, Kind.REPEAT)),
            Movement.effective_on == on,
            ~select(Counter.id).where(Counter.cancels_id == Movement.id).exists(),
        )
        .exists()
    )
    found = await session.execute(
        select(Enrolment.id, Enrolment.grade, moved)
        .where(*from_here, (Enrolment.end_on.is_(None)) | (Enrolment.end_on > on))
        .order_by(Enrolment.id)
    )
    return [(row[0], row[1], row[2]) for row in found]
