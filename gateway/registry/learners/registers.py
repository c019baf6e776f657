"""Registers that follow from the journal of orders: graduates, academic leaves, the balance of movement."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import start_of

_BALANCE = text("""
    with orders as (
        select m.effective_on, m.kind in ('ENROL', 'TRANSFER_IN', 'REINSTATE') as opens,
            m.kind in ('TRANSFER_OUT', 'GRADUATE', 'EXPEL', 'DIE', 'END') as closes
        from movement m join enrolment e on e.id = m.enrolment_id
        where e.organisation_id = :organisation and not e.held
            and not exists (select 1 from movement c where c.cancels_id = m.id)
    )
    select count(*) filter (where opens and effective_on < :since)
             - count(*) filter (where closes and effective_on < :since),
        count(*) filter (where opens and effective_on >= :since and effective_on < :until),
        count(*) filter (where closes and effective_on >= :since and effective_on < :until)
    from orders
""")
_TIMELINESS = text("""
    select percentile_cont(0.5) within group (
            order by (m.recorded_at at time zone 'Asia/Bishkek')::date - m.effective_on
        ), count(*)
    from movement m join enrolment e on e.id = m.enrolment_id
    where e.organisation_id = :organisation and m.kind <> 'CANCEL'
        and m.recorded_at >= :since and m.recorded_at < :until
        and not exists (select 1 from movement c where c.cancels_id = m.id)
""")
_GRADUATES = text("""
    select enrolment_id, person_id, organisation_id, level, graduated_on, document_id, document_type, series,
        number, registration_no, honours, document_status
    from graduate
    where organisation_id = :organisation and graduated_on >= :since and graduated_on < :until
    order by graduated_on, person_id, document_id
""")
_LEAVES = text("""
    select id, enrolment_id, person_id, order_no, order_on, reason_code, from_on, until_on, returned_on
    from academic_leave
    where organisation_id = :organisation and from_on <= :on and (returned_on is null or returned_on > :on)
    order by from_on, id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How many counted on the first day, came, left, and so counted on the day after the last."""

    start: int
    arrived: int
    left: int

    @property
    def end(self) -> int:
        """Give how many counted at the end."""
        return self.start + self.arrived - self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeliness:
    """How many orders were entered, and after how many days at the median; negative is ahead of time."""

    orders: int
    median_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graduate:
    """Who finished where and when, with the document where one was issued."""

    enrolment_id: UUID
    person_id: UUID
    organisation_id: UUID
    level: str
    graduated_on: date
    document_id: UUID | None
    document_type: str | None
    series: str | None
    number: str | None
    registration_no: str | None
    honours: bool | None
    document_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicLeave:
    """A leave by its order: since when, until when it was meant, when the learner came back or left."""

    id: UUID
    enrolment_id: UUID
    person_id: UUID
    order_no: str
    order_on: date | None
    reason_code: str
    from_on: date
    until_on: date | None
    returned_on: date | None


async def movement_balance(
    session: AsyncSession, organisation_id: UUID, *, since: date, until: date
) -> Balance:
    """Sum up the journal of a school from a day until the day before another; taken-back orders do not count."""
    row = (await session.execute(_BALANCE, _span(organisation_id, since, until))).one()
    return Balance(start=row[0], arrived=row[1], left=row[2])


async def entry_timeliness(
    session: AsyncSession, organisation_id: UUID, *, since: date, until: date
) -> Timeliness:
    """Measure how long after its day of effect an order was entered, for orders entered in a span of days."""
    given = {"organisation": organisation_id, "since": start_of(since), "until": start_of(until)}
    row = (await session.execute(_TIMELINESS, given)).one()
    return Timeliness(orders=row[1], median_days=row[0])


async def graduates(
    session: AsyncSession, organisation_id: UUID, *, since: date, until: date
) -> tuple[Graduate, ...]:
    """Read who finished at a school in a span of days, a row for each document."""
    found = await session.execute(_GRADUATES, _span(organisation_id, since, until))
    return tuple(Graduate(**row) for row in found.mappings())


async def academic_leaves(
    session: AsyncSession, organisation_id: UUID, *, on: date
) -> tuple[AcademicLeave, ...]:
    """Read who is on academic leave from a school on a day."""
    found = await session.execute(_LEAVES, {"organisation": organisation_id, "on": on})
    return tuple(AcademicLeave(**row) for row in found.mappings())


def _span(organisation_id: UUID, since: date, until: date) -> dict[str, Any]:
    return {"organisation": organisation_id, "since": since, "until": until}
