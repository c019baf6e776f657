"""A mistyped PIN links the record, but never becomes the person's."""

from dataclasses import replace

from gateway.foundation.database import Database
from gateway.intake.admission import Result
from gateway.intake.cases import list_cases
from gateway.registry.reading import person_by_pin
from gateway.registry.values import Pin
from tests.intake.support import add_schools, admit_one, application_of, count
from tests.people import People


async def test_a_mistyped_pin_links_the_child_and_asks_which_pin_is_right(database: Database) -> None:
    """Names and birth date with a PIN one digit off are the same child: linked, the known PIN kept, a case open."""
    await add_schools(database)
    child = People(61).person()
    first = await admit_one(database, application_of(child))
    wrong = child.pin[:-1] + str((int(child.pin[-1]) + 1) % 10)
    application = replace(application_of(child), pin=Pin.parse(wrong))
    again = await admit_one(database, application)
    assert (again.result, again.person_id) == (Result.MATCHED, first.person_id)
    assert "PIN_CONFLICT" in again.reasons
    changed = replace(application, grade="2")
    await admit_one(database, changed)
    async with database.transaction() as session:
        kept = await person_by_pin(session, child.pin)
        assert kept is not None
        assert kept.person_id == first.person_id
        assert await person_by_pin(session, wrong) is None
        assert await count(session, "from person_identifier where scheme = 'PIN'") == 1
        cases = await list_cases(session)
    assert [(case.kind, case.field) for case in cases] == [("PIN_CONFLICT", "pin")]
