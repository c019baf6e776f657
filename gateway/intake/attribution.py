"""Whose a record is, among entries read as one; and what was decided about look-alikes before."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.matching.decision import Decision, Match, Review, judge
from gateway.matching.record import Record
from gateway.matching.rules import Verdict
from gateway.registry.candidates import member_records
from gateway.registry.group import members_of
from gateway.registry.not_same import known_strangers


async def settle_by_memory(session: AsyncSession, decision: Decision[UUID]) -> Decision[UUID]:
    """Let a doubt rest that a person settled before: one link is left when the others are known not to be it.

    What was told apart comes up again only when something verified speaks for it since.
    """
    if not isinstance(decision, Review):
        return decision
    links = [opinion for opinion in decision.opinions if opinion.verdict is Verdict.LINK]
    if len(links) != 1:
        return decision
    mine = await members_of(session, links[0].person_id)
    for doubt in decision.opinions:
        if doubt is links[0]:
            continue
        theirs = await members_of(session, doubt.person_id)
        if doubt.kind == "PIN_CONFLICT" or not await known_strangers(session, mine, theirs):
            return decision
    return Match(person_id=links[0].person_id, opinion=links[0])


async def member_for(session: AsyncSession, root: UUID, record: Record, *, population: int) -> UUID:
    """Give the entry a record is kept with, of those read as one: the likest, the root where none is liker.

    So a merge that proves wrong can be undone with each record on the right side.
    """
    members = await member_records(session, root)
    if len(members) < 2:
        return root
    best = max(
        members, key=lambda each: (judge(record, each, population=population).weight, each.person_id == root)
    )
    return best.person_id
