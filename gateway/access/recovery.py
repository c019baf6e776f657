"""Setting a password: by a code somebody handed over, by the old one, or freshly identified by the state."""

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.attempts import reserve, succeed
from gateway.access.door import Door
from gateway.access.errors import refused
from gateway.access.model import Account, Credential, RecoveryCode
from gateway.access.sessions import SignedIn
from gateway.access.sign_in import CREDENTIALS, Opened, open_for, set_password
from gateway.access.values import AccountState
from gateway.foundation.clock import utc_now

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that look alike
_GROUPS, _GROUP = 4, 5
_FRESH = timedelta(minutes=10)


async def issue_code(door: Door, session: AsyncSession, account_id: UUID, *, by: UUID | None) -> str:
    """Make a code that sets the account's password once, and give it to be handed over; older ones end."""
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    now = utc_now()
    await session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
    )
    await session.execute(
        insert(RecoveryCode).values(
            code_digest=door.keys.digest("recovery", code),
            account_id=account_id,
            issued_by=by,
            issued_at=now,
            expires_at=now + timedelta(hours=door.settings.recovery_hours),
        )
    )
    act = Act(
        act="RECOVERY_CODE_ISSUED",
        object="ACCOUNT",
        object_id=str(account_id),
        account_id=by,
        caller="ACCOUNT" if by else "PROGRAM",
    )
    await record_act(session, act)
    return code


async def set_password_by_code(door: Door, login: str, code: str, password: str, *, peer: str) -> UUID:
    """Set a password by a code and give the account; raises AccessError (CREDENTIALS), TooManyAttempts, InputRefused.

    A code that is wrong, used, too old or another account's is one refusal.
    """
    login = login.strip().lower()
    async with door.database.transaction() as session:
        digest = door.keys.digest("recovery of", login)
        attempt = await reserve(session, digest, peer=peer, settings=door.settings)
    async with door.database.transaction() as session:
        account_id = await _use_code(door, session, login, code)
        await set_password(door, session, account_id, password)
        await succeed(session, attempt)
    return account_id


async def _use_code(door: Door, session: AsyncSession, login: str, code: str) -> UUID:
    now = utc_now()
    owner = select(Account.id).where(Account.login == login, Account.state == AccountState.ACTIVE)
    used = await session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.code_digest == door.keys.digest("recovery", code.strip().upper()),
            RecoveryCode.account_id == owner.scalar_subquery(),
            RecoveryCode.used_at.is_(None),
            RecoveryCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(RecoveryCode.account_id)
    )
    account_id = used.scalar_one_or_none()
    if account_id is None:
        raise refused(CREDENTIALS)
    return account_id


async def change_password(
    door: Door, signed_in: SignedIn, password: str, *, old: str | None, peer: str
) -> Opened:
    """Change the own password and give a new session, the only one left.

    The old password is asked for, unless the state's identity provider vouched for the person within the last
    ten minutes: that is how a forgotten one is recovered without an administrator.
    """
    account_id = signed_in.caller.account_id
    assert account_id is not None
    fresh = signed_in.method == "OIDC" and utc_now() - signed_in.started_at < _FRESH
    if not fresh:
        await _check_old(door, account_id, old or "", peer=peer)
    async with door.database.transaction() as session:
        await set_password(door, session, account_id, password)
        return await open_for(door, session, account_id, method=signed_in.method, peer=peer)


async def _check_old(door: Door, account_id: UUID, old: str, *, peer: str) -> None:
    async with door.database.transaction() as session:
        digest = door.keys.digest("change of", account_id.hex)
        attempt = await reserve(session, digest, peer=peer, settings=door.settings)
        stored = await session.execute(
            select(Credential.password_hash).where(Credential.account_id == account_id)
        )
        kept = stored.scalar_one_or_none()
    if not await door.passwords.fits(old, kept):
        raise refused(CREDENTIALS)
    async with door.database.transaction() as session:
        await succeed(session, attempt)
