"""`kopuro case`: people decide cases from a terminal, and see nobody they do not ask to see."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.intake.cases import CaseQuestion, open_duplicate
from tests.cli.conftest import Ended, Kopuro
from tests.intake.support import add_schools, admit_one, application_of
from tests.people import People, Person


@pytest.fixture
def case(database_url: str) -> tuple[UUID, list[Person]]:
    people = People(1)
    two = [people.person(sex="M"), people.person(sex="F")]

    async def make() -> UUID:
        database = Database(database_url)
        await add_schools(database)
        ids = [(await admit_one(database, application_of(each))).person_id for each in two]
        async with database.transaction() as session:
            question = CaseQuestion(kind="DUP_LIKELY", person_id=ids[1], explanation="x", others=(ids[0],))
            case_id = await open_duplicate(session, question, at=utc_now())
        await database.close()
        return case_id

    return _run(make), two


def _run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(work())


def test_a_case_is_decided_and_undone_by_two_people(
    kopuro: Kopuro, database_url: str, case: tuple[UUID, list[Person]]
) -> None:
    """From the list to the undo: masked until revealed with a reason, and never by one person alone."""
    case_id, people = case

    def say(*words: str, by: str = "", role: str = "DISTRICT") -> Ended:
        who = ("--by", by, "--as", role, "--reason", "seen on paper") if by else ()
        return kopuro("case", *words, *who, DATABASE_URL=database_url)

    listed = say("list")
    shown = say("show", str(case_id))
    for ended in (listed, shown):
        assert ended.code == 0
        for person in people:
            for secret in (person.pin, person.surname, person.given_name):
                assert secret not in ended.out + ended.err
    assert json.loads(listed.out)["case"] == str(case_id)
    assert say("show", str(case_id), "--reveal").code == 2
    revealed = say("show", str(case_id), "--reveal", "--by", "reviewer.one", "--reason", "to compare")
    assert {each["surname"] for each in json.loads(revealed.out)["people"]} == {
        person.surname for person in people
    }
    assert say("assign", str(case_id), "clerk.one", by="district.one").out == "ASSIGNED\n"
    assert say("step", str(case_id), "open", by="clerk.one", role="RESPONSIBLE").out == "IN_REVIEW\n"
    assert say("propose", str(case_id), "merge", by="district.one").out == "PROPOSED\n"
    refused = say("approve", str(case_id), by="district.one")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert say("approve", str(case_id), by="head.one", role="HEAD").out == "CLOSED_APPLIED\n"
    planned = say("undo", str(case_id), by="head.one", role="HEAD")
    assert '"leaving"' in planned.out
    assert say("undo", str(case_id), by="head.one", role="HEAD").code == 2
    assert say("undo", str(case_id), by="district.one").out.startswith("REVERTED")
    steps = json.loads(say("show", str(case_id)).out)["steps"]
    assert [each["step"] for each in steps] == [
        "triage", "reveal", "assign", "open", "propose", "approve", "apply", "propose-undo", "undo",
    ]  # fmt: skip
