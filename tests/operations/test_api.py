"""Operators' work through the API, as a second person's browser meets it."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import text

from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.foundation.queue import defer
from gateway.operations.incident_feeding import feed_incidents
from tests.access.browser import Browser, served
from tests.access.conftest import made_world, world  # noqa: F401 – fixtures
from tests.access.world import World
from tests.exchange.journal import make_keys
from tests.operations.conftest import Rows


@pytest_asyncio.fixture
async def desk(world: World) -> AsyncIterator[tuple[World, Browser, Rows]]:  # noqa: F811
    writer = JournalWriter(world.database, make_keys(), group_window_ms=0.5)
    await writer.start()
    async with served(world) as browser:
        operator = browser.carry(await world.token("operator"))
        yield world, operator, Rows(writer=writer, start=utc_now())
    await writer.close()


async def test_an_incident_is_read_acknowledged_and_closed(desk: tuple[World, Browser, Rows]) -> None:
    """What it means is told in the reader's language; pages go by cursor; a closed one is closed no more."""
    world, operator, rows = desk  # noqa: F811
    for code in ("timeout", "network_error", "Client.BadRequest"):
        await rows.answered(code)
    await feed_incidents(world.database)
    status, page, _ = await operator.ask("GET", "incidents?limit=2&open=true", Accept_Language="ru")
    assert (status, len(page["incidents"])) == (200, 2)
    assert page["incidents"][0]["meaning"].strip()
    _, rest, _ = await operator.ask("GET", f"incidents?limit=2&open=true&cursor={page['next_cursor']}")
    assert (len(rest["incidents"]), rest["next_cursor"]) == (1, None)
    one = page["incidents"][0]["incident_id"]
    assert (await operator.ask("POST", f"incidents/{one}/acknowledgement", {"note": "mine"}))[0] == 200
    assert (await operator.ask("POST", f"incidents/{one}/notes", {"note": ""}))[0] == 422
    assert (await operator.ask("POST", f"incidents/{one}/closing", {"reason": "over"}))[0] == 200
    assert (await operator.ask("POST", f"incidents/{one}/closing", {"reason": "over"}))[0] == 409
    _, whole, _ = await operator.ask("GET", f"incidents/{one}")
    assert [note["act"] for note in whole["notes"]] == ["ACKNOWLEDGED", "CLOSED"]
    assert whole["closed_by"] == f"isuo.{world.accounts['operator'].hex}"
    _, found, _ = await operator.ask("GET", f"incidents/{one}/exchanges")
    assert [each["state"] for each in found["exchanges"]] == ["FAILED"]
    assert (await operator.ask("GET", "incidents?cursor=MTp4"))[0] == 422


async def test_a_replay_is_previewed_and_refused_with_reasons(desk: tuple[World, Browser, Rows]) -> None:
    """What cannot be asked again is said in words, and a run of nothing is not begun."""
    _, operator, _ = desk
    body = {"exchange_ids": [str(uuid4())]}
    status, plan, _ = await operator.ask("POST", "replays/preview", body)
    assert (status, plan["replayable"], plan["refused"]) == (200, 0, {"UNKNOWN": 1})
    assert plan["items"][0]["reason_text"] == "There is no such thing"
    status, problem, _ = await operator.ask("POST", "replays", {**body, "reason": "x"})
    assert (status, problem["errors"][0]["code"]) == (422, "NOTHING_TO_REPLAY")
    assert (await operator.ask("POST", "replays/preview", {}))[0] == 422
    assert (await operator.ask("GET", "replays"))[1] == []


async def test_rules_channels_and_a_trial(desk: tuple[World, Browser, Rows]) -> None:
    """A rule is written with its numbers, changed, and tried; addresses are for whoever may change them."""
    world, operator, _ = desk  # noqa: F811
    channel = {"name": "duty", "kind": "EMAIL", "address": "duty@example.kg"}
    status, made, _ = await operator.ask("POST", "alerts/channels", channel)
    assert status == 201
    rule = {"name": "letters", "kind": "DEAD_LETTERS", "parameters": {"count": 3}, "channels": [made["id"]]}
    status, written, _ = await operator.ask("POST", "alerts/rules", rule)
    assert status == 201
    assert (await operator.ask("POST", "alerts/rules", rule))[0] == 422
    path = f"alerts/rules/{written['id']}"
    assert (await operator.ask("PUT", path, {**rule, "quiet_from": "22:00"}))[0] == 422
    quiet = {**rule, "quiet_from": "22:00", "quiet_until": "07:00"}
    assert (await operator.ask("PUT", path, quiet))[0] == 200
    status, sent, _ = await operator.ask("POST", f"{path}/trial")
    assert (status, len(sent)) == (202, 1)
    _, deliveries, _ = await operator.ask("GET", "alerts/deliveries")
    assert [(each["event"], each["state"]) for each in deliveries] == [("TEST", "WAITING")]
    auditor = operator.carry(await world.token("auditor"))
    assert [each["address"] for each in (await auditor.ask("GET", "alerts/channels"))[1]] == [None]
    assert [each["address"] for each in (await operator.ask("GET", "alerts/channels"))[1]] == [
        "duty@example.kg"
    ]
    assert (await auditor.ask("GET", "alerts/rules"))[1][0]["quiet_from"] == "22:00:00"


async def test_jobs_are_held_released_tried_and_dropped(desk: tuple[World, Browser, Rows]) -> None:
    """A held job keeps its due time; a dead one runs anew with its letter settled; a task rests as a whole."""
    world, operator, _ = desk  # noqa: F811
    async with world.database.transaction() as session:
        job = await defer(session, "verify_person", person_id=str(uuid4()), scheduled_at=utc_now())
    assert (await _step(operator, job, "hold"))["held_by"]
    assert (await operator.ask("POST", f"background/jobs/{job}/steps", {"step": "hold", "reason": "x"}))[
        0
    ] == 409
    released = await _step(operator, job, "release")
    assert released["held_by"] == ""
    assert released["due_at"] < utc_now().isoformat()
    letter = await _bury(world, job)
    _, work, _ = await operator.ask("GET", "background")
    assert work["jobs"]["verify_person"] == {"failed": 1}
    assert [each["cause"] for each in work["letters"]] == ["AGENCY_SILENT"]
    retried = {"step": "retry", "reason": "they are back"}
    status, work, _ = await operator.ask("POST", f"background/letters/{letter}/steps", retried)
    assert (status, work["letters"], work["jobs"]["verify_person"]) == (200, [], {"todo": 1})
    assert (await operator.ask("POST", f"background/letters/{letter}/steps", retried))[0] == 409
    assert (await _step(operator, job, "drop"))["status"] == "cancelled"
    resting = {"step": "hold", "kind": "TASK", "name": "verify_person", "reason": "their wish"}
    _, work, _ = await operator.ask("POST", "background/holds", resting)
    assert [(each["kind"], each["name"]) for each in work["holds"]] == [("TASK", "verify_person")]
    _, work, _ = await operator.ask("POST", "background/holds", {**resting, "step": "resume"})
    assert work["holds"] == []
    _, page, _ = await operator.ask("GET", "background/jobs?limit=1&status=cancelled")
    assert (len(page["jobs"]), page["next_cursor"]) == (1, None)
    assert "person_id" not in str(page)


async def _step(operator: Browser, job: int, step: str) -> dict[str, str]:
    status, answer, _ = await operator.ask(
        "POST", f"background/jobs/{job}/steps", {"step": step, "reason": "x"}
    )
    assert status == 200, answer
    return answer


async def _bury(world: World, job: int) -> UUID:  # noqa: F811
    async with world.database.transaction() as session:
        await session.execute(text("select procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job})
        made = await session.execute(
            text("""
                insert into dead_letter (id, kind, name, reference, cause, died_at)
                values (gen_random_uuid(), 'JOB', 'verify_person', :job, 'AGENCY_SILENT', now()) returning id
            """),
            {"job": str(job)},
        )
        return made.scalar_one()
