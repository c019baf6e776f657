"""What settlements-service means by its fields: the only place that knows its vocabulary.

Names are first and last here, dates are texts, and an open period has no end or one in the far future.
"""

from datetime import date
from typing import Any

from lxml import etree

from adapters.social_fund.dialect import code_of, outcome_of, read_answer
from gateway.intake.answers import Outcome
from gateway.intake.ports_employment import EmploymentRecord, WorkPeriod
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date

WORK_PERIODS = uses(
    verify="PIN FirstName LastName Patronymic WorkPeriods.WorkPeriod.Payer WorkPeriods.WorkPeriod.INN "
    "WorkPeriods.WorkPeriod.DateBegin WorkPeriods.WorkPeriod.DateEnd",
    drop="Issuer WorkPeriods.WorkPeriod.PIN_LSS WorkPeriods.WorkPeriod.NumSF",
    frame="State",
)
REQUEST_ORG = "ИСУО"  # which organisation asks, as its log shows it
_PERIOD = "WorkPeriods.WorkPeriod"
_FAR_FUTURE = date(2900, 1, 1)


def periods_request(pin: str, *, user_id: str) -> dict[str, Any]:
    """Ask GetWorkPeriodInfo; who asks is part of the request."""
    return {"PIN": pin, "RequestOrg": REQUEST_ORG, "RequestPerson": user_id}


def read_periods(root: etree._Element, service_code: str, pin: str) -> Finding[EmploymentRecord]:
    """Understand GetWorkPeriodInfo; nobody is a state, somebody without work an answer without periods.

    Raises ContractError for a missing field or somebody else's record.
    """
    answer = read_answer(root, service_code)
    state = answer.optional("State")
    outcome = outcome_of(state)
    if outcome is not Outcome.FOUND:
        return Finding(outcome=outcome, code=code_of(state))
    if answer.text("PIN") != pin:
        raise malformed("the answer is about another PIN", where="PIN", code="wrong_person")
    stretches = [period for group in answer.groups("WorkPeriods") for period in group.groups("WorkPeriod")]
    record = EmploymentRecord(
        pin=pin,
        surname=answer.optional("LastName"),
        given_name=answer.optional("FirstName"),
        patronymic=answer.optional("Patronymic"),
        periods=tuple(sorted(map(_period, stretches), key=lambda one: one.since or date.min)),
    )
    unknown = {
        *answer.unread(dropped=WORK_PERIODS.dropped_in()),
        *(name for one in stretches for name in one.unread(dropped=WORK_PERIODS.dropped_in(_PERIOD))),
    }
    return Finding(
        outcome=Outcome.FOUND, record=record, notes=noted(unknown_fields=" ".join(sorted(unknown)))
    )


def _period(fields: Fields) -> WorkPeriod:
    until = calendar_date(fields.optional("DateEnd"))
    period = WorkPeriod(
        employer=fields.optional("Payer"),
        employer_inn=fields.optional("INN"),
        since=calendar_date(fields.optional("DateBegin")),
        until=None if until and until >= _FAR_FUTURE else until,
    )
    if not (period.employer or period.employer_inn):
        raise malformed("a work period names no employer", where="Payer")
    return period
