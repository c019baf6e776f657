"""Operators' work in a real browser, against real sandbox agencies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Page
from sqlalchemy import text

from gateway.exchange.asking.grammar import parse_query
from gateway.exchange.asking.listing import list_exchanges
from gateway.foundation.queue import defer
from gateway.intake.exchange_states import STATES
from gateway.operations.alert_kinds import RuleKind
from gateway.operations.alert_rules import ChannelWish, RuleWish, save_channel, save_rule
from gateway.operations.incident_feeding import feed_incidents
from gateway.operations.replay_running import work_on_run
from gateway.sandbox.people import population
from gateway.wiring.opening import open_gateway
from gateway.xroad.fault_catalogue import explain
from tests.access.world import World
from tests.benchmarks.journal import seed
from tests.browsing import *  # noqa: F403 – the fixtures
from tests.browsing import Chromium
from tests.operations.conftest import ONE, PEOPLE, SEED, Box, sandbox, settings_in

pytestmark = pytest.mark.needs("chromium")
FAILED = 6
OTHERS = 100_000


@pytest_asyncio.fixture
async def gate(world: World, tmp_path: Path) -> AsyncIterator[Box]:
    """The gateway over the world's database, before simulators that answer."""
    async with (
        sandbox(settings_in(world.database.url, tmp_path)) as (settings, switches),
        open_gateway(settings) as gateway,
    ):
        box = Box(
            gateway=gateway,
            switches=switches,
            pins=[each.pin for each in population(SEED, PEOPLE).people if each.pin],
        )
        yield box


@pytest_asyncio.fixture
async def outage(gate: Box) -> Box:
    """The same after an outage of the civil registry."""
    await gate.outage(FAILED)
    await feed_incidents(gate.database)
    return gate


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
    said = await page.inner_text("main")
    assert "operator" in said
    assert "isuo." not in said, "who began it is named by the login"
    await page.goto("/console/incidents?tab=all")
    assert (await page.locator("tbody td.number").all_inner_texts()) == [str(FAILED), "0"]
    assert chromium.complaints == []


async def test_one_failure_is_found_among_a_hundred_thousand_exchanges_and_replayed(
    chromium: Chromium, gate: Box
) -> None:
    """By keyboard alone: found by its query, understood, previewed, replayed, its answers compared; nobody is named."""
    await gate.outage(1)
    await asyncio.to_thread(seed, gate.database.url, OTHERS)
    async with gate.database.transaction() as session:
        found = await list_exchanges(session, parse_query("service:zagsDataByPin"), states=STATES)
    (failed,) = found.exchanges
    page = await chromium.page("operator", language="ru", theme="dark")
    await page.goto("/console/exchanges")
    await _ask_by_key(page, "status:failed agency:70000005")
    assert await page.locator("tbody tr[data-row]").count() == 50, "its agency alone has more than a page"
    await _ask_by_key(page, "status:failed agency:70000005 service:zagsDataByPin")
    assert await page.locator("tbody tr[data-row]").count() == 1
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/exchanges/{failed.exchange_id}?**")
    cause = explain(failed.fault_code, "ru", role="asking")
    told = await page.locator("section[aria-labelledby=cause]").inner_text()
    assert all(words in told for words in (cause.meaning, cause.side_text, cause.advice)), told
    await page.keyboard.press("r")
    await page.wait_for_url("**/replays/new*")
    assert await page.locator(".head .badge").inner_text() == "Только чтение"
    await _tab_to(page, "f-reason")
    await page.keyboard.type("связь восстановлена")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await work_on_run(gate.gateway.resender, UUID(page.url.rpartition("/")[2]))
    await page.reload()
    await page.keyboard.press("j")
    await _tab_to(page, "Сравнить ответы")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/items/1")
    assert await chromium.axe(page) == []
    told = await page.locator("main").inner_text()
    assert "Появилось" in told
    assert not [pin for pin in gate.pins if pin in told]
    await page.goto(f"/console/replays/new?exchange={failed.exchange_id}")
    assert await page.locator("aside h2").inner_text() == "Прежние повторы"
    assert chromium.complaints == []


async def _ask_by_key(page: Page, line: str) -> None:
    """Type a query line over the one that stands there, and wait for its list."""
    await page.keyboard.press("/")
    await page.keyboard.press("Control+A")
    await page.keyboard.type(line)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until what has this id or these words has the focus."""
    for _ in range(80):
        at = await page.evaluate("[document.activeElement.id, document.activeElement.textContent.trim()]")
        if wanted in at:
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"{wanted} cannot be reached by Tab")


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
