"""What the calendar brings: values that hold from today, places whose hold is over, cases no source answered."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.corrections import examine_changes
from gateway.disclosure.notices import plan_notices, send_due
from gateway.exchange.agency_tables import ScheduleMark
from gateway.foundation.clock import day_of
from gateway.intake.answer_memory import forget_stale
from gateway.intake.case_work import wake_silent
from gateway.registry.learners.transfers import lapse_holds
from gateway.registry.projection import project_person
from gateway.registry.timeline.due import due_projections
from gateway.registry.vital import settle_status
from sync.dependencies import WorkerDependencies

PROJECTIONS = "due_projections"
_SLICE = 200


async def project_due(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Project what the days since the last run changed, and give how many entries; a killed run is done again."""
    today = day_of(at)  # as projections count days
    async with dependencies.database.transaction() as session:
        done_on = await session.scalar(select(ScheduleMark.done_on).where(ScheduleMark.name == PROJECTIONS))
        since = done_on or today - timedelta(days=1)
        due = await due_projections(session, dependencies.policies, since=since, until=today)
    for first in range(0, len(due), _SLICE):
        async with dependencies.database.transaction() as session:
            await _project(session, dependencies, due[first : first + _SLICE], at)
    async with dependencies.database.transaction() as session:
        row = insert(ScheduleMark).values(name=PROJECTIONS, done_on=today, marked_at=at)
        again = row.on_conflict_do_update(index_elements=["name"], set_={"done_on": today, "marked_at": at})
        await session.execute(again)
    return len(due)


async def _project(
    session: AsyncSession, dependencies: WorkerDependencies, people: tuple[UUID, ...], at: datetime
) -> None:
    for person_id in people:
        await project_person(session, person_id, dependencies.policies, at=at)
        await settle_status(session, person_id, at=at)


async def let_places_go(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Let go of the places nobody took in time, and give how many."""
    async with dependencies.database.transaction() as session:
        return await lapse_holds(session, at=at)


async def wake_cases(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Bring cases back to triage whose source stayed silent, and give how many."""
    async with dependencies.database.transaction() as session:
        return len(await wake_silent(session, at=at))


async def examine(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Look at changes nobody looked at yet, and give how many disclosures they mark."""
    async with dependencies.database.transaction() as session:
        return await examine_changes(session, at=at)


async def forget_answers(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Forget what agencies answered and is no longer fresh, and give how many answers."""
    return await forget_stale(dependencies.database, now=at)


async def send_notices(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Plan a notice for every correction that has none, send those that are due, and give how many were taken."""
    async with dependencies.database.transaction() as session:
        await plan_notices(session, dependencies.settings.agreements, at=at)
    if dependencies.notices is None:
        return 0
    return await send_due(dependencies.database, dependencies.notices, at=at)
