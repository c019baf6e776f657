"""What questions cost: a ledger by agency, service and day in Bishkek, and what re-verification may still plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.exchange.agency_tables import AgencyLedger
from gateway.exchange.breaker import Line
from gateway.exchange.errors import JournalUnavailable
from gateway.foundation.background_settings import Budget
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.database import Database

NO_BUDGET = Budget()
_COUNT = text("""
    insert into agency_ledger as l (agency, service, day, calls, cost_tyiyn)
    values (:agency, :service, :day, 1, :price)
    on conflict (agency, service, day) do update set calls = l.calls + 1, cost_tyiyn = l.cost_tyiyn + :price
""")
_PLAN = text("""
    insert into agency_ledger as l (agency, service, day, planned, planned_tyiyn)
    values (:agency, :service, :day, :questions, :cost)
    on conflict (agency, service, day) do update
        set planned = l.planned + :questions, planned_tyiyn = l.planned_tyiyn + :cost
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A day of an agency's service: questions planned by re-verification, all that were sent, in tyiyn."""

    agency: str
    service: str
    day: date
    planned: int
    planned_tyiyn: int
    calls: int
    cost_tyiyn: int


def price_of(budget: Budget, service: str) -> int:
    """Give the price of one question in tyiyn, a hundredth of a som."""
    return round(budget.prices.get(service, 0.0) * 100)


class Ledger:
    """Counts what is sent to the agencies that have a budget; the others are not written about."""

    def __init__(
        self, database: Database, budgets: Mapping[str, Budget], *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Take where it is kept and the prices."""
        self._database, self._budgets, self._clock = database, budgets, clock

    async def count(self, line: Line) -> None:
        """Count a question before it leaves; raises JournalUnavailable when it cannot be."""
        budget = self._budgets.get(line.agency)
        if budget is None:
            return
        row = {"agency": line.agency, "service": line.service, "day": day_of(self._clock())}
        try:
            async with self._database.transaction() as session:
                await session.execute(_COUNT, {**row, "price": price_of(budget, line.service)})
        except (psycopg.Error, SQLAlchemyError, OSError):
            raise JournalUnavailable("what a question costs could not be written down") from None


@dataclass(slots=True, kw_only=True)
class Left:
    """What a day still allows at an agency; None where nothing bounds it."""

    questions: int | None = None
    tyiyn: int | None = None

    def pay(self, price: int) -> bool:
        """Take one question of this price off, if it is still allowed."""
        if self.questions is not None and self.questions < 1:
            return False
        if self.tyiyn is not None and self.tyiyn < price:
            return False
        self.questions = None if self.questions is None else self.questions - 1
        self.tyiyn = None if self.tyiyn is None else self.tyiyn - price
        return True


async def left_of(session: AsyncSession, agency: str, budget: Budget, *, at: datetime) -> Left:
    """Give what the day of an instant still allows re-verification to plan at an agency."""
    planned, tyiyn = (
        await session.execute(
            select(
                func.coalesce(func.sum(AgencyLedger.planned), 0),
                func.coalesce(func.sum(AgencyLedger.planned_tyiyn), 0),
            ).where(AgencyLedger.agency == agency, AgencyLedger.day == day_of(at))
        )
    ).one()
    return Left(
        questions=budget.daily_calls - int(planned) if budget.daily_calls else None,
        tyiyn=round(budget.daily_som * 100) - int(tyiyn) if budget.daily_som else None,
    )


async def plan(session: AsyncSession, line: Line, budget: Budget, *, questions: int, at: datetime) -> None:
    """Write down questions that are planned, in the transaction that plans them."""
    cost = questions * price_of(budget, line.service)
    row = {"agency": line.agency, "service": line.service, "day": day_of(at)}
    await session.execute(_PLAN, {**row, "questions": questions, "cost": cost})


async def spent(session: AsyncSession, *, since: date) -> tuple[Spent, ...]:
    """Read the ledger from a day on, the newest day first."""
    found = await session.scalars(
        select(AgencyLedger)
        .where(AgencyLedger.day >= since)
        .order_by(AgencyLedger.day.desc(), AgencyLedger.agency, AgencyLedger.service)
    )
    return tuple(
        Spent(
            agency=row.agency,
            service=row.service,
            day=row.day,
            planned=row.planned,
            planned_tyiyn=row.planned_tyiyn,
            calls=row.calls,
            cost_tyiyn=row.cost_tyiyn,
        )
        for row in found
    )
