"""Find the entries whose check by the sources is missing or too old, and defer their verification once each.

The riskiest first: never answered; a document that expires or a value older than its policy allows; an age at which
school begins or a passport is due; staff; whatever is old. What a day may cost bounds how many: the rest is for
tomorrow. While a source is left alone nobody is asked about, but for one probe when its pause is over.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import AgencyBreaker
from gateway.exchange.breaker import Line
from gateway.exchange.holds import is_held
from gateway.exchange.ledger import NO_BUDGET, left_of, plan, price_of
from gateway.foundation.clock import day_of
from gateway.foundation.queue import defer
from gateway.foundation.settings import Settings
from gateway.intake.guarded_asker import service_path
from gateway.intake.plugs import configured_service
from sync.dependencies import WorkerDependencies

_OUTDATED_AGAIN = timedelta(days=1)
_QUESTIONS = (("civil_registry", "person_by_pin"), ("passport", "passport"))

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('reverify_stale'))")
# one row an entry; `again` is how long ago the last attempt must lie for an entry of that risk
_DUE = text("""
    with known as (
        select f.subject_id, f.verified_at, f.stale_after, f.projected_at, p.created_at,
            date_part('year', age(cast(:today as date), p.birth_date))::int as years,
            f.status in ('UNVERIFIED', 'FORMAT_OK', 'SOURCE_UNAVAILABLE') as unanswered,
            (select max(a.recorded_at) from assertion a
             where a.subject_id = f.subject_id and a.field = 'pin_verification') as attempt,
            (select min(g.stale_after) from field_provenance g
             where g.subject_id = f.subject_id and g.field in ('passport', 'citizenship')) as expires,
            exists (select 1 from employment e where e.person_id = f.subject_id
                and (e.end_on is null or e.end_on > :today)) as employed,
            exists (select 1 from person_identifier i where i.person_id = p.id and i.scheme = 'PASSPORT'
                and i.valid_until is null) as has_passport
        from field_provenance f
        join person p on p.id = f.subject_id and p.status = 'ACTIVE'
        where f.field = 'pin' and f.projected_at < :unanswered
            and exists (
                select 1 from person_identifier i
                where i.person_id = p.id and i.scheme = 'PIN' and i.valid_until is null
                and i.status in ('CLAIMED', 'VERIFIED'))
    ), risky as (
        select known.*, case
            when unanswered then 0
            when verified_at is not null and stale_after < :now then 1
            when verified_at is not null and expires < :expiring then 2
            when verified_at < :age_checked and years = any(:ages) then 3
            when verified_at < :staff_checked and employed then 4
            when verified_at is null or verified_at < :old then 5
        end as risk
        from known
    )
    select subject_id, risk, has_passport from risky
    where risk is not null and risk <= :riskiest
      and coalesce(attempt, '-infinity') < (array[
            cast(:unanswered as timestamptz), :outdated, :renewed, :age_checked, :staff_checked, :old])[risk + 1]
      and not exists (
        select 1 from procrastinate_jobs j
        where j.lock = 'person:' || subject_id and j.task_name = 'verify_person' and j.status in ('todo', 'doing'))
    order by risk, (created_at > :entered) desc, verified_at nulls first, subject_id
    limit :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one search is for: up to which risk, and before which instant an unanswered attempt must lie."""

    riskiest: int = 5
    asked_before: datetime | None = None


EVERYTHING = Scope()


def unanswered_before(instant: datetime) -> Scope:
    """Give the scope of what nobody answered, each entry asked about once since an instant."""
    return Scope(riskiest=0, asked_before=instant)


async def reverify_stale(dependencies: WorkerDependencies, scope: Scope = EVERYTHING) -> int:
    """Defer the verification of the riskiest entries and give how many.

    At most `work.reverify_batch`, and what the day's budget still allows. Schedulers go one after another and see
    each other's jobs, so nobody is asked about twice and nothing is planned twice.
    """
    now = datetime.now(UTC)
    async with dependencies.database.transaction() as session:
        await session.execute(_ONE_AT_A_TIME)
        lines = verification_lines(dependencies.settings)
        most = await _most(session, dependencies.settings, lines, now)
        if most == 0:
            return 0
        found = await session.execute(_DUE, {**_bounds(dependencies.settings, scope, now), "most": most})
        people = await _plan(session, dependencies.settings, lines, found.all(), now)
        for person in people:
            await _defer(session, person)
    return len(people)


def verification_lines(settings: Settings) -> tuple[Line, ...]:
    """Give the services a verification asks: who a PIN belongs to, and the passport."""
    found = []
    for name, agency in settings.agencies.items():
        for family, question in _QUESTIONS:
            services = agency.subsystems.get(family) if agency.enabled else None
            if services and question in services.services:
                path = service_path(configured_service(services, question))
                found.append(Line(agency=name, service=path))
    return tuple(found)


async def _defer(session: AsyncSession, person: Row[Any]) -> None:
    await defer(
        session,
        "verify_person",
        lock=f"person:{person.subject_id}",
        priority=-1 - person.risk,
        person_id=str(person.subject_id),
    )


async def _most(session: AsyncSession, settings: Settings, lines: Sequence[Line], now: datetime) -> int:
    """Give how many may be asked about: none while a source rests, one where it may be probed."""
    for agency in {line.agency for line in lines}:
        if await is_held(session, "AGENCY", agency):
            return 0
    batch = settings.work.reverify_batch
    # without the civil registry's answer nothing is verified
    return min(batch, await _allowed_by_breaker(session, lines[0], now)) if lines else batch


async def _allowed_by_breaker(session: AsyncSession, line: Line, now: datetime) -> int:
    row = await session.scalar(
        select(AgencyBreaker).where(
            AgencyBreaker.agency == line.agency,
            AgencyBreaker.service == line.service,
            AgencyBreaker.state != "CLOSED",
        )
    )
    if row is None:
        return 1 << 30
    return 1 if row.probe_at is not None and row.probe_at <= now else 0


async def _plan(
    session: AsyncSession,
    settings: Settings,
    lines: Sequence[Line],
    people: Sequence[Row[Any]],
    now: datetime,
) -> list[Row[Any]]:
    """Write down what the day can pay and give those it is for: one question each, another about a passport."""
    budgets = settings.background.budgets
    left = {
        line.agency: await left_of(session, line.agency, budgets.get(line.agency, NO_BUDGET), at=now)
        for line in lines
    }
    paid: list[Row[Any]] = []
    planned: Counter[Line] = Counter()
    for person in people:
        asked = lines[:2] if person.has_passport else lines[:1]
        prices = [(line, price_of(budgets.get(line.agency, NO_BUDGET), line.service)) for line in asked]
        if not all(left[line.agency].pay(price) for line, price in prices):
            break  # the riskiest first: nobody less risky takes the place
        paid.append(person)
        planned.update(asked)
    for line, questions in planned.items():
        if line.agency in budgets:
            await plan(session, line, budgets[line.agency], questions=questions, at=now)
    return paid


def _bounds(settings: Settings, scope: Scope, now: datetime) -> dict[str, Any]:
    choice = settings.background.reverification
    days = {
        "old": settings.work.reverify_after_days,
        "age_checked": choice.age_days,
        "staff_checked": choice.staff_days,
        "entered": choice.entrant_days,
        "renewed": choice.expiring_days,
    }
    return {
        **{name: now - timedelta(days=number) for name, number in days.items()},
        "now": now,
        "today": day_of(now),
        "unanswered": scope.asked_before or now - timedelta(minutes=choice.unanswered_minutes),
        "outdated": now - _OUTDATED_AGAIN,
        "expiring": now + timedelta(days=choice.expiring_days),
        "ages": [int(each) for each in choice.ages],
        "riskiest": scope.riskiest,
    }
