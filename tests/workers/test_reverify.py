"""Whom to ask about again: the riskiest first, no more than the day may cost, nobody while a source is left alone."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text

from gateway.exchange.holds import hold, resume
from gateway.exchange.ledger import spent
from gateway.foundation.background_settings import Budget
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database
from gateway.registry.repository import claim_identifier
from gateway.registry.values import IdentifierStatus, Scheme
from sync.catch_up import catch_up, probe_sources
from sync.dependencies import WorkerDependencies
from sync.reverify import reverify_stale, verification_lines
from tests.people import People
from tests.registry.learners.support import entry_of
from tests.registry.sections.support import employee, organisation

NOW = utc_now()


async def entry(
    work: WorkerDependencies, people: People, *, born: int = 1990, days: float | None = None
) -> UUID:
    """Make an entry whose PIN was verified so many days ago, or never."""
    async with work.database.transaction() as session:
        person_id = await entry_of(
            session, people.person(birth_date=date(born, 1, 1)), at=NOW - timedelta(days=900)
        )
        checked = {"id": person_id, "at": None if days is None else NOW - timedelta(days=days)}
        await session.execute(
            text(
                "update field_provenance set verified_at = cast(:at as timestamptz), projected_at = now() - interval '9 h',"
                " stale_after = cast(:at as timestamptz) + interval '365 days',"
                " status = case when cast(:at as timestamptz) is null then 'UNVERIFIED' else 'FILLED_BY_SOURCE' end"
                " where subject_id = :id"
            ),
            checked,
        )
    return person_id


async def everybody(work: WorkerDependencies) -> dict[UUID, str]:
    """One entry for each risk, and one that is fresh."""
    people = People(40)
    made = {
        await entry(work, people, days=366): "stale",
        await entry(work, people, days=10): "fresh",
        await entry(work, people, days=200, born=NOW.year - 16): "school age",
        await entry(work, people): "never",
    }
    works = await entry(work, people, days=200)
    expires = await entry(work, people, days=20)
    async with work.database.transaction() as session:
        await employee(session, await organisation(session), person_id=works)
        await claim_identifier(
            session, expires, Scheme.PASSPORT, "AN1234567", status=IdentifierStatus.VERIFIED, at=NOW
        )
        await session.execute(
            text(
                "insert into field_provenance select subject_id, 'passport', assertion_id, source_code, verified_at, status,"
                " now() + interval '9 days', projected_at from field_provenance where subject_id = :id and field = 'pin'"
            ),
            {"id": expires},
        )
        await session.execute(text("delete from procrastinate_jobs"))
    return made | {works: "staff", expires: "expires"}


async def deferred(database: Database) -> list[UUID]:
    async with database.transaction() as session:
        found = await session.execute(
            text(
                "select args ->> 'person_id' from procrastinate_jobs where task_name = 'verify_person'"
                " order by priority desc, id"
            )
        )
        return [UUID(each) for each in found.scalars()]


async def forget_jobs(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("delete from procrastinate_jobs"))


def with_budget(work: WorkerDependencies, budget: Budget) -> WorkerDependencies:
    background = replace(work.settings.background, budgets={"infocom": budget})
    return replace(work, settings=replace(work.settings, background=background))


async def test_the_riskiest_come_first_and_the_fresh_not_at_all(work: WorkerDependencies) -> None:
    """Never answered, stale by policy, an expiring document, an age of passports and schools, staff; not the fresh."""
    names = await everybody(work)
    assert await reverify_stale(work) == 5
    assert [names[one] for one in await deferred(work.database)] == [
        "never",
        "stale",
        "expires",
        "school age",
        "staff",
    ]


async def test_a_days_budget_ends_the_day_and_the_next_goes_on(work: WorkerDependencies) -> None:
    """What a day may cost stops the plan before the question it cannot pay; the next day takes the rest."""
    names = await everybody(work)
    zags, passport = verification_lines(work.settings)
    dear = with_budget(work, Budget(daily_som=10.0, prices={zags.service: 3.0, passport.service: 3.0}))
    assert await reverify_stale(dear) == 2  # 3 + 3, and the third would be 3 + 3 for a passport
    assert await reverify_stale(dear) == 0
    async with work.database.transaction() as session:
        assert [(row.planned, row.planned_tyiyn) for row in await spent(session, since=day_of(NOW))] == [
            (2, 600)
        ]
        await session.execute(text("update agency_ledger set day = day - 1"))
    assert await reverify_stale(dear) == 2
    assert [names[one] for one in await deferred(work.database)] == [
        "never",
        "stale",
        "expires",
        "school age",
    ]
    few = with_budget(work, Budget(daily_calls=4))
    assert await reverify_stale(few) == 1  # three of four are planned today
    assert len(await deferred(work.database)) == 5


async def test_while_a_source_is_left_alone_one_entry_is_the_probe(work: WorkerDependencies) -> None:
    """Behind an open breaker nothing is planned; when its pause is over one entry is; a hold stops even that."""
    await everybody(work)
    zags = verification_lines(work.settings)[0]
    async with work.database.transaction() as session:
        await session.execute(
            text(
                "insert into agency_breaker (agency, service, state, failures, probe_at, changed_at)"
                " values (:agency, :service, 'OPEN', 5, now() + interval '1 minute', now())"
            ),
            {"agency": zags.agency, "service": zags.service},
        )
    assert (await reverify_stale(work), await probe_sources(work, at=utc_now())) == (0, 0)
    async with work.database.transaction() as session:
        await session.execute(text("update agency_breaker set probe_at = now()"))
        await hold(session, "AGENCY", "infocom", reason="x", by="o.p", at=NOW)
    assert await probe_sources(work, at=utc_now()) == 0
    async with work.database.transaction() as session:
        await resume(session, "AGENCY", "infocom", by="o.p", at=NOW)
    assert await probe_sources(work, at=utc_now()) == 1


async def test_catching_up_asks_about_each_once(work: WorkerDependencies) -> None:
    """After an outage what nobody answered is asked at once, in slices, and what waited for a retry does not wait."""
    people = People(41)
    waiting = [await entry(work, people) for _ in range(5)]
    await forget_jobs(work.database)
    slices = replace(
        work, settings=replace(work.settings, work=replace(work.settings.work, reverify_batch=2))
    )
    before = utc_now()
    async with work.database.transaction() as session:
        await session.execute(text("update field_provenance set projected_at = now() - interval '1 s'"))
    assert await catch_up(slices, "infocom", before=before) == 2
    async with work.database.transaction() as session:
        again = (
            await session.execute(text("select args from procrastinate_jobs where task_name = 'catch_up'"))
        ).scalar_one()
        assert again == {"agency": "infocom", "before": before.isoformat()}
        await session.execute(
            text(
                "update procrastinate_jobs set scheduled_at = now() + interval '1 h' where task_name = 'verify_person'"
            )
        )
    assert await catch_up(slices, "infocom", before=before) == 2
    async with work.database.transaction() as session:
        late = "select count(*) from procrastinate_jobs where task_name = 'verify_person' and scheduled_at is not null"
        assert await session.scalar(text(late)) == 0
    assert await catch_up(slices, "infocom", before=before) == 1
    assert set(await deferred(work.database)) == set(waiting)
    assert await catch_up(work, "minjust", before=before) == 0
    async with work.database.transaction() as session:
        assert (
            await session.scalar(text("select count(*) from procrastinate_jobs where lock = 'feed:minjust'"))
            == 1
        )
