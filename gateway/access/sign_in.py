"""Signing in: a password, then a second factor where a role asks for one; and signing out of it all."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access import totp
from gateway.access.attempts import reserve, succeed
from gateway.access.door import Door
from gateway.access.errors import refused
from gateway.access.model import Account, Credential
from gateway.access.sessions import SignedIn, Stage, end_session, end_sessions, start_session
from gateway.access.standing import admitted_caller, needs_second_factor
from gateway.foundation.clock import utc_now

CREDENTIALS = "CREDENTIALS"
ISSUER = "ИСУО"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session: its token and how far it has come."""

    token: str = field(repr=False)
    stage: Stage
    account_id: UUID


async def sign_in(door: Door, login: str, password: str, *, peer: str) -> Opened:
    """Sign in by password; raises AccessError (CREDENTIALS, or what keeps an account out) and TooManyAttempts."""
    account_id = await prove_password(door, login, password, peer=peer)
    async with door.database.transaction() as session:
        return await open_for(door, session, account_id, method="PASSWORD", peer=peer)


async def prove_password(door: Door, login: str, password: str, *, peer: str) -> UUID:
    """Give the account whose password this is; raises AccessError (CREDENTIALS) and TooManyAttempts.

    An unknown login, a wrong password and an account without one are the same refusal after the same work.
    """
    login = login.strip().lower()
    async with door.database.transaction() as session:
        attempt = await reserve(session, door.keys.digest("login", login), peer=peer, settings=door.settings)
    async with door.database.transaction() as session:
        found = await session.execute(
            select(Account.id, Credential.password_hash)
            .join(Credential, Credential.account_id == Account.id)
            .where(Account.login == login)
        )
        row = found.one_or_none()
    if not await door.passwords.fits(password, row.password_hash if row else None) or row is None:
        raise refused(CREDENTIALS)
    async with door.database.transaction() as session:
        await succeed(session, attempt)
    if door.passwords.outdated(row.password_hash):
        await _store_hash(door, row.id, await door.passwords.hash(password, login=login))
    account_id: UUID = row.id
    return account_id


async def open_for(door: Door, session: AsyncSession, account_id: UUID, *, method: str, peer: str) -> Opened:
    """Open a session for an account whose identity is proved; raises AccessError for what keeps it out."""
    caller = await admitted_caller(session, account_id)
    stage = Stage.OPEN
    if needs_second_factor(caller):
        confirmed = await session.execute(
            select(Credential.totp_confirmed_at).where(Credential.account_id == account_id)
        )
        stage = Stage.SECOND_FACTOR if confirmed.scalar_one_or_none() else Stage.ENROL_SECOND_FACTOR
    token = await start_session(
        session, account_id, stage=stage, method=method, peer=peer, settings=door.settings
    )
    return Opened(token=token, stage=stage, account_id=account_id)


async def offer_second_factor(door: Door, signed_in: SignedIn) -> str:
    """Make a new secret and give its otpauth:// address, once; it counts when a code of it has been given.

    Raises AccessError where a second factor stands already: only an administrator takes that away.
    """
    account_id, secret = _account(signed_in), totp.make_secret()
    async with door.database.transaction() as session:
        sealed = door.keys.seal(secret, account_id.bytes)
        saved = (
            upsert(Credential)
            .values(account_id=account_id, totp_secret=sealed)
            .on_conflict_do_update(
                index_elements=["account_id"],
                set_={"totp_secret": sealed, "totp_last_step": 0},
                where=Credential.totp_confirmed_at.is_(None),
            )
            .returning(Credential.account_id)
        )
        if (await session.execute(saved)).scalar_one_or_none() is None:
            raise refused("SECOND_FACTOR_SET")
    return totp.address_of(secret, account=signed_in.caller.login, issuer=ISSUER)


async def give_second_factor(door: Door, signed_in: SignedIn, code: str, *, peer: str) -> Opened:
    """Check a code and open the session under a new token; raises AccessError (CREDENTIALS), TooManyAttempts.

    Each code counts once. The session that asked is ended: no token from before the second factor lives on.
    """
    account_id = _account(signed_in)
    async with door.database.transaction() as session:
        digest = door.keys.digest("second factor", account_id.hex)
        attempt = await reserve(session, digest, peer=peer, settings=door.settings)
    async with door.database.transaction() as session:
        await _take_code(door, session, account_id, code)
        await succeed(session, attempt)
        await end_session(session, signed_in.digest, reason="SECOND_FACTOR")
        token = await start_session(
            session,
            account_id,
            stage=Stage.OPEN,
            method=signed_in.method,
            peer=peer,
            settings=door.settings,
        )
    return Opened(token=token, stage=Stage.OPEN, account_id=account_id)


async def _take_code(door: Door, session: AsyncSession, account_id: UUID, code: str) -> None:
    found = await session.execute(
        select(Credential).where(Credential.account_id == account_id).with_for_update()
    )
    kept = found.scalar_one_or_none()
    if kept is None or kept.totp_secret is None:
        raise refused(CREDENTIALS)
    secret = door.keys.unseal(kept.totp_secret, account_id.bytes)
    step = totp.matching_step(secret, code.strip(), at=utc_now(), after=kept.totp_last_step)
    if step is None:
        raise refused(CREDENTIALS)
    kept.totp_last_step = step
    kept.totp_confirmed_at = kept.totp_confirmed_at or utc_now()


async def set_password(door: Door, session: AsyncSession, account_id: UUID, password: str) -> None:
    """Set a password and end every session of the account; raises InputRefused for a weak one."""
    login = (await session.execute(select(Account.login).where(Account.id == account_id))).scalar_one()
    made = await door.passwords.hash(password, login=login)
    values = {"password_hash": made, "password_set_at": utc_now()}
    await session.execute(
        upsert(Credential)
        .values(account_id=account_id, **values)
        .on_conflict_do_update(index_elements=["account_id"], set_=values)
    )
    await end_sessions(session, account_id, reason="PASSWORD_SET")


async def _store_hash(door: Door, account_id: UUID, made: str) -> None:
    async with door.database.transaction() as session:
        await session.execute(
            update(Credential).where(Credential.account_id == account_id).values(password_hash=made)
        )


def _account(signed_in: SignedIn) -> UUID:
    assert signed_in.caller.account_id is not None
    return signed_in.caller.account_id
