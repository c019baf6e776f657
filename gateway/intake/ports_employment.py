"""What intake asks about employment: the periods for which an employer paid contributions for a person."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.intake.answers import AgencyAnswer, AskContext


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPeriod:
    """A stretch of work at one employer; without `until` it goes on."""

    employer: str | None = None
    employer_inn: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmploymentRecord:
    """Whom the periods belong to, and the periods; sums are never asked for."""

    pin: str
    surname: str | None = None
    given_name: str | None = None
    patronymic: str | None = None
    periods: tuple[WorkPeriod, ...] = ()


class EmploymentRegister(Protocol):
    """The Social Fund's register of work periods."""

    async def work_periods(self, pin: str, *, context: AskContext) -> AgencyAnswer[EmploymentRecord]:
        """Ask for the work periods of a PIN."""
