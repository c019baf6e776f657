"""The first administrator: somebody must be there who was granted the role by nobody in the registry."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.accounts import IN_PERSON_ACT, Identification, create_account, identify_as
from gateway.access.acts import Act, record_act
from gateway.access.appointments import Appointment, write_grant
from gateway.access.door import Door
from gateway.access.errors import refused
from gateway.access.model import Account, RoleGrant
from gateway.access.recovery import issue_code
from gateway.access.undertakings import Paper, write_briefing, write_undertaking
from gateway.access.values import Role
from gateway.foundation.clock import today


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """The papers of a first administrator: the order, the act of identification, and where the originals are kept."""

    order_no: str
    order_on: date
    act_no: str
    place: str


async def appoint_first(door: Door, isuo_no: str, login: str, papers: Papers) -> str:
    """Make the first SPECIAL_ADMIN and give the code that sets the password.

    Raises AccessError (ADMINISTRATOR_EXISTS) once there has ever been one, NOT_FOUND… for an unknown number.
    """
    async with door.database.transaction() as session:
        await _check_none(session)
        account_id = await create_account(session, isuo_no=isuo_no, login=login, by=None)
        account = await session.get_one(Account, account_id)
        act = Identification(kind=IN_PERSON_ACT, reference=papers.act_no, place=papers.place)
        await identify_as(session, account, act, by=None, keys=door.keys)
        await _give_papers(session, account_id, papers, months=door.settings.undertaking_months)
        code = await issue_code(door, session, account_id, by=None)
        await record_act(
            session,
            Act(
                act="FIRST_ADMINISTRATOR",
                object="ACCOUNT",
                object_id=str(account_id),
                caller="PROGRAM",
                reason=papers.order_no,
            ),
        )
    return code


async def _check_none(session: AsyncSession) -> None:
    found = await session.execute(
        select(func.count()).select_from(RoleGrant).where(RoleGrant.role == Role.SPECIAL_ADMIN)
    )
    if found.scalar_one():
        raise refused("ADMINISTRATOR_EXISTS")


async def _give_papers(session: AsyncSession, account_id: UUID, papers: Papers, *, months: int) -> None:
    day = today()
    wanted = Appointment(
        role=Role.SPECIAL_ADMIN, valid_from=day, order_no=papers.order_no, order_on=papers.order_on
    )
    await write_grant(session, account_id, wanted, by=None)
    await write_briefing(session, account_id, held_on=day, topic="first administrator", by=account_id)
    paper = Paper(signed_on=day, location=papers.place)
    await write_undertaking(session, account_id, paper, by=account_id, months=months)
