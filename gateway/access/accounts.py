"""Accounts: one human each, identified before use, blocked at once."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Select, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.errors import not_found, refused
from gateway.access.keys import AccessKeys
from gateway.access.model import Account, Credential
from gateway.access.power import managed_account
from gateway.access.sessions import end_sessions
from gateway.access.values import AccountState, Caller
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import InputRefused
from gateway.registry.model import Assertion, Person, PersonIdentifier
from gateway.registry.reading import person_by_number
from gateway.registry.values import PASSPORT

PASSPORT_MESSAGE, IN_PERSON_ACT = "PASSPORT_MESSAGE", "IN_PERSON_ACT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """How a human was identified: an exchange that verified the passport, or an act and where it is kept."""

    kind: str
    reference: str
    place: str = ""


async def create_account(session: AsyncSession, *, isuo_no: str, login: str, by: Caller | None) -> UUID:
    """Create an account for a person of the registry; it waits for identification.

    Where this human has an account under this login, it is that one: one account a human, whoever else employs
    him. Raises AccessError: NOT_FOUND… for an unknown number, ACCOUNT_EXISTS where human and login do not meet.
    """
    login = login.strip().lower()
    entry = await person_by_number(session, isuo_no)
    if entry is None:
        raise not_found()
    same = select(Account.id).where(Account.login == login, Account.person_id.in_(_same(entry.person_id)))
    known = (await session.execute(same)).scalar_one_or_none()
    if known is not None:
        return known
    account_id = uuid4()
    try:
        async with session.begin_nested():
            await session.execute(
                insert(Account).values(
                    id=account_id,
                    person_id=entry.person_id,
                    login=login,
                    state=AccountState.PENDING_IDENTIFICATION,
                    created_by=by.account_id if by else None,
                    created_at=utc_now(),
                )
            )
    except IntegrityError:
        raise refused("ACCOUNT_EXISTS") from None
    await _note(session, "ACCOUNT_CREATED", account_id, by)
    return account_id


async def identify(
    session: AsyncSession, account_id: UUID, evidence: Identification, *, by: Caller, keys: AccessKeys
) -> None:
    """Take the evidence of who the human is and open the account.

    A passport message must be a verified answer of the passport service about this very person. Raises
    InputRefused (EVIDENCE) otherwise.
    """
    account = await managed_account(session, account_id, by)
    await identify_as(session, account, evidence, by=by.account_id, keys=keys)
    await _note(session, "ACCOUNT_IDENTIFIED", account_id, by, evidence.kind)


async def identify_as(
    session: AsyncSession, account: Account, evidence: Identification, *, by: UUID | None, keys: AccessKeys
) -> None:
    """Write the evidence down; the PIN's keyed digest lets the state's identity provider find the account."""
    if not await _proves(session, account.person_id, evidence):
        raise InputRefused((("reference", "EVIDENCE"),))
    pin = await _verified_pin(session, account.person_id)
    account.identified_kind, account.identified_ref = evidence.kind, evidence.reference
    account.identified_place, account.identified_by = evidence.place, by
    account.identified_at = utc_now()
    account.pin_digest = keys.digest("pin", pin) if pin else None
    if account.state == AccountState.PENDING_IDENTIFICATION:
        account.state = AccountState.ACTIVE
    await session.flush()


async def block(session: AsyncSession, account_id: UUID, *, by: Caller, reason: str) -> None:
    """Block an account and end its sessions at once."""
    await managed_account(session, account_id, by)
    await block_now(session, account_id, by=by.account_id, reason=reason)
    await _note(session, "ACCOUNT_BLOCKED", account_id, by)


async def block_now(session: AsyncSession, account_id: UUID, *, by: UUID | None, reason: str) -> None:
    """Block an account whoever asks; a blocked one stays as it is."""
    await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.state != AccountState.BLOCKED)
        .values(state=AccountState.BLOCKED, blocked_at=utc_now(), blocked_by=by, blocked_reason=reason)
    )
    await end_sessions(session, account_id, reason="BLOCKED")


async def unblock(session: AsyncSession, account_id: UUID, *, by: Caller) -> None:
    """Open a blocked account again; one that was never identified goes back to waiting."""
    account = await managed_account(session, account_id, by)
    if account.state != AccountState.BLOCKED:
        raise refused("NOT_BLOCKED")
    identified = account.identified_at is not None
    account.state = AccountState.ACTIVE if identified else AccountState.PENDING_IDENTIFICATION
    account.blocked_at, account.blocked_by, account.blocked_reason = None, None, ""
    await session.flush()
    await _note(session, "ACCOUNT_UNBLOCKED", account_id, by)


async def reset_second_factor(session: AsyncSession, account_id: UUID, *, by: Caller) -> None:
    """Take a lost second factor away; the next sign-in sets a new one."""
    await managed_account(session, account_id, by)
    await session.execute(
        update(Credential)
        .where(Credential.account_id == account_id)
        .values(totp_secret=None, totp_confirmed_at=None, totp_last_step=0)
    )
    await end_sessions(session, account_id, reason="SECOND_FACTOR_RESET")
    await _note(session, "SECOND_FACTOR_RESET", account_id, by)


async def _proves(session: AsyncSession, person_id: UUID, evidence: Identification) -> bool:
    if evidence.kind == IN_PERSON_ACT:
        return bool(evidence.reference.strip() and evidence.place.strip())
    try:
        exchange_id = UUID(evidence.reference)
    except ValueError:
        return False
    found = exists().where(
        Assertion.subject_id.in_(_same(person_id)),
        Assertion.exchange_id == exchange_id,
        Assertion.source_code == PASSPORT,
        Assertion.verified_at.is_not(None),
        Assertion.retracted_at.is_(None),
    )
    return bool((await session.execute(select(found))).scalar_one())


async def _verified_pin(session: AsyncSession, person_id: UUID) -> str | None:
    found = await session.execute(
        select(PersonIdentifier.value).where(
            PersonIdentifier.person_id.in_(_same(person_id)),
            PersonIdentifier.scheme == "PIN",
            PersonIdentifier.status == "VERIFIED",
            PersonIdentifier.valid_until.is_(None),
        )
    )
    return found.scalars().first()


def _same(person_id: UUID) -> Select[UUID]:
    return select(Person.id).where(or_(Person.id == person_id, Person.master_id == person_id))


async def _note(
    session: AsyncSession, act: str, account_id: UUID, by: Caller | None, reason: str = ""
) -> None:
    made = Act(
        act=act,
        object="ACCOUNT",
        object_id=str(account_id),
        reason=reason,
        account_id=by.account_id if by else None,
        caller="ACCOUNT" if by else "PROGRAM",
    )
    await record_act(session, made)
