"""How late orders are entered, by whom: hours while a source was down are nobody's fault (R-074)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import start_of

_ORDERS = """
    with told as (
        select service, request_in_ts as at, outcome = 'AgencyUnavailable' as down,
            lead(request_in_ts) over (partition by service order by request_in_ts, seq) as next
        from journal_entry
        where kind = 'ANSWERED' and request_in_ts >= cast(:since as timestamptz) - interval '30 days'
            and request_in_ts < :until
    ), outage as (
        select range_agg(tstzrange(at, coalesce(next, :until), '[)')) as spans from told where down
    ), entered as (
        select m.id, e.organisation_id, m.kind, m.effective_on, m.recorded_by, m.recorded_at,
            tstzrange(day.over, greatest(m.recorded_at, day.over)) as waited
        from movement m join enrolment e on e.id = m.enrolment_id
        cross join lateral (
            select (m.effective_on + 1)::timestamp at time zone 'Asia/Bishkek' as over
        ) day
        where e.organisation_id = any(:places) and m.kind <> 'CANCEL'
            and m.recorded_at >= :since and m.recorded_at < :until
            and not exists (select 1 from movement c where c.cancels_id = m.id)
    ), measured as (
        select entered.*, coalesce(extract(epoch from upper(waited) - lower(waited)), 0)::float / 3600 as hours,
            coalesce((
                select sum(extract(epoch from upper(span) - lower(span)))
                from unnest(outage.spans * tstzmultirange(waited)) span
            ), 0)::float / 3600 as excused
        from entered cross join outage
    )
"""
_PLACES = bindparam("places", type_=ARRAY(Uuid()))
_LATE = text(f"""{_ORDERS}
    select id, kind, effective_on, recorded_at, recorded_by, hours, excused from measured order by recorded_at, id
""").bindparams(_PLACES)  # noqa: S608 - two fixed texts
_OF_PLACES = text(f"""{_ORDERS}
    select o.id, o.code, count(m.id) as orders, count(m.id) filter (where m.hours > m.excused) as late,
        coalesce(max(m.hours - m.excused), 0) as longest,
        coalesce(sum(greatest(m.hours - m.excused, 0)), 0) as answerable
    from organisation o left join measured m on m.organisation_id = o.id
    where o.id = any(:places)
    group by o.id, o.code order by answerable desc, o.code
""").bindparams(_PLACES)  # noqa: S608 - two fixed texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An order: who entered it, how many hours after the end of its day, and how many of them a source was down."""

    order_id: UUID
    kind: str
    effective_on: date
    recorded_at: datetime
    by: str
    hours: float
    excused: float

    @property
    def answerable(self) -> float:
        """Give the hours somebody answers for."""
        return max(self.hours - self.excused, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatePlace:
    """An organisation's orders of a span: how many, how many late, the longest wait, all hours answered for."""

    organisation_id: UUID
    code: str
    orders: int
    late: int
    longest: float
    answerable: float


async def lateness(
    session: AsyncSession, organisation_id: UUID, *, since: date, until: date
) -> tuple[Late, ...]:
    """Read how late each order entered in a span was; an order entered in time has 0 hours.

    The regulation's term is the event itself (5.3): an order is in time on its own day in Kyrgyzstan.
    A source was down from an answer it did not give until the next it gave, as the journal tells.
    """
    found = await session.execute(_LATE, _given([organisation_id], since, until))
    return tuple(
        Late(
            order_id=row.id,
            kind=row.kind,
            effective_on=row.effective_on,
            recorded_at=row.recorded_at,
            by=row.recorded_by,
            hours=row.hours,
            excused=row.excused,
        )
        for row in found
    )


async def lateness_of_places(
    session: AsyncSession, organisations: Sequence[UUID], *, since: date, until: date
) -> tuple[LatePlace, ...]:
    """Sum the lateness of organisations up, those with the most hours to answer for first."""
    found = await session.execute(_OF_PLACES, _given(organisations, since, until))
    return tuple(
        LatePlace(
            organisation_id=row.id,
            code=row.code,
            orders=row.orders,
            late=row.late,
            longest=max(row.longest, 0.0),
            answerable=row.answerable,
        )
        for row in found
    )


def _given(places: Sequence[UUID], since: date, until: date) -> dict[str, Any]:
    return {"places": list(places), "since": start_of(since), "until": start_of(until)}
