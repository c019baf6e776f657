"""Signed-in browsers: an opaque token in a cookie, its digest here, an end after idleness and an end for good."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.errors import refused
from gateway.access.model import AccessSession
from gateway.access.standing import read_caller
from gateway.access.values import Caller
from gateway.foundation.clock import utc_now
from gateway.foundation.settings import Access

SIGN_IN_REQUIRED = "SIGN_IN_REQUIRED"
_TOKEN_BYTES = 32
_TOUCHES = 20  # a session in use is written to so often in one idle period


class Stage(StrEnum):
    """How far a sign-in has come."""

    SECOND_FACTOR = "SECOND_FACTOR"
    ENROL_SECOND_FACTOR = "ENROL_SECOND_FACTOR"
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that counts, and whose it is."""

    caller: Caller
    stage: Stage
    method: str
    started_at: datetime
    digest: bytes = field(repr=False)


def token_digest(token: str) -> bytes:
    """Give what is stored of a token; it has 256 random bits, so a plain hash hides it."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(token: str) -> str:
    """Give the token a page sends in a header to prove that it may read what we answer to this session."""
    return base64.urlsafe_b64encode(hmac.digest(token.encode(), b"csrf", "sha256")).decode().rstrip("=")


async def start_session(
    session: AsyncSession, account_id: UUID, *, stage: Stage, method: str, peer: str, settings: Access
) -> str:
    """Start a session and give its token, which is nowhere else; one from another place at once is noted."""
    token, now = secrets.token_urlsafe(_TOKEN_BYTES), utc_now()
    apart = await _elsewhere(session, account_id, peer, settings)
    await session.execute(
        insert(AccessSession).values(
            token_digest=token_digest(token),
            account_id=account_id,
            stage=stage,
            method=method,
            peer=peer,
            started_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=settings.session_hours),
        )
    )
    if apart:
        act = Act(act="ALERT", object="SESSION", account_id=account_id, reason="SESSIONS_APART", peer=peer)
        await record_act(session, act)
    return token


async def find_session(session: AsyncSession, token: str, *, settings: Access) -> SignedIn:
    """Find the session of a token; raises AccessError where it has ended or its account may no longer be used."""
    now, digest = utc_now(), token_digest(token)
    row = (
        await session.execute(
            select(AccessSession).where(AccessSession.token_digest == digest, *_lives(settings))
        )
    ).scalar_one_or_none()
    if row is None:
        raise refused(SIGN_IN_REQUIRED)
    caller = await read_caller(session, row.account_id)
    if now - row.seen_at > timedelta(minutes=settings.session_idle_minutes) / _TOUCHES:
        await session.execute(
            update(AccessSession).where(AccessSession.token_digest == digest).values(seen_at=now)
        )
    return SignedIn(
        caller=caller, stage=Stage(row.stage), method=row.method, started_at=row.started_at, digest=digest
    )


async def end_session(session: AsyncSession, digest: bytes, *, reason: str) -> None:
    """End one session."""
    await session.execute(
        update(AccessSession)
        .where(AccessSession.token_digest == digest, AccessSession.ended_at.is_(None))
        .values(ended_at=utc_now(), end_reason=reason)
    )


async def end_sessions(session: AsyncSession, account_id: UUID, *, reason: str) -> None:
    """End every session of an account at once."""
    await session.execute(
        update(AccessSession)
        .where(AccessSession.account_id == account_id, AccessSession.ended_at.is_(None))
        .values(ended_at=utc_now(), end_reason=reason)
    )


def _lives(settings: Access) -> tuple[ColumnElement[bool], ...]:
    now = utc_now()
    idle = now - timedelta(minutes=settings.session_idle_minutes)
    return AccessSession.ended_at.is_(None), AccessSession.expires_at > now, AccessSession.seen_at > idle


async def _elsewhere(session: AsyncSession, account_id: UUID, peer: str, settings: Access) -> bool:
    found = await session.execute(
        select(AccessSession.peer)
        .where(AccessSession.account_id == account_id, AccessSession.peer != peer, *_lives(settings))
        .limit(1)
    )
    return found.first() is not None
