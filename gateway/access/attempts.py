"""How often one may guess: every attempt is written down before it is judged, so that none slips by in parallel."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.errors import TooManyAttempts
from gateway.access.model import SignInAttempt
from gateway.foundation.clock import utc_now
from gateway.foundation.settings import Access
from gateway.foundation.tls import is_loopback

_KEEP = timedelta(days=1)
_ONE_BY_ONE = text("select pg_advisory_xact_lock(7110, hashtext(encode(:digest, 'hex')))")


async def reserve(session: AsyncSession, digest: bytes, *, peer: str, settings: Access) -> int:
    """Write an attempt down and give its id; raises TooManyAttempts while the account or the peer must wait.

    The wait doubles with every wrong attempt after the free ones. Whoever waits is not looked at: even the
    right password gives the same answer.
    """
    await session.execute(_ONE_BY_ONE, {"digest": digest})
    now = utc_now()
    window = now - timedelta(minutes=settings.attempt_window_minutes)
    await _check_account(session, digest, now, settings)
    await _check_peer(session, peer, window, settings)
    await session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _KEEP))
    written = insert(SignInAttempt).values(login_digest=digest, peer=peer, at=now).returning(SignInAttempt.id)
    return (await session.execute(written)).scalar_one()


async def succeed(session: AsyncSession, attempt_id: int) -> None:
    """Note that an attempt was right: the account's wrong ones before it no longer count."""
    await session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True))


async def _check_account(session: AsyncSession, digest: bytes, now: datetime, settings: Access) -> None:
    mine = SignInAttempt.login_digest == digest
    last_right = select(func.coalesce(func.max(SignInAttempt.id), 0)).where(mine, SignInAttempt.succeeded)
    wrong = select(func.count(), func.max(SignInAttempt.at)).where(
        mine, SignInAttempt.id > last_right.scalar_subquery()
    )
    count, last = (await session.execute(wrong)).one()
    over = count - settings.attempts_free
    if over < 0:
        return
    wait = min(2.0 ** min(over, 30), settings.longest_delay_seconds)
    left = wait - (now - last).total_seconds()
    if left > 0:
        raise TooManyAttempts(left)


async def _check_peer(session: AsyncSession, peer: str, window: datetime, settings: Access) -> None:
    """Bound one address's wrong attempts; this machine's own would be those of everybody behind its proxy."""
    if is_loopback(peer):
        return
    wrong = select(func.count()).where(
        SignInAttempt.peer == peer, SignInAttempt.at > window, ~SignInAttempt.succeeded
    )
    if (await session.execute(wrong)).scalar_one() >= settings.attempts_per_peer:
        raise TooManyAttempts(settings.attempt_window_minutes * 60)
