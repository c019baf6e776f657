"""What the Social Fund says of somebody's running employments: noted, and asked about where it says they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import day_of
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable
from gateway.intake.asking import ask
from gateway.intake.ports import Agencies, AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_employment import EmploymentRecord, WorkPeriod
from gateway.intake.staff_papers import take_social_fund_word
from gateway.intake.verification import DOWN, current_pin
from gateway.registry.model import Organisation, Person
from gateway.registry.repository import Provenance
from gateway.registry.staff.employing import SocialFund
from gateway.registry.staff.model import Employment

TASK = "check_employment"
SOCIAL_FUND = "SOCIAL_FUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """An employment that goes on, and the INN of its employer."""

    id: UUID
    start_on: date
    inn: str


async def check_work(
    database: Database,
    agencies: Agencies,
    person_id: UUID,
    *,
    context: AskContext,
    deadline_seconds: float = 30.0,
) -> tuple[UUID, ...]:
    """Ask the fund about somebody's running employments, note its word on each, and give the cases it opens.

    An employer is known by its INN: an organisation without one cannot be compared and keeps what it had.
    Raises AgencyUnavailable where the fund was down.
    """
    async with database.transaction() as session:
        pin = await current_pin(session, person_id)
    if pin is None or agencies.employment is None:
        return ()
    question = agencies.employment.work_periods(pin, context=context)
    answer = await ask(question, source=SOCIAL_FUND, deadline_seconds=deadline_seconds)
    if answer.outcome in DOWN:
        raise AgencyUnavailable("the fund did not answer about a person's work", code=answer.code)
    if answer.outcome not in {Outcome.FOUND, Outcome.NOT_FOUND}:
        return ()
    async with database.transaction() as session:
        return await _take(session, person_id, answer)


async def _take(
    session: AsyncSession, person_id: UUID, answer: AgencyAnswer[EmploymentRecord]
) -> tuple[UUID, ...]:
    told = Provenance(
        source=answer.source,
        recorded_at=answer.answered_at,
        exchange_id=answer.exchange_id,
        message_id=answer.message_id,
        verified_at=answer.answered_at,
    )
    periods, today = answer.record.periods if answer.record else (), day_of(answer.answered_at)
    opened = [
        await take_social_fund_word(
            session, work.id, word_of(periods, inn=work.inn, since=work.start_on, on=today), provenance=told
        )
        for work in await _running(session, person_id, today)
    ]
    return tuple(case_id for case_id in opened if case_id is not None)


def word_of(periods: Sequence[WorkPeriod], *, inn: str, since: date, on: date) -> SocialFund:
    """Say what the periods mean for work at an employer since a day: one that ended before it is another work."""
    here = [each for each in periods if each.employer_inn == inn]
    here = [each for each in here if each.until is None or each.until > since]
    if any(each.until is None or each.until >= on for each in here):
        return "CONFIRMED"
    return "ENDED" if here else "NOT_FOUND"


async def _running(session: AsyncSession, person_id: UUID, today: date) -> list[_Running]:
    root = select(Person.master_id).where(Person.id == person_id).scalar_subquery()
    same = select(Person.id).where(
        (Person.id == person_id) | (Person.id == root) | (Person.master_id == person_id)
    )
    found = await session.execute(
        select(Employment.id, Employment.start_on, Organisation.inn)
        .join(Organisation, Organisation.id == Employment.organisation_id)
        .where(
            Employment.person_id.in_(same),
            Organisation.inn.is_not(None),
            Employment.start_on <= today,
            Employment.end_on.is_(None) | (Employment.end_on > today),
        )
        .order_by(Employment.start_on, Employment.id)
    )
    return [_Running(id=row.id, start_on=row.start_on, inn=row.inn or "") for row in found]
