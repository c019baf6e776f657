"""How good the data of organisations is: completeness, accuracy, timeliness, and what waits for whom (R-059, R-084)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import start_of
from gateway.registry.organisations.confirmation import STALE_AFTER_DAYS
from gateway.registry.reading import OPEN_STATES

_SCORES = text("""
    with place as (
        select o.id, o.code from organisation o where o.id = any(:places) and o.status <> 'PLANNED'
    ), learner as (
        select e.organisation_id, e.person_id, coalesce(f.status, 'UNVERIFIED') as worth
        from enrolment e left join person p on p.id = e.person_id
        left join field_provenance f
            on f.subject_id = coalesce(p.master_id, p.id) and f.field = 'pin'
        where e.organisation_id = any(:places) and not e.held and (e.end_on is null or e.end_on > :on)
    ), entered as (
        select e.organisation_id,
            percentile_cont(0.5) within group (
                order by (m.recorded_at at time zone 'Asia/Bishkek')::date - m.effective_on
            ) as days
        from movement m join enrolment e on e.id = m.enrolment_id
        where e.organisation_id = any(:places) and m.kind <> 'CANCEL' and m.recorded_at >= :since
            and not exists (select 1 from movement c where c.cancels_id = m.id)
        group by e.organisation_id
    ), confirmed as (
        select distinct on (organisation_id) organisation_id, completeness, confirmed_at
        from organisation_confirmation where organisation_id = any(:places)
        order by organisation_id, confirmed_at desc
    ), asked as (
        select l.organisation_id, count(distinct c.id) as cases
        from learner l join review_case c on c.person_id = l.person_id and c.state = any(:open)
        group by l.organisation_id
    )
    select place.id, place.code,
        (select count(*) from learner l where l.organisation_id = place.id) as learners,
        (select count(*) from learner l where l.organisation_id = place.id
            and l.worth in ('FILLED_BY_SOURCE', 'MATCHED_WITH_SOURCE')) as verified,
        (select count(*) from learner l where l.organisation_id = place.id and l.worth = 'STALE') as stale,
        entered.days, confirmed.completeness,
        confirmed.confirmed_at is null or confirmed.confirmed_at < :confirmed_since as unconfirmed,
        coalesce(asked.cases, 0) as cases,
        not exists (
            select 1 from responsible_appointment r where r.organisation_id = place.id and r.from_on <= :on
                and (r.until_on is null or r.until_on > :on)
        ) as unanswered
    from place left join entered on entered.organisation_id = place.id
    left join confirmed on confirmed.organisation_id = place.id
    left join asked on asked.organisation_id = place.id
    order by place.code
""").bindparams(bindparam("places", type_=ARRAY(Uuid())))


_PREVENTED = text("""
    with told as (
        select r.organisation_code, r.recorded_at,
            min(r.recorded_at) over (partition by coalesce(p.master_id, p.id)) as first_at
        from source_record r join person p on p.id = r.person_id
    )
    select count(*) from told
    join organisation o on o.code = told.organisation_code and o.id = any(:places)
    where told.recorded_at > told.first_at
""").bindparams(bindparam("places", type_=ARRAY(Uuid())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One organisation's card: numbers, never a person.

    `completeness` is that of the last confirmed passport (0 without one), `accuracy` the percentage of learners whose
    identity a source vouches for, `days_late` the median of days between an order's effect and its entry.
    """

    organisation_id: UUID
    code: str
    learners: int
    completeness: int
    accuracy: int | None
    days_late: float | None
    unverified: int
    open_cases: int
    passport_unconfirmed: bool
    without_responsible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What waits at a level: sums of the cards below it."""

    organisations: int
    learners: int
    unverified: int
    open_cases: int
    passports_unconfirmed: int
    without_responsible: int


async def scores(
    session: AsyncSession, organisations: Sequence[UUID], *, on: date, days: int = 90
) -> tuple[Score, ...]:
    """Score organisations as of a day; timeliness is that of the orders entered in the `days` before it."""
    given = {
        "places": list(organisations),
        "on": on,
        "since": start_of(on - timedelta(days=days)),
        "confirmed_since": start_of(on - timedelta(days=STALE_AFTER_DAYS)),
        "open": list(OPEN_STATES),
    }
    found = await session.execute(_SCORES, given)
    return tuple(
        Score(
            organisation_id=row.id,
            code=row.code,
            learners=row.learners,
            completeness=row.completeness or 0,
            accuracy=100 * row.verified // row.learners if row.learners else None,
            days_late=float(row.days) if row.days is not None else None,
            unverified=row.learners - row.verified,
            open_cases=row.cases,
            passport_unconfirmed=row.unconfirmed,
            without_responsible=row.unanswered,
        )
        for row in found
    )


async def duplicates_prevented(session: AsyncSession, organisations: Sequence[UUID]) -> int:
    """Count the records that came about somebody who was known by then, and made no second entry (R-021).

    A record that arrives again under its own key is one record; entries merged later count as one all along.
    """
    return int(await session.scalar(_PREVENTED, {"places": list(organisations)}) or 0)


def board_of(cards: Sequence[Score]) -> Board:
    """Sum cards up."""
    return Board(
        organisations=len(cards),
        learners=sum(card.learners for card in cards),
        unverified=sum(card.unverified for card in cards),
        open_cases=sum(card.open_cases for card in cards),
        passports_unconfirmed=sum(card.passport_unconfirmed for card in cards),
        without_responsible=sum(card.without_responsible for card in cards),
    )
