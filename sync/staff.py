"""Whose work the Social Fund is asked about again: the longest unasked first, a batch an hour."""

from datetime import datetime, timedelta

from sqlalchemy import text

from gateway.foundation.clock import day_of
from gateway.foundation.queue import defer
from gateway.intake.staff_work import TASK
from sync.dependencies import WorkerDependencies

_DUE = text("""
    select e.person_id from employment e
    join organisation o on o.id = e.organisation_id and o.inn is not null
    where e.start_on <= :today and (e.end_on is null or e.end_on > :today)
        and (e.social_fund_checked_at is null or e.social_fund_checked_at < :before)
        and exists (select 1 from person_identifier i where i.person_id = e.person_id and i.scheme = 'PIN'
            and i.valid_until is null and i.status in ('CLAIMED', 'VERIFIED'))
        and not exists (select 1 from procrastinate_jobs j where j.lock = 'person:' || e.person_id
            and j.task_name = :task and j.status in ('todo', 'doing'))
    group by e.person_id order by min(e.social_fund_checked_at) nulls first, e.person_id limit :most
""")


async def check_staff(dependencies: WorkerDependencies, *, at: datetime) -> int:
    """Defer a question about everybody whose running work was not asked about for long, and give how many.

    At most `work.reverify_batch` people; nobody while the fund is not connected.
    """
    if dependencies.agencies.employment is None:
        return 0
    days = dependencies.settings.background.reverification.staff_days
    due = {
        "task": TASK,
        "today": day_of(at),
        "before": at - timedelta(days=days),
        "most": dependencies.settings.work.reverify_batch,
    }
    async with dependencies.database.transaction() as session:
        people = list(await session.scalars(_DUE, due))
        for person_id in people:
            await defer(session, TASK, lock=f"person:{person_id}", priority=-5, person_id=str(person_id))
    return len(people)
