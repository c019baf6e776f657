"""What follows by itself from a death, and from its being revoked (S-4): ways in closed, consents ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.accounts import block_now
from gateway.access.model import Account
from gateway.access.values import AccountState
from gateway.registry.group import members_of, root_of
from gateway.registry.learners.consents import withdraw_consent
from gateway.registry.learners.tables import Consent

DECEASED = "PERSON_DECEASED"
REVOKED = "PERSON_DEATH_REVOKED"


async def close_ways_in(session: AsyncSession, person_id: UUID, *, at: datetime) -> int:
    """Block the accounts of a person who died and end the consents he gave; give how many of both."""
    same = await members_of(session, await root_of(session, person_id))
    accounts = await session.scalars(
        select(Account.id).where(Account.person_id.in_(same), Account.state != AccountState.BLOCKED)
    )
    blocked = accounts.all()
    for account_id in blocked:
        await block_now(session, account_id, by=None, reason=DECEASED)
    given = await session.scalars(
        select(Consent.id).where(
            or_(Consent.subject_id.in_(same), Consent.giver_id.in_(same)), Consent.withdrawn_at.is_(None)
        )
    )
    ended = given.all()
    for consent_id in ended:
        await withdraw_consent(session, consent_id, reason=DECEASED, at=at)
    return len(blocked) + len(ended)


async def open_ways_in(session: AsyncSession, person_id: UUID) -> int:
    """Open the accounts again that only the death had blocked; consents are asked for anew."""
    same = await members_of(session, await root_of(session, person_id))
    opened = 0
    for identified, state in ((True, AccountState.ACTIVE), (False, AccountState.PENDING_IDENTIFICATION)):
        known = Account.identified_at.is_not(None) if identified else Account.identified_at.is_(None)
        changed = await session.execute(
            update(Account)
            .where(Account.person_id.in_(same), Account.blocked_reason == DECEASED, known)
            .values(state=state, blocked_at=None, blocked_by=None, blocked_reason="")
            .returning(Account.id)
        )
        opened += len(changed.all())
    return opened
