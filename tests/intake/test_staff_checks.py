"""What follows a hiring in the background: the passport at its issuer, the work at the Social Fund."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.intake.hiring import hire_by_pin
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, PassportRecord
from gateway.intake.ports_employment import EmploymentRecord, WorkPeriod
from gateway.intake.staff_documents import check_passport
from gateway.intake.staff_work import SOCIAL_FUND, check_work, word_of
from gateway.registry.repository import Provenance
from gateway.registry.values import Pin
from tests.intake.support import CONTEXT, POLICIES, Sources
from tests.people import People, Person
from tests.registry.learners.support import entry_of, schools

INN = "02211199810049"
TODAY = today()
STARTED = TODAY - timedelta(days=90)


@dataclass
class Fund(Sources):
    """The Social Fund beside the passport service: whose periods it knows, or that it is down."""

    periods: dict[str, tuple[WorkPeriod, ...]] = field(default_factory=dict)

    def agencies(self) -> Agencies:
        return Agencies(passports=self, employment=self)

    async def work_periods(self, pin: str, *, context: AskContext) -> AgencyAnswer[EmploymentRecord]:
        known = self.periods.get(pin)
        record = EmploymentRecord(pin=pin, periods=known) if known is not None else None
        return await self._answer(SOCIAL_FUND, record)


async def hired(database: Database, person: Person, *, passport: str | None = None) -> tuple[UUID, UUID]:
    """Let a school with an INN hire somebody whose PIN is verified, by the form's own function."""
    (school,) = await schools(database, 1)
    async with database.transaction() as session:
        await session.execute(
            text("update organisation set inn = :inn where id = :id"), {"inn": INN, "id": school}
        )
        person_id = await entry_of(session, person)
        await session.execute(
            text("update person_identifier set status = 'VERIFIED' where scheme = 'PIN' and person_id = :id"),
            {"id": person_id},
        )
        values = {"position_code": "TEACHER", "start_on": STARTED, "kind_code": "MAIN", "order_no": "1"}
        told = Provenance(source="SCHOOL", recorded_at=utc_now(), entered_by="clerk.one")
        pin = Pin.parse(person.pin)
        work = await hire_by_pin(session, school, pin, values, passport=passport, provenance=told)
    return person_id, work


async def rows(database: Database, question: str, **values: object) -> list[Any]:
    async with database.transaction() as session:
        return [tuple(row) for row in await session.execute(text(question), values)]


@pytest.mark.requirement("R-026", "R-029")
async def test_a_passport_shown_at_hiring_is_checked_with_its_issuer(database: Database) -> None:
    """The hiring defers the check; a sound passport is verified by its source, a void one is blocked and asked about."""
    people = People(71)
    for number, valid, status, kinds in (
        ("ID1000001", True, "VERIFIED", []),
        ("ID1000002", False, "BLOCKED", ["STALE"]),
    ):
        person_id, _ = await hired(database, people.person(), passport=number)
        deferred = "select task_name from procrastinate_jobs where args ->> 'person_id' = :id"
        waiting = {row[0] for row in await rows(database, deferred, id=str(person_id))}
        assert waiting >= {"check_passport", "check_employment"}
        record = PassportRecord(
            series="ID", number=number[2:], valid=valid, expires_on=TODAY + timedelta(days=900)
        )
        source = Fund(passports={number: record})
        told = await check_passport(
            database, source.agencies(), person_id, context=CONTEXT, policies=POLICIES
        )
        assert told is valid
        held = "select status from person_identifier where scheme = 'PASSPORT' and person_id = :id"
        assert await rows(database, held, id=person_id) == [(status,)]
        asked = "select kind from review_case where person_id = :id"
        assert [row[0] for row in await rows(database, asked, id=person_id)] == kinds
        said = "select source_code, exchange_id is not null from assertion where field = 'passport' and subject_id = :id"
        assert ("PASSPORT", True) in await rows(database, said, id=person_id)


async def test_a_passport_service_that_is_down_says_nothing(database: Database) -> None:
    """Down is no answer: the job comes again, and nothing changes."""
    person_id, _ = await hired(database, People(72).person(), passport="ID1000003")
    with pytest.raises(AgencyUnavailable):
        await check_passport(
            database, Fund(down=True).agencies(), person_id, context=CONTEXT, policies=POLICIES
        )
    with pytest.raises(AgencyUnavailable):
        await check_work(database, Fund(down=True).agencies(), person_id, context=CONTEXT)
    assert await rows(database, "select social_fund_status from employment") == [(None,)]


@pytest.mark.requirement("R-056")
async def test_work_the_fund_calls_ended_becomes_a_task(database: Database) -> None:
    """Asked by PIN, the fund's word stands on the employment; where it ended and access is open, a person is asked."""
    person = People(73).person()
    person_id, work = await hired(database, person)
    ended = WorkPeriod(employer_inn=INN, since=STARTED, until=TODAY - timedelta(days=3))
    fund = Fund(periods={person.pin: (ended,)})
    assert await check_work(database, fund.agencies(), person_id, context=CONTEXT) == ()
    assert await rows(database, "select social_fund_status from employment") == [("ENDED",)]
    account = uuid4()
    async with database.transaction() as session:
        await session.execute(
            text("insert into account (id, person_id, login, state, created_at, identified_kind, identified_ref, "
                 "identified_at) values (:id, :who, 'clerk.one', 'ACTIVE', now(), 'IN_PERSON_ACT', '1', now())"),
            {"id": account, "who": person_id},
        )  # fmt: skip
        await session.execute(
            text("insert into role_grant (id, account_id, role, scope_type, organisation_id, order_no, order_on, "
                 "valid_from, granted_at) select gen_random_uuid(), :id, 'RESPONSIBLE', 'ORGANISATION', "
                 "organisation_id, '1', '2026-01-01', '2026-01-01', now() from employment where id = :work"),
            {"id": account, "work": work},
        )  # fmt: skip
    (case_id,) = await check_work(database, fund.agencies(), person_id, context=CONTEXT)
    assert await rows(database, "select kind, field from review_case where id = :id", id=case_id) == [
        ("EMPLOYMENT_MISMATCH", "access")
    ]
    assert await check_work(database, fund.agencies(), person_id, context=CONTEXT) == (case_id,)
    assert await rows(database, "select end_on from employment") == [(None,)]


def test_the_funds_periods_are_read_for_the_own_employer_and_work() -> None:
    """Another employer's period, and one that ended before this work began, say nothing about it."""

    def word(*periods: WorkPeriod) -> str:
        return word_of(periods, inn=INN, since=date(2026, 9, 1), on=date(2026, 11, 1))

    here = WorkPeriod(employer_inn=INN, since=date(2020, 1, 1))
    assert word() == "NOT_FOUND"
    assert word(WorkPeriod(employer_inn="01", since=date(2026, 9, 1))) == "NOT_FOUND"
    assert word(here) == "CONFIRMED"
    assert word(WorkPeriod(employer_inn=INN, until=date(2026, 8, 31))) == "NOT_FOUND"
    assert word(WorkPeriod(employer_inn=INN, until=date(2026, 10, 1))) == "ENDED"
    assert word(WorkPeriod(employer_inn=INN, until=date(2026, 10, 1)), here) == "CONFIRMED"
