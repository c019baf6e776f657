"""The online path of matching: look up who a record may be, and decide."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.matching.decision import Decision, NoMatch, decide, settles
from gateway.matching.model import Model
from gateway.matching.record import Record
from gateway.registry.candidates import find, find_holder


async def decide_online(session: AsyncSession, record: Record, *, model: Model) -> Decision[UUID]:
    """Decide whose record it is among the registry's entries that share a blocking key with it.

    Most records name their entry by an identifier: it is asked about first, and where that settles the matter
    nobody who is merely named alike is looked up.
    """
    holder = await find_holder(session, record)
    if holder.candidates:
        decision = decide(record, holder.candidates, population=holder.population, model=model)
        if settles(decision):
            return decision
    found = await find(session, record)
    if not found.candidates:
        return NoMatch()
    return decide(record, found.candidates, population=found.population, model=model)
