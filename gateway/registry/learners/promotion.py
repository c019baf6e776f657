"""Move learners to the next grade by rules that are data: sets of rules that stand until the next set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from gateway.foundation.errors import InputRefused
from gateway.registry.learners.journal import Given, Paper, give_order
from gateway.registry.learners.orders import Kind
from gateway.registry.learners.tables import Movement, PromotionRule
from gateway.registry.model import Enrolment

Counter = aliased(Movement, name="counter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What came of promoting many: the orders given, and who was left with the reason."""

    promoted: Mapping[UUID, UUID]
    left: Mapping[UUID, str]


def rules_for(rules: Iterable[tuple[int, str, str]], school_year: int) -> dict[str, str]:
    """Choose the set of rules (from year, from grade, to grade) for entering a school year, by its first year.

    A set replaces the one before it whole: a jump made once is not made again the year after.
    """
    told = [rule for rule in rules if rule[0] <= school_year]
    newest = max((year for year, _, _ in told), default=None)
    return {grade: following for year, grade, following in told if year == newest}


async def read_rules(session: AsyncSession, school_year: int) -> dict[str, str]:
    """Read which grade follows which on entering a school year, named by its first calendar year."""
    found = await session.execute(
        select(PromotionRule.from_year, PromotionRule.from_grade, PromotionRule.to_grade)
    )
    return rules_for([(row[0], row[1], row[2]) for row in found], school_year)


async def promote(
    session: AsyncSession,
    organisation_id: UUID,
    *,
    on: date,
    paper: Paper,
    at: datetime,
    repeaters: frozenset[UUID] = frozenset(),
) -> Promotion:
    """Promote everybody who studies at a school on a day; `repeaters` (enrolments) stay in their grade.

    Nobody is promoted by a guess: an enrolment without a rule or with an order in the way is left, with the
    reason. Run again it leaves those who moved on that day.
    """
    rules = await read_rules(session, on.year)
    promoted: dict[UUID, UUID] = {}
    left: dict[UUID, str] = {}
    for enrolment_id, grade, moved_on in await _studying(session, organisation_id, on):
        following = grade if enrolment_id in repeaters else rules.get(grade or "")
        if following is None or moved_on:
            left[enrolment_id] = "MOVED_ALREADY" if moved_on else "NO_RULE_FOR_THE_GRADE"
            continue
        kind = Kind.REPEAT if enrolment_id in repeaters else Kind.PROMOTE
        given = Given(kind=kind, effective_on=on, paper=paper, grade=following)
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
