"""Pages of people cost the same number of questions however many are on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy import event, true

from gateway.foundation.database import Database
from gateway.registry.name_keys import roots_of, roots_of_words
from gateway.registry.search import Search, search_learners
from tests.people import People
from tests.registry.learners.support import entry_of, schools
from tests.registry.learners.test_journal import AUTUMN, enrol


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def note(*given: object) -> None:
        sent.append(str(given[2]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def test_a_page_of_learners_is_two_questions(database: Database) -> None:
    """The people in one SELECT and all their enrolments in another, for one learner as for twenty."""
    (school,) = await schools(database, 1)
    people = People(31)
    async with database.transaction() as session:
        for _ in range(20):
            await enrol(session, await entry_of(session, people.person()), school, AUTUMN, grade="5")
    counted = []
    for limit in (1, 20):
        with _statements(database) as sent:
            async with database.transaction() as session:
                search = Search(on=date(2026, 10, 1), organisation_code="S-1")
                found = await search_learners(session, search, within=true(), after="", limit=limit)
        assert [len(each.places) for each in found] == [1] * limit
        counted.append(len([each for each in sent if each.lstrip().lower().startswith("select")]))
    assert counted == [2, 2]


def test_words_that_are_no_names_hinder_no_search() -> None:
    """Whoever is called Шабдан уулу Эрнист is found by the name as the card shows it."""
    stored = roots_of(["Шабдан уулу", "Эрнист"])
    for typed in ("Шабдан уулу Эрнист", "Шабдан Эрнист", "эрнист шабдан уулу"):
        words = roots_of_words(typed)
        assert words
        assert all(word & stored for word in words), typed
    assert roots_of_words("кызы") == ()
