"""Operators' work in a real browser, against real sandbox agencies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway.exchange.search import Question, find
from gateway.foundation.queue import defer
from gateway.operations.alert_kinds import RuleKind
from gateway.operations.alert_rules import ChannelWish, RuleWish, save_channel, save_rule
from gateway.operations.incident_feeding import feed_incidents
from gateway.operations.replay_running import work_on_run
from gateway.sandbox.people import population
from gateway.wiring import open_gateway
from tests.access.world import World
from tests.browsing import *  # noqa: F403 – the fixtures
from tests.browsing import Chromium
from tests.operations.conftest import ONE, PEOPLE, SEED, Box, sandbox, settings_in

pytestmark = pytest.mark.needs("chromium")
FAILED = 6


@pytest_asyncio.fixture
async def outage(world: World, tmp_path: Path) -> AsyncIterator[Box]:
    """The gateway over the world's database, after an outage of the civil registry."""
    async with (
        sandbox(settings_in(world.database.url, tmp_path)) as (settings, switches),
        open_gateway(settings) as gateway,
    ):
        box = Box(
            gateway=gateway,
            switches=switches,
            pins=[each.pin for each in population(SEED, PEOPLE).people if each.pin],
        )
        await box.outage(FAILED)
        await feed_incidents(box.database)
        yield box


async def worker(box: Box) -> None:
    """Do what a worker does with every run that is begun."""
    while True:
        async with box.database.transaction() as session:
            runs = await session.execute(text("select id from replay_run where state = 'RUNNING'"))
        for run_id in runs.scalars().all():
            await work_on_run(box.gateway.resender, run_id)
        await asyncio.sleep(0.05)


async def test_the_failures_of_an_outage_are_retried_with_progress(chromium: Chromium, outage: Box) -> None:
    """From the list by keyboard to the incident, its preview and its run, whose progress moves without a reload."""
    page = await chromium.page("operator")
    await page.goto("/console/incidents")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/incidents/*")
    assert await chromium.axe(page) == []
    assert await page.locator("a[data-key=r]").inner_text() == f"Retry the {FAILED}"
    await page.keyboard.press("r")
    await page.wait_for_url("**/replays/new*")
    assert await chromium.axe(page) == []
    assert await page.locator(".stats dd").all_inner_texts() == [str(FAILED), str(FAILED), "0"]
    await page.locator("#f-reason").fill("the outage is over")
    await page.locator("#f-per_minute").fill("240")
    await page.locator("form[action='/console/replays'] button").click()
    await page.wait_for_url("**/console/replays/*-*")
    assert await page.locator("[data-progress]").inner_text() == f"0 of {FAILED}"
    assert await chromium.axe(page) == []
    working = asyncio.create_task(worker(outage))
    seen = set()
    for _ in range(100):
        seen.add(await page.locator("[data-progress]").inner_text())
        if f"{FAILED} of {FAILED}" in seen:
            break
        await asyncio.sleep(0.1)
    assert f"{FAILED} of {FAILED}" in seen
    assert len(seen) > 2, "progress was seen on the way"
    await page.locator(".badge-good", has_text="Done").wait_for(timeout=30_000)
    working.cancel()
    await page.goto("/console/incidents?tab=all")
    assert (await page.locator("tbody td.number").all_inner_texts()) == [str(FAILED), "0"]
    assert chromium.complaints == []


async def test_one_exchange_is_previewed_and_its_answers_compared(chromium: Chromium, outage: Box) -> None:
    """The preview says read only; afterwards old and new answer stand side by side, and nobody is named."""
    page_of = await find(outage.database, Question(succeeded=False))
    exchange = page_of.found[0].entry.exchange_id
    page = await chromium.page("operator", language="ru", theme="dark")
    await page.goto(f"/console/replays/new?exchange={exchange}")
    assert await page.locator(".head .badge").inner_text() == "Только чтение"
    await page.locator("#f-reason").fill("проверка")
    await page.locator("form[action='/console/replays'] button").click()
    await page.wait_for_url("**/console/replays/*-*")
    run_id = UUID(page.url.rpartition("/")[2])
    await work_on_run(outage.gateway.resender, run_id)
    await page.get_by_role("link", name="Сравнить ответы").click()
    await page.wait_for_url("**/items/1")
    assert await chromium.axe(page) == []
    told = await page.locator("main").inner_text()
    assert "Появилось" in told
    assert not [pin for pin in outage.pins if pin in told]
    await page.goto(f"/console/replays/new?exchange={exchange}")
    assert await page.locator("aside h2").inner_text() == "Прежние повторы"
    assert chromium.complaints == []


async def test_alerts_and_work_have_nothing_serious_against_them(chromium: Chromium, outage: Box) -> None:
    """Rules, channels, deliveries, jobs, letters, feeds and breakers: open in their languages, clean by axe-core."""
    await _furnish(outage)
    addresses = (
        "/console/alerts",
        "/console/alerts/rules/new?kind=FAILURE_SHARE",
        "/console/alerts/channels/new",
        "/console/background",
        "/console/background/jobs",
        "/console/incidents",
        "/console/replays",
    )
    for place, (language, theme) in enumerate((("ky", "light"), ("ru", "dark"))):
        page = await chromium.page("operator", language=language, theme=theme)
        for address in addresses[place::2]:
            await page.goto(address)
            assert await chromium.axe(page) == [], (address, language)
        await page.context.close()
    page = await chromium.page("operator")
    await page.goto("/console/alerts")
    await page.get_by_role("button", name="Send a trial").click()
    await page.get_by_text("On its way", exact=True).wait_for()
    await page.goto("/console/background")
    await page.locator("section[aria-labelledby=letters-title] summary").click()
    await page.locator("section[aria-labelledby=letters-title] input[name=reason]").fill("they are back")
    await page.get_by_role("button", name="Retry now").click()
    await page.get_by_text("The job runs now.").wait_for()
    assert chromium.complaints == []


async def _furnish(box: Box) -> None:
    """Put one of everything where the pages show it."""
    async with box.database.transaction() as session:
        channel = ChannelWish(name="duty", kind="EMAIL", address="duty@example.kg")
        made = await save_channel(session, channel, actor=ONE, settings=box.gateway.settings)
        rule = RuleWish(name="letters", kind=RuleKind.DEAD_LETTERS, channels=(made,))
        await save_rule(session, rule, actor=ONE)
        job = await defer(session, "verify_person", person_id="x")
        for statement in (
            "select procrastinate_finish_job_v1(:job, 'failed', false)",
            (
                "insert into dead_letter (id, kind, name, reference, cause, died_at) values "
                "(gen_random_uuid(), 'JOB', 'verify_person', cast(:job as bigint)::text, 'AGENCY_SILENT', now())"
            ),
            (
                "insert into feed_cursor (feed, cursor, gap, gap_since, changed_at) select 'minjust', '2026-11-20', "
                "'SILENT', now(), now() where :job > 0"
            ),
            (
                "insert into agency_breaker (agency, service, state, opened_at, probe_at, changed_at) select 'infocom', "
                "'zags-service/x', 'OPEN', now(), now(), now() where :job > 0"
            ),
            (
                "insert into work_hold (id, kind, name, reason, held_by, held_at) select gen_random_uuid(), 'AGENCY', "
                "'tax', 'their wish', 'isuo.one', now() where :job > 0"
            ),
        ):
            await session.execute(text(statement), {"job": job})
