"""Questions asked again: what is said before, what happens, what a crash leaves, and who must agree."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from gateway.exchange.breaker import Line
from gateway.exchange.holds import hold
from gateway.exchange.search import Question, find
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import AccessError, InputRefused, RegistryError
from gateway.operations.incident_feeding import feed_incidents
from gateway.operations.incidents import IncidentFilter, list_incidents
from gateway.operations.replay_answers import compare_item
from gateway.operations.replay_planning import ASK, WORK, Selection, plan_replay
from gateway.operations.replay_rules import READ, WRITE, OpenService, ReplayRules
from gateway.operations.replay_running import RunIsBusy, work_on_run
from gateway.operations.replay_runs import (
    RunStep,
    RunView,
    RunWish,
    begin_run,
    items_of,
    links_of,
    show_run,
    take_run_step,
)
from gateway.operations.replay_tables import ReplayItem
from tests.operations.conftest import ONE, OTHER, ZAGS, Box, Rows

WISH = RunWish(reason="the outage is over", per_minute=6000, stop_after=3, may_write=True)
CHANGING = ReplayRules(
    services={ZAGS: OpenService(effect=WRITE, line=Line(agency="infocom", service="zags-service/x"))}
)
PUT = ReplayItem.__table__.update()


async def failed_exchanges(database: Database) -> list[UUID]:
    page = await find(database, Question(succeeded=False))
    return [each.entry.exchange_id for each in page.found]


async def begin(box: Box, selection: Selection, *, wish: RunWish = WISH, mode: str = ASK) -> UUID:
    async with box.database.transaction() as session:
        plan = await plan_replay(session, selection, mode=mode, rules=box.gateway.resender.rules)
        return await begin_run(session, plan, wish, actor=ONE)


async def view(box: Box, run_id: UUID) -> RunView:
    async with box.database.transaction() as session:
        return await show_run(session, run_id)


async def step(box: Box, run_id: UUID, what: RunStep, actor=ONE) -> RunView:
    async with box.database.transaction() as session:
        return await take_run_step(session, run_id, what, actor=actor)


async def items(box: Box, run_id: UUID) -> list[ReplayItem]:
    async with box.database.transaction() as session:
        return list(await items_of(session, run_id, limit=500))


async def test_an_outage_is_previewed_and_asked_again_whole(box: Box) -> None:
    """The incident's failed questions are asked again under new ids; old and new find each other both ways."""
    await box.outage(4)
    await feed_incidents(box.database)
    async with box.database.transaction() as session:
        (incident,) = await list_incidents(session, IncidentFilter(is_open=True))
        selection = Selection(incident_id=incident.incident.id)
        plan = await plan_replay(session, selection, mode=ASK, rules=box.gateway.resender.rules)
    assert (len(plan.replayable), plan.effect, plan.needs_approval, dict(plan.refused)) == (
        4,
        READ,
        False,
        {},
    )
    run_id = await begin(box, selection)
    await work_on_run(box.gateway.resender, run_id)
    done = await view(box, run_id)
    assert (done.run.state, done.counts) == ("DONE", {"SUCCEEDED": 4})
    made = await items(box, run_id)
    assert len({item.new_message_id for item in made} | {item.message_id for item in made}) == 8
    async with box.database.transaction() as session:
        for exchange_id in (made[0].exchange_id, made[0].new_exchange_id):
            assert [link.position for link in await links_of(session, exchange_id)] == [1]
        (incident,) = await list_incidents(session, IncidentFilter())
        assert (incident.incident.failure_count, incident.unanswered) == (4, 0)
        again = await plan_replay(session, selection, mode=ASK, rules=box.gateway.resender.rules)
        assert again.items == ()


async def test_old_and_new_answer_are_compared_without_showing_people(box: Box) -> None:
    """The diff names the fields that came and what the old failure was; no value about a person is in it."""
    await box.outage(1)
    (old,) = await failed_exchanges(box.database)
    first = await begin(box, Selection(exchange_ids=(old,)))
    await work_on_run(box.gateway.resender, first)
    (item,) = await items(box, first)
    second = await begin(box, Selection(exchange_ids=(item.new_exchange_id,)))
    await work_on_run(box.gateway.resender, second)
    (later,) = await items(box, second)
    async with box.database.transaction() as session:
        came = await compare_item(session, box.gateway.keys, item)
        same = await compare_item(session, box.gateway.keys, later)
    assert came.old.fault_code
    assert came.new
    assert came.new.succeeded
    assert {line.change for line in came.lines} <= {"ADDED", "REMOVED"}
    assert len(came.lines) > 3
    assert {line.change for line in same.lines} == {"SAME"}
    told = repr((came.lines, same.lines))
    person = box.pins[0]
    assert person not in told
    assert "2026" not in told.replace("•", "")


async def test_what_cannot_be_asked_again_is_refused_with_the_reason(box: Box, rows: Rows) -> None:
    """Purged bodies, closed services, answered questions and unknown ids are named one by one; nothing is sent."""
    await box.outage(2)
    purged, kept = await failed_exchanges(box.database)
    async with box.database.transaction() as session:
        await session.execute(
            text(
                "delete from journal_body where entry_id in (select entry_id from journal_entry where exchange_id = :x)"
            ),
            {"x": purged},
        )
    await box.ask(1)
    answered = (await find(box.database, Question(succeeded=True))).found[0].entry.exchange_id
    unknown, foreign = uuid4(), await rows.answered("timeout", service=ZAGS.replace("zags", "nobodys"))
    chosen = (purged, kept, answered, unknown, foreign)
    async with box.database.transaction() as session:
        plan = await plan_replay(
            session, Selection(exchange_ids=chosen), mode=ASK, rules=box.gateway.resender.rules
        )
        reasons = {item.exchange_id: item.reason for item in plan.items}
        closed = await plan_replay(
            session, Selection(exchange_ids=(kept, purged)), mode=ASK, rules=ReplayRules()
        )
    assert reasons == {
        purged: "BODY_PURGED",
        kept: "",
        answered: "ANSWERED",
        unknown: "UNKNOWN",
        foreign: "NOT_OURS",
    }
    assert dict(closed.refused) == {"SERVICE_CLOSED": 2}
    with pytest.raises(InputRefused):
        await begin(box, Selection(exchange_ids=(unknown,)))
    run_id = await begin(box, Selection(exchange_ids=chosen))
    async with box.database.transaction() as session:
        twice = await plan_replay(
            session, Selection(exchange_ids=(kept,)), mode=ASK, rules=box.gateway.resender.rules
        )
    assert [item.reason for item in twice.items] == ["AT_WORK"]
    await work_on_run(box.gateway.resender, run_id)
    assert (await view(box, run_id)).counts == {"SUCCEEDED": 1, "REFUSED": 4}


async def test_all_that_match_a_filter(box: Box) -> None:
    """A filter finds the failed exchanges of an agency and a time; those answered since are left out."""
    await box.outage(3)
    first, *_ = await failed_exchanges(box.database)
    done = await begin(box, Selection(exchange_ids=(first,)))
    await work_on_run(box.gateway.resender, done)
    agency = "central-server/GOV/70000005/zags-service"
    async with box.database.transaction() as session:
        rules = box.gateway.resender.rules
        matching = await plan_replay(session, Selection(agency=agency), mode=ASK, rules=rules)
        other = await plan_replay(session, Selection(agency=agency[:-1]), mode=ASK, rules=rules)
        later = await plan_replay(session, Selection(agency=agency, since=utc_now()), mode=ASK, rules=rules)
    assert [len(plan.replayable) for plan in (matching, other, later)] == [2, 0, 0]


async def test_a_run_stops_after_failures_and_goes_on_when_told(box: Box) -> None:
    """While the agency is still down the run stops itself; resumed, it forgives those failures and ends."""
    await box.outage(6)
    await box.switch("down")
    run_id = await begin(box, Selection(agency="central-server/GOV/70000005/zags-service"))
    await work_on_run(box.gateway.resender, run_id)
    stopped = await view(box, run_id)
    assert (stopped.run.state, stopped.counts) == ("STOPPED", {"FAILED": 3, "WAITING": 3})
    await box.switch("ok")
    await step(box, run_id, RunStep.RESUME)
    await work_on_run(box.gateway.resender, run_id)
    assert (await view(box, run_id)).counts == {"FAILED": 3, "SUCCEEDED": 3}


async def test_pause_resume_and_cancel(box: Box) -> None:
    """A paused run sends nothing; a cancelled one drops what waits; steps that cannot follow are refused."""
    await box.outage(2)
    run_id = await begin(box, Selection(exchange_ids=tuple(await failed_exchanges(box.database))))
    await step(box, run_id, RunStep.PAUSE)
    await work_on_run(box.gateway.resender, run_id)
    assert (await view(box, run_id)).counts == {"WAITING": 2}
    with pytest.raises(RegistryError):
        await step(box, run_id, RunStep.APPROVE, OTHER)
    await step(box, run_id, RunStep.CANCEL)
    cancelled = await view(box, run_id)
    assert (cancelled.run.state, cancelled.counts) == ("CANCELLED", {"DROPPED": 2})
    with pytest.raises(RegistryError):
        await step(box, run_id, RunStep.RESUME)


async def test_the_pace_is_kept_and_the_rest_is_deferred(box: Box) -> None:
    """A slice that is over leaves the rest to a job deferred in the database, and nothing is lost."""
    await box.outage(3)
    slow = RunWish(reason="gently", per_minute=1, stop_after=3, may_write=False)
    run_id = await begin(box, Selection(exchange_ids=tuple(await failed_exchanges(box.database))), wish=slow)
    await work_on_run(box.gateway.resender, run_id, seconds=0.5)
    assert (await view(box, run_id)).counts == {"SUCCEEDED": 1, "WAITING": 2}
    async with box.database.transaction() as session:
        jobs = await session.execute(
            text("select scheduled_at from procrastinate_jobs where task_name = 'run_replay' order by id")
        )
        first, second = jobs.scalars().all()
    assert first is None
    assert second > utc_now()


async def test_changes_in_bulk_take_a_second_person(box: Box) -> None:
    """What changes something at an agency is not begun without the right, nor in bulk by one person alone."""
    await box.outage(2)
    selection = Selection(exchange_ids=tuple(await failed_exchanges(box.database)))
    async with box.database.transaction() as session:
        plan = await plan_replay(session, selection, mode=ASK, rules=CHANGING)
        assert (plan.effect, plan.needs_approval) == (WRITE, True)
        single = await plan_replay(
            session, Selection(exchange_ids=selection.exchange_ids[:1]), mode=ASK, rules=CHANGING
        )
        assert not single.needs_approval
        with pytest.raises(AccessError):
            await begin_run(
                session, plan, RunWish(reason="x", per_minute=1, stop_after=1, may_write=False), actor=ONE
            )
        run_id = await begin_run(session, plan, WISH, actor=ONE)
    await work_on_run(box.gateway.resender, run_id)
    assert (await view(box, run_id)).counts == {"WAITING": 2}
    with pytest.raises(AccessError):
        await step(box, run_id, RunStep.APPROVE, ONE)
    approved = await step(box, run_id, RunStep.APPROVE, OTHER)
    assert (approved.run.state, approved.run.approved_by) == ("RUNNING", "isuo.other")
    await work_on_run(box.gateway.resender, run_id)
    assert (await view(box, run_id)).counts == {"SUCCEEDED": 2}


async def test_a_crash_between_question_and_answer_is_settled_from_the_journal(box: Box) -> None:
    """Answered: not asked again. Sent: the same bytes under the same id once more. A change: a person is asked."""
    await box.outage(3)
    run_id = await begin(box, Selection(exchange_ids=tuple(await failed_exchanges(box.database))))
    await work_on_run(box.gateway.resender, run_id)
    before = await _questions(box)
    one, two, three = await items(box, run_id)
    async with box.database.transaction() as session:
        await session.execute(text("update replay_run set state = 'RUNNING', ended_at = null"))
        await session.execute(PUT.values(state="SENDING", ended_at=None))
        await session.execute(text("alter table journal_entry disable trigger user"))
        await session.execute(
            text("delete from journal_entry where exchange_id = any(:ids) and kind = 'ANSWERED'"),
            {"ids": [two.new_exchange_id, three.new_exchange_id]},
        )
        await session.execute(text("alter table journal_entry enable trigger user"))
        await session.execute(PUT.where(ReplayItem.position == 3).values(effect=WRITE))
    await work_on_run(box.gateway.resender, run_id)
    after = {item.position: item.state for item in await items(box, run_id)}
    assert after == {1: "SUCCEEDED", 2: "SUCCEEDED", 3: "UNKNOWN"}
    asked = await _questions(box)
    assert asked[one.new_message_id] == before[one.new_message_id]
    assert asked[two.new_message_id] == before[two.new_message_id] * 2
    assert len(set(asked[two.new_message_id])) == 1, "the very same bytes"
    assert asked[three.new_message_id] == before[three.new_message_id]


async def _questions(box: Box) -> dict[str, list[bytes]]:
    async with box.database.transaction() as session:
        found = await session.execute(
            text("select message_id, request_sha256 from journal_entry where kind = 'SENT' order by seq")
        )
        asked: dict[str, list[bytes]] = {}
        for message_id, digest in found:
            asked.setdefault(message_id, []).append(bytes(digest))
    return asked


async def test_one_worker_at_a_time_has_a_run(box: Box) -> None:
    """Two workers on one run at once: one of them is turned away, and every question is asked once."""
    await box.outage(4)
    run_id = await begin(box, Selection(exchange_ids=tuple(await failed_exchanges(box.database))))
    ended = await asyncio.gather(
        *(work_on_run(box.gateway.resender, run_id) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in ended if each] == [RunIsBusy, RunIsBusy]
    assert (await view(box, run_id)).counts == {"SUCCEEDED": 4}
    replays = {item.new_message_id for item in await items(box, run_id)}
    assert all(len(sent) == 1 for name, sent in (await _questions(box)).items() if name in replays)


async def test_a_resting_agency_is_not_asked_and_nothing_is_lost(box: Box) -> None:
    """While a person lets the agency rest the items wait, count as no failure, and nothing leaves."""
    await box.outage(1)
    run_id = await begin(box, Selection(exchange_ids=tuple(await failed_exchanges(box.database))))
    async with box.database.transaction() as session:
        await hold(session, "AGENCY", "infocom", reason="their wish", by="isuo.one", at=utc_now())
    before = await _questions(box)
    await work_on_run(box.gateway.resender, run_id, seconds=0.2)
    waiting = await view(box, run_id)
    assert (waiting.run.state, waiting.counts) == ("RUNNING", {"WAITING": 1})
    assert await _questions(box) == before


async def test_work_is_done_again_by_the_workers(box: Box) -> None:
    """Exchanges of one verification are one piece of work, deferred with its item; its end settles the item."""
    person = uuid4()
    await box.switch("down")
    await box.ask(0, issue=f"verify-{person}")
    await box.ask(0, issue=f"verify-{person}")
    await box.ask(1)
    await box.switch("ok")
    selection = Selection(exchange_ids=tuple(await failed_exchanges(box.database)))
    async with box.database.transaction() as session:
        plan = await plan_replay(session, selection, mode=WORK, rules=box.gateway.resender.rules)
        assert dict(plan.refused) == {"NO_WORK": 1, "SAME_WORK": 1}
        assert (plan.effect, plan.needs_approval) == (WRITE, False)
    run_id = await begin(box, selection, mode=WORK)
    await work_on_run(box.gateway.resender, run_id, seconds=0.1)
    (item,) = [each for each in await items(box, run_id) if each.state == "DEFERRED"]
    async with box.database.transaction() as session:
        job = await session.execute(
            text("select task_name, args, lock from procrastinate_jobs where id = :id"), {"id": item.job_id}
        )
        assert tuple(job.one()) == ("verify_person", {"person_id": str(person)}, f"person:{person}")
        await session.execute(
            text("select procrastinate_finish_job_v1(:id, 'succeeded', false)"), {"id": item.job_id}
        )
    await work_on_run(box.gateway.resender, run_id)
    done = await view(box, run_id)
    assert (done.run.state, done.counts) == ("DONE", {"SUCCEEDED": 1, "REFUSED": 2})
