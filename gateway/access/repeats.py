"""Requests that may be sent twice: the same key with the same request gives the first answer again.

A key belongs to one account and holds a day. It is kept in the transaction of what it protects, so a request
that failed leaves no key, and of two at once the second waits for the first.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import LargeBinary, delete, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from gateway.access.values import Caller
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Base, Database
from gateway.foundation.errors import KopuroError
from gateway.registry.model import Instant

KEPT = timedelta(days=1)
Change = Callable[[AsyncSession], Awaitable[dict[str, Any]]]


class KeyReused(KopuroError):
    """The key of a request came again with another request."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the key was used for another request")


class KeptAnswer(Base):
    """A key that was used and what was answered; without an answer its request is being carried out."""

    __tablename__ = "idempotency_key"
    owner: Mapped[str] = mapped_column(primary_key=True)
    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    used_at: Mapped[Instant]
    expires_at: Mapped[Instant] = mapped_column(index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sending of a request: whose key it is, and what it asks."""

    owner: str
    key_digest: bytes
    request_digest: bytes
    at: datetime


def attempt_of(caller: Caller, key: str, address: str, asked_for: Mapping[str, Any]) -> Attempt:
    """Make the attempt of a request; what is asked is kept as a digest keyed by the key, the key as a digest."""
    asked = json.dumps([address, asked_for], sort_keys=True, ensure_ascii=False)
    return Attempt(
        owner=str(caller.account_id) if caller.account_id else "program",
        key_digest=hashlib.sha256(key.encode()).digest(),
        # without the key nobody can try out which PIN was sent
        request_digest=hmac.digest(key.encode(), asked.encode(), "sha256"),
        at=utc_now(),
    )


async def kept_answer(session: AsyncSession, attempt: Attempt) -> dict[str, Any] | None:
    """Give what was answered to this request before; None where it is new.

    Raises KeyReused where the key was used for another request.
    """
    found = await session.execute(
        select(KeptAnswer.request_digest, KeptAnswer.answer).where(
            KeptAnswer.owner == attempt.owner,
            KeptAnswer.key_digest == attempt.key_digest,
            KeptAnswer.expires_at > attempt.at,
        )
    )
    row = found.one_or_none()
    if row is not None and row.request_digest != attempt.request_digest:
        raise KeyReused
    return row.answer if row else None


async def take_key(session: AsyncSession, attempt: Attempt) -> dict[str, Any] | None:
    """Take the key for this transaction, or give the answer of whoever had it first; expired keys go."""
    await session.execute(
        delete(KeptAnswer).where(KeptAnswer.owner == attempt.owner, KeptAnswer.expires_at <= attempt.at)
    )
    taken = await session.execute(
        upsert(KeptAnswer)
        .values(
            owner=attempt.owner,
            key_digest=attempt.key_digest,
            request_digest=attempt.request_digest,
            used_at=attempt.at,
            expires_at=attempt.at + KEPT,
        )
        .on_conflict_do_nothing()
        .returning(KeptAnswer.owner)
    )
    return None if taken.first() else await kept_answer(session, attempt)


async def carry_out_once(database: Database, attempt: Attempt, change: Change) -> tuple[dict[str, Any], bool]:
    """Give the answer kept for the request, or carry it out and keep what it answers, in one transaction.

    The second value tells whether the answer is a kept one. Raises KeyReused and whatever the change raises.
    """
    async with database.transaction() as session:
        kept = await kept_answer(session, attempt) or await take_key(session, attempt)
        if kept is not None:
            return kept, True
        answer = await change(session)
        await keep_answer(session, attempt, 201, answer)
        return answer, False


async def keep_answer(
    session: AsyncSession, attempt: Attempt, status: int, answer: Mapping[str, Any]
) -> None:
    """Keep the answer beside the change it tells of."""
    await session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.owner == attempt.owner, KeptAnswer.key_digest == attempt.key_digest)
        .values(status=status, answer=dict(answer))
    )
