"""Who does something to operators' work, and the trace that it leaves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.values import Caller
from gateway.foundation.errors import InputRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A reference that names an account, or a person at a terminal, and nobody's name."""

    reference: str
    account_id: UUID | None = None
    peer: str = ""


def actor_of(caller: Caller, *, peer: str = "") -> Actor:
    """Make the actor of a caller."""
    return Actor(
        reference=caller.user_id if caller.account_id else "program",
        account_id=caller.account_id,
        peer=peer,
    )


async def trace(
    session: AsyncSession, actor: Actor, act: str, *, about: tuple[str, object], **detail: Any
) -> None:
    """Record an act in the caller's transaction; writers queue up from here to its end, so do it last."""
    kind, object_id = about
    await record_act(
        session,
        Act(
            act=act,
            object=kind,
            object_id=str(object_id),
            account_id=actor.account_id,
            caller="ACCOUNT" if actor.account_id else "PROGRAM",
            peer=actor.peer,
            detail={"by": actor.reference, **detail},
        ),
    )


def told(text: str, field: str = "reason", *, longest: int = 1000) -> str:
    """Give what a person wrote, trimmed; raises InputRefused where nothing was said, or too much."""
    text = text.strip()
    if not text:
        raise InputRefused(((field, "REQUIRED"),))
    if len(text) > longest:
        raise InputRefused(((field, "TOO_LONG"),))
    return text
