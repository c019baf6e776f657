"""Signing in by the state's identity provider: out with a question, back with an answer to that very question."""

import hmac
import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from gateway.access.door import Door
from gateway.access.errors import refused
from gateway.access.model import Account, OidcFlow
from gateway.access.oidc import IDENTITY_REFUSED, Question
from gateway.access.sessions import token_digest
from gateway.access.sign_in import Opened, open_for
from gateway.foundation.clock import utc_now

_ANSWER_WITHIN = timedelta(minutes=10)
NOT_OFFERED = "OIDC_NOT_OFFERED"


async def begin(door: Door) -> tuple[str, str]:
    """Give the provider's address and the state the browser keeps in a cookie; raises AccessError."""
    if door.provider is None:
        raise refused(NOT_OFFERED)
    question = Question(
        state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48)
    )
    address = await door.provider.address(question)
    now = utc_now()
    async with door.database.transaction() as session:
        await session.execute(delete(OidcFlow).where(OidcFlow.started_at < now - _ANSWER_WITHIN))
        await session.execute(
            insert(OidcFlow).values(
                state_digest=token_digest(question.state),
                nonce=question.nonce,
                verifier=question.verifier,
                started_at=now,
            )
        )
    return address, question.state


async def finish(
    door: Door, *, kept_state: str, state: str, code: str, issuer: str | None, peer: str
) -> Opened:
    """Take the provider's answer and open a session; raises AccessError.

    The state must be the browser's own, unused and young. Nobody's account and an unidentified person are one
    refusal.
    """
    if door.provider is None:
        raise refused(NOT_OFFERED)
    if not kept_state or not hmac.compare_digest(kept_state.encode(), state.encode()):
        raise refused(IDENTITY_REFUSED)
    if issuer is not None and not door.provider.is_issuer(issuer):
        raise refused(IDENTITY_REFUSED)
    question = await _use(door, state)
    pin = await door.provider.pin_of(code, question)
    async with door.database.transaction() as session:
        found = await session.execute(
            select(Account.id).where(Account.pin_digest == door.keys.digest("pin", pin))
        )
        account_id = found.scalar_one_or_none()
        if account_id is None:
            raise refused(IDENTITY_REFUSED)
        return await open_for(door, session, account_id, method="OIDC", peer=peer)


async def _use(door: Door, state: str) -> Question:
    now = utc_now()
    async with door.database.transaction() as session:
        used = await session.execute(
            update(OidcFlow)
            .where(
                OidcFlow.state_digest == token_digest(state),
                OidcFlow.used_at.is_(None),
                OidcFlow.started_at > now - _ANSWER_WITHIN,
            )
            .values(used_at=now)
            .returning(OidcFlow.nonce, OidcFlow.verifier)
        )
        row = used.one_or_none()
    if row is None:
        raise refused(IDENTITY_REFUSED)
    return Question(state=state, nonce=row.nonce, verifier=row.verifier)
