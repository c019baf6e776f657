"""The reviewer's words and the desk's order: later is later, one word is enough only where the rules say so."""

from datetime import timedelta

import pytest
from sqlalchemy import text, true

from gateway.foundation.clock import utc_now
from gateway.foundation.errors import AccessError
from gateway.intake.case_answers import answer_of, role_among, say_later, say_no, say_yes
from gateway.intake.case_desk import Actor, history
from gateway.intake.case_search import CaseFilter, case_row, count_tabs, find_cases, place_of
from gateway.intake.case_work import Proposal
from tests.access.world import World
from tests.intake.support import POLICIES
from tests.observe.people import add_pairs

HEAD = Actor(reference="head.one", role="HEAD")
CLERK = Actor(reference="clerk.one", role="RESPONSIBLE")
EVERY = true()


@pytest.fixture
async def desk(world: World) -> World:
    await add_pairs(world)
    return world


async def test_the_desk_puts_first_what_is_due_first(desk: World) -> None:
    """The late case leads the list, stands on its tab, knows its neighbours, and pages follow without gap or repeat."""
    async with desk.database.transaction() as session:
        every, more = await find_cases(session, CaseFilter(), within=EVERY)
        first, rest = await find_cases(session, CaseFilter(), within=EVERY, limit=1)
        after = (first[0].due_at, first[0].case_id)
        second, _ = await find_cases(session, CaseFilter(), within=EVERY, after=after)
        counts = await count_tabs(session, CaseFilter(me="x"), within=EVERY)
        place = await place_of(session, CaseFilter(), every[1], within=EVERY)
    assert (more, rest) == (False, True)
    assert (first + second) == every
    assert every[0].case_id == desk.cases["twice"]
    assert counts["late"] == 1
    assert (place.number, place.before, place.total) == (2, every[0].case_id, len(every))


async def test_later_is_later_and_the_clock_runs_on(desk: World) -> None:
    """A case laid aside leaves the open ones until its day, keeps its reason, and its due instant stays."""
    case_id = desk.cases["twins"]
    async with desk.database.transaction() as session:
        before = await case_row(session, case_id, within=EVERY)
        until = utc_now() + timedelta(days=3)
        await say_later(session, case_id, until=until, actor=HEAD, reason="the mother is away")
        after = await case_row(session, case_id, within=EVERY)
        opened, _ = await find_cases(session, CaseFilter(), within=EVERY)
        counts = await count_tabs(session, CaseFilter(me="head.one"), within=EVERY)
        steps = [each.action for each in await history(session, case_id)]
    assert (after.state, after.due_at, after.postponed_until) == ("ASSIGNED", before.due_at, until)
    assert case_id not in {row.case_id for row in opened}
    assert (counts["postponed"], counts["mine"]) == (1, 1)
    assert steps == ["triage", "assign", "open", "postpone"]


async def test_one_word_is_enough_only_for_one_records_guess_by_who_may_approve(desk: World) -> None:
    """Two known entries: a proposal. One record's guess: done at once by a head, proposed by a clerk."""
    twice, twins = desk.cases["twice"], desk.cases["twins"]
    merge = Proposal(answer="merge")
    async with desk.database.transaction() as session:
        assert await say_yes(session, twice, merge, actor=HEAD, reason="x", policies=POLICIES) == "PROPOSED"
        person = await session.execute(
            text("select person_id from review_case where id = :id"), {"id": twins}
        )
        await session.execute(
            text(
                "insert into source_record (source_code, organisation_code, record_key, person_id, digest, recorded_at) "
                "values ('SCHOOL', 'A-SCHOOL', 'r1', :person, 'x', now())"
            ),
            {"person": person.scalar_one()},
        )
    async with desk.database.transaction() as session:
        assert await say_yes(session, twins, merge, actor=CLERK, reason="x", policies=POLICIES) == "PROPOSED"
        await session.rollback()
    async with desk.database.transaction() as session:
        state = await say_yes(session, twins, merge, actor=HEAD, reason="one act", policies=POLICIES)
        assert state == "CLOSED_APPLIED"
        assert (await history(session, twins))[-1].reason == "one act"


async def test_no_takes_a_reason_and_a_role(desk: World) -> None:
    """Whoever has no role of the kind's row is refused, and nothing of the case moves."""
    assert role_among({"HEAD", "DISTRICT"}, {"HEAD", "DISTRICT"}) == "DISTRICT"
    with pytest.raises(AccessError):
        role_among({"TEACHER"}, {"HEAD"})
    assert answer_of("DUP_ENROLMENT", has_candidates=True) == "count"
    assert answer_of("DUP_LIKELY", has_candidates=True) == "merge"
    assert answer_of("STALE", has_candidates=False) == "accept"
    async with desk.database.transaction() as session:
        assert (
            await say_no(session, desk.cases["twins"], actor=CLERK, reason="two acts") == "CLOSED_NO_ACTION"
        )
