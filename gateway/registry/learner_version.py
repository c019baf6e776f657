"""The version of a learner: it changes with the entry and with every order about any of the enrolments."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.model import Enrolment, Person


async def learner_version(session: AsyncSession, person_id: UUID, *, lock: bool = False) -> str:
    """Give the version as one word.

    Read it as the tables' owner and before what it stands for, so that it is never newer than what was shown.
    `lock` holds the entry until the transaction ends.
    """
    entry = select(Person.version).where(Person.id == person_id)
    version = (await session.execute(entry.with_for_update() if lock else entry)).scalar_one()
    same = select(Person.id).where((Person.id == person_id) | (Person.master_id == person_id))
    orders = await session.execute(
        select(func.coalesce(func.sum(Enrolment.version), 0)).where(Enrolment.person_id.in_(same))
    )
    return f"{version}-{orders.scalar_one()}"
