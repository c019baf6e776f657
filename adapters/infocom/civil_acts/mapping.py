"""What zags-service means by the fields of a death act: the only place that knows them.

Two fields are not confirmed: `deathTime` is read as the day of death where it holds a date; where it holds a time of
day only, `dfrom` is that day. A `dfrom` beside a dated `deathTime` is the birth date, as in the birth act.
"""

import re
from datetime import date

from gateway.foundation.errors import ContractError
from gateway.intake.answers import Outcome
from gateway.intake.ports_documents import DeathActRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, flag

DEATH_ACT = uses(
    fill="actDate actNumber actGovUnit docDate docNumber docSeries deathTime",
    verify="pin surname firstName patronymic isDuplicate dfrom",
    drop="govUnit",
    frame="faultcode faultstring",
)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(?::\d\d)?", re.ASCII)


def read_death_act(response: Fields, pin: str) -> Finding[DeathActRecord]:
    """Understand zagsDeathActByPin; raises ContractError for a missing field or somebody else's act."""
    if response.text("pin") != pin:
        raise malformed("the answer is about another PIN", where="pin", code="wrong_person")
    died, born = _days(response.text("deathTime"), response.optional("dfrom"))
    record = DeathActRecord(
        pin=pin,
        surname=response.text("surname"),
        given_name=response.text("firstName"),
        patronymic=response.optional("patronymic"),
        birth_date=born,
        death_date=died,
        act_number=response.text("actNumber"),
        act_date=calendar_date(response.text("actDate")),
        act_body=response.optional("actGovUnit"),
        certificate_series=response.optional("docSeries"),
        certificate_number=response.optional("docNumber"),
        certificate_issued_on=calendar_date(response.optional("docDate")),
    )
    _refuse_impossible(record)
    notes = noted(
        duplicate_certificate="yes" if flag(response.optional("isDuplicate")) else None,
        pin_disagrees="birth_date" if born and pin[1:9] != f"{born:%d%m%Y}" else None,
        unknown_fields=" ".join(response.unread(dropped=DEATH_ACT.dropped_in())),
    )
    return Finding(outcome=Outcome.FOUND, record=record, notes=notes)


def _days(death_time: str | None, dfrom: str | None) -> tuple[date | None, date | None]:
    """Give the day of death and, where it is told, the birth date."""
    other = calendar_date(dfrom)
    if death_time is None or _TIME_OF_DAY.fullmatch(death_time):
        return other, None
    return calendar_date(death_time), other


def _refuse_impossible(record: DeathActRecord) -> None:
    if not (record.surname or record.given_name):
        raise malformed("the answer names nobody", where="surname")
    if record.death_date is None:
        raise malformed("the act tells no day of death", where="deathTime")
    if record.birth_date and record.death_date < record.birth_date:
        raise ContractError(
            "the act tells a death before birth", code="impossible_dates", where="deathTime", hint="ask ЗАГС"
        )
