"""Find the entries whose check by the sources is missing or too old, and defer their verification once each.

One rule over one instant, the last answer a source gave or failed to give about the PIN: never answered means
after an hour again (the catch-up after an outage), answered means after the configured number of days.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from gateway.foundation.queue import defer
from sync.dependencies import WorkerDependencies

_UNANSWERED_AGAIN = timedelta(hours=1)
_OUTDATED_AGAIN = timedelta(days=1)

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('reverify_stale'))")
_STALE = text("""
    select f.subject_id
    from field_provenance f
    join person p on p.id = f.subject_id and p.status = 'ACTIVE'
    left join lateral (
        select max(a.recorded_at) as at from assertion a
        where a.subject_id = f.subject_id and a.field = 'pin_verification'
    ) attempt on true
    where f.field = 'pin'
      and (f.verified_at is null or f.verified_at < :old or f.stale_after < :now)
      and coalesce(attempt.at, '-infinity') < case
            when f.status in ('UNVERIFIED', 'FORMAT_OK', 'SOURCE_UNAVAILABLE')
                then cast(:unanswered as timestamptz)
            when f.stale_after < :now then cast(:outdated as timestamptz)
            else :old end
      and f.projected_at < :unanswered
      and exists (
        select 1 from person_identifier i
        where i.person_id = p.id and i.scheme = 'PIN' and i.valid_until is null
          and i.status in ('CLAIMED', 'VERIFIED'))
      and not exists (
        select 1 from procrastinate_jobs j
        where j.lock = 'person:' || p.id and j.task_name = 'verify_person' and j.status in ('todo', 'doing'))
    order by f.verified_at nulls first
    limit :most
""")


async def reverify_stale(dependencies: WorkerDependencies) -> int:
    """Defer the verification of the stalest entries, `work.reverify_batch` at most, and give how many.

    Schedulers go one after another and see each other's jobs, so nobody is asked about twice.
    """
    work = dependencies.settings.work
    now = datetime.now(UTC)
    async with dependencies.database.transaction() as session:
        await session.execute(_ONE_AT_A_TIME)
        found = await session.execute(
            _STALE,
            {
                "now": now,
                "old": now - timedelta(days=work.reverify_after_days),
                "unanswered": now - _UNANSWERED_AGAIN,
                "outdated": now - _OUTDATED_AGAIN,
                "most": work.reverify_batch,
            },
        )
        people = found.scalars().all()
        for person_id in people:
            await defer(
                session, "verify_person", lock=f"person:{person_id}", priority=-1, person_id=str(person_id)
            )
    return len(people)
