"""What a district is told about appointments in its territory, and its receipt."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.decide import Decision
from gateway.access.errors import not_found
from gateway.access.model import AppointmentNotice, RoleGrant
from gateway.foundation.clock import utc_now
from gateway.registry.model import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice: which role began or ended where, by which order, and when it was sent and received."""

    id: UUID
    kind: str
    role: str
    organisation_code: str
    account_id: UUID
    order_no: str | None
    order_on: date | None
    sent_at: datetime
    received_at: datetime | None


async def list_notices(session: AsyncSession, decision: Decision, *, limit: int) -> tuple[Notice, ...]:
    """Read the notices within reach, the newest first."""
    found = await session.execute(
        select(
            AppointmentNotice.id,
            AppointmentNotice.kind,
            RoleGrant.role,
            Organisation.code.label("organisation_code"),
            RoleGrant.account_id,
            RoleGrant.order_no,
            RoleGrant.order_on,
            AppointmentNotice.sent_at,
            AppointmentNotice.received_at,
        )
        .join(RoleGrant, RoleGrant.id == AppointmentNotice.grant_id)
        .join(Organisation, Organisation.id == AppointmentNotice.organisation_id)
        .where(decision.filter)
        .order_by(AppointmentNotice.sent_at.desc(), AppointmentNotice.id)
        .limit(limit)
    )
    return tuple(Notice(**row) for row in found.mappings())


async def take_note(session: AsyncSession, notice_id: UUID, decision: Decision) -> None:
    """Write the receipt of a notice within reach, once; raises AccessError for another's and for none."""
    known = await session.execute(
        select(AppointmentNotice.received_at).where(AppointmentNotice.id == notice_id, decision.filter)
    )
    if known.one_or_none() is None:
        raise not_found()
    await session.execute(
        update(AppointmentNotice)
        .where(AppointmentNotice.id == notice_id, AppointmentNotice.received_at.is_(None))
        .values(received_at=utc_now(), received_by=decision.account_id)
    )
