"""How late orders are entered, by whom: hours while a source was down are nobody's fault (R-074)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LATE = text("""
    with told as (
        select service, request_in_ts as at, outcome = 'AgencyUnavailable' as down,
            lead(request_in_ts) over (partition by service order by request_in_ts, seq) as next
        from journal_entry
        where kind = 'ANSWERED' and request_in_ts >= cast(:since as date) - 30 and request_in_ts < :until
    ), outage as (
        select range_agg(tstzrange(at, coalesce(next, :until), '[)')) as spans from told where down
    ), entered as (
        select m.id, m.recorded_by, m.recorded_at,
            tstzrange((m.effective_on + 1)::timestamptz, greatest(m.recorded_at, (m.effective_on + 1)::timestamptz))
                as waited
        from movement m join enrolment e on e.id = m.enrolment_id
        where e.organisation_id = :organisation and m.kind <> 'CANCEL'
            and m.recorded_at >= :since and m.recorded_at < :until
            and not exists (select 1 from movement c where c.cancels_id = m.id)
    )
    select entered.id, recorded_by,
        coalesce(extract(epoch from upper(waited) - lower(waited)), 0) / 3600 as hours,
        coalesce((
            select sum(extract(epoch from upper(span) - lower(span)))
            from unnest(outage.spans * tstzmultirange(waited)) span
        ), 0) / 3600 as excused
    from entered cross join outage
    order by recorded_at, entered.id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """An order: who entered it, how many hours after the end of its day, and how many of them a source was down."""

    order_id: UUID
    by: str
    hours: float
    excused: float

    @property
    def answerable(self) -> float:
        """Give the hours somebody answers for."""
        return max(self.hours - self.excused, 0.0)


async def lateness(
    session: AsyncSession, organisation_id: UUID, *, since: date, until: date
) -> tuple[Late, ...]:
    """Read how late each order entered in a span was; an order entered in time has 0 hours.

    A source was down from an answer it did not give until the next it gave, as the journal tells.
    """
    found = await session.execute(_LATE, {"organisation": organisation_id, "since": since, "until": until})
    return tuple(
        Late(order_id=row.id, by=row.recorded_by, hours=float(row.hours), excused=float(row.excused))
        for row in found
    )
