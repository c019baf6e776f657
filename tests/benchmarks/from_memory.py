"""The gateway as it is installed, but for the registry: every subject is found in memory.

What is left is what the protocol costs, recorded in the journal like every exchange: the measure to set beside
a peer that has no registry. Run as `python -m tests.benchmarks.from_memory serve`.
"""

from datetime import date
from functools import cache
from uuid import uuid4

from gateway.cli import main
from gateway.foundation.database import Database
from gateway.registry.entries import (
    EnrolmentEntry,
    LearnerState,
    OrganisationEntry,
    PersonEntry,
    StatusPeriod,
)
from gateway.services import subject

_SINCE = date(2025, 9, 1)
_SCHOOL = OrganisationEntry(
    organisation_id=uuid4(), code="1", inn=None, soate=None, name_ky="Мектеп", name_ru="Школа", masked=False
)
_ENROLMENT = EnrolmentEntry(
    enrolment_id=uuid4(),
    organisation=_SCHOOL,
    level="SPO",
    form="EXTRAMURAL",
    grade=None,
    start_on=_SINCE,
    expected_end_on=None,
    end_on=None,
    held=False,
    periods=(StatusPeriod(status="ENROLLED", from_on=_SINCE, until_on=None),),
)


@cache
def _learner(pin: str) -> LearnerState:
    person = PersonEntry(
        person_id=uuid4(),
        isuo_no="1",
        status="ACTIVE",
        surname="Үлгү",
        given_name="Үлгү",
        patronymic=None,
        birth_date=date(int(pin[5:9]), int(pin[3:5]), int(pin[1:3])),
        sex=None,
        citizenship=None,
        death_date=None,
        version=1,
    )
    return LearnerState(registry_seq=600, person=person, enrolments=(_ENROLMENT,))


async def _find(_: Database, pin: str) -> LearnerState:
    return _learner(pin)


if __name__ == "__main__":
    subject.learner_state_by_pin = _find
    main()
