"""Entries whose visible values change by the calendar alone: a day arrives from which something holds."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.timeline.policies import Policies

_DUE = text("""
    select coalesce(p.master_id, p.id) from assertion a join person p on p.id = a.subject_id
    where a.valid_from > :since and a.valid_from <= :until and a.retracted_at is null
        and a.subject_type = 'PERSON'
    union
    select p.id from person p, unnest(cast(:ages as integer[])) age
    where p.status <> 'MERGED_INTO' and p.birth_date > cast(:since as date) - make_interval(years => age)
        and p.birth_date <= cast(:until as date) - make_interval(years => age)
    order by 1
""")


async def due_projections(
    session: AsyncSession, policies: Policies, *, since: date, until: date
) -> tuple[UUID, ...]:
    """Give the entries to project anew after the day `since`, up to and with `until`.

    They are those a dated word begins to hold for, and those who reach an age at which a policy changes.
    Run once a day over the days since the last run; a second run does no harm.
    """
    ages = sorted({policy.from_age for policy in policies.values()} - {0})
    found = await session.execute(_DUE, {"since": since, "until": until, "ages": ages})
    return tuple(found.scalars())
