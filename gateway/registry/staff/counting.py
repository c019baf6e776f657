"""How many work where: by the four groups of staff, without anybody's name."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.staff.model import Employment


async def employments_by_category(
    session: AsyncSession, *, on: date, organisation_id: UUID | None = None
) -> dict[str, int]:
    """Count the employments of a day by group of staff; the groups add up to all employments (R-007)."""
    asked = (
        select(Employment.category_code, func.count().label("number"))
        .where(Employment.start_on <= on, or_(Employment.end_on.is_(None), Employment.end_on > on))
        .group_by(Employment.category_code)
    )
    if organisation_id is not None:
        asked = asked.where(Employment.organisation_id == organisation_id)
    return {row.category_code: row.number for row in await session.execute(asked)}
