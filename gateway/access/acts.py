"""The trace: who did what to which object, allowed or not, each row chained to the one before."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.model import AccessAct
from gateway.foundation.clock import utc_now

# a truncated end leaves no gap: keep the head elsewhere and compare
_BROKEN = text("""
    select min(seq) from (
        select a.seq, a.hash, access_act_hash(a) as made, a.previous_hash,
            coalesce(lag(a.hash) over w, '') as before, coalesce(lag(a.seq) over w, 0) as last
        from access_act a window w as (order by a.seq)
    ) chained
    where hash <> made or previous_hash <> before or seq <> last + 1
""")
_HEAD = text("select seq, hash from access_act order by seq desc limit 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act; `detail` holds what changed (before, after), never a name or a PIN."""

    act: str
    object: str
    object_id: str = ""
    allowed: bool = True
    reason: str = ""
    account_id: UUID | None = None
    caller: str = "ACCOUNT"
    peer: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


async def record_act(session: AsyncSession, act: Act) -> None:
    """Add an act in the caller's transaction; writers queue up from here to its end, so do it last."""
    await session.execute(
        insert(AccessAct).values(
            at=utc_now(),
            account_id=act.account_id,
            caller=act.caller,
            act=act.act,
            object=act.object,
            object_id=act.object_id,
            allowed=act.allowed,
            reason=act.reason,
            peer=act.peer,
            detail=act.detail,
        )
    )


async def first_broken_act(session: AsyncSession) -> int | None:
    """Check the whole chain and give the number of the first act that was changed, moved or follows a gap."""
    broken: int | None = (await session.execute(_BROKEN)).scalar_one()
    return broken


async def head_of_acts(session: AsyncSession) -> tuple[int, bytes]:
    """Give number and hash of the last act: kept elsewhere, they show a truncated end."""
    row = (await session.execute(_HEAD)).one_or_none()
    return (row.seq, row.hash) if row else (0, b"")
