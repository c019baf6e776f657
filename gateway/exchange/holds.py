"""Let an agency, a feed or a kind of job rest by a person's word, and let it go on; who, when and why is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import WorkHold
from gateway.exchange.breaker import CATCH_UP
from gateway.foundation.errors import RegistryError
from gateway.foundation.queue import QUEUE, defer

HoldKind = Literal["AGENCY", "FEED", "TASK"]
# what waited only for the hold begins anew: its attempts were spent on waiting
_WAKE = text("""
    update procrastinate_jobs set attempts = 0, scheduled_at = null
    where queue_name = :queue and task_name = :task and status = 'todo'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What rests, since when, by whose word and why; with `released_at` it no longer does."""

    kind: str
    name: str
    reason: str
    held_by: str
    held_at: datetime
    released_by: str | None = None
    released_at: datetime | None = None


async def hold(
    session: AsyncSession, kind: HoldKind, name: str, *, reason: str, by: str, at: datetime
) -> None:
    """Let something rest until it is released; raises RegistryError where it rests already or a reason lacks."""
    if not (reason.strip() and by.strip() and name.strip()):
        raise RegistryError("a hold names what rests, who says so and why")
    row = insert(WorkHold).values(
        id=uuid4(), kind=kind, name=name.strip(), reason=reason.strip(), held_by=by, held_at=at
    )
    made = await session.execute(row.on_conflict_do_nothing().returning(WorkHold.id))
    if made.first() is None:
        raise RegistryError("this rests already")


async def resume(session: AsyncSession, kind: HoldKind, name: str, *, by: str, at: datetime) -> None:
    """Let something go on, and catch up what waited; raises RegistryError where it does not rest."""
    released = await session.execute(
        update(WorkHold)
        .where(WorkHold.kind == kind, WorkHold.name == name, WorkHold.released_at.is_(None))
        .values(released_by=by, released_at=at)
        .returning(WorkHold.id)
    )
    if released.first() is None:
        raise RegistryError("this does not rest")
    if kind == "AGENCY":
        await defer(session, CATCH_UP, agency=name.partition("/")[0])
    if kind == "TASK":
        await session.execute(_WAKE, {"queue": QUEUE, "task": name})


async def is_held(session: AsyncSession, kind: HoldKind, name: str) -> bool:
    """Tell whether something rests."""
    held = select(func.count()).where(
        WorkHold.kind == kind, WorkHold.name == name, WorkHold.released_at.is_(None)
    )
    return bool(await session.scalar(held))


async def holds(session: AsyncSession, *, past: bool = False) -> tuple[Hold, ...]:
    """Read what rests, or with `past` everything that ever did, the newest first."""
    asked = select(WorkHold).order_by(WorkHold.held_at.desc())
    if not past:
        asked = asked.where(WorkHold.released_at.is_(None))
    return tuple(
        Hold(
            kind=row.kind,
            name=row.name,
            reason=row.reason,
            held_by=row.held_by,
            held_at=row.held_at,
            released_by=row.released_by,
            released_at=row.released_at,
        )
        for row in await session.scalars(asked)
    )
