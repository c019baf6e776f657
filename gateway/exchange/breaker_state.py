"""The breakers as a person sees them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import AgencyBreaker


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """A service that failed at some time: its state, how often in a row, since when it is left alone."""

    agency: str
    service: str
    state: str
    failures: int
    openings: int
    opened_at: datetime | None
    probe_at: datetime | None
    last_code: str
    failed_at: datetime | None


async def breaker_states(session: AsyncSession) -> tuple[BreakerState, ...]:
    """Read the breakers of services that failed at some time, those left alone first."""
    rows = await session.scalars(
        select(AgencyBreaker).order_by(
            AgencyBreaker.state.desc(), AgencyBreaker.agency, AgencyBreaker.service
        )
    )
    return tuple(
        BreakerState(
            agency=row.agency,
            service=row.service,
            state=row.state,
            failures=row.failures,
            openings=row.openings,
            opened_at=row.opened_at,
            probe_at=row.probe_at,
            last_code=row.last_code,
            failed_at=row.failed_at,
        )
        for row in rows
    )
