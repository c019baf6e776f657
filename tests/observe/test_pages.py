"""Dashboard, agencies and review in a real browser: by keyboard alone, in every look, with numbers that lead on."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from gateway.exchange.settling import settle_all
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from gateway.operations.watch.watcher import Watcher
from gateway.registry.group import root_of
from tests.browsing import Chromium, Site
from tests.observe import traffic
from tests.observe.people import add_pairs

pytestmark = pytest.mark.needs("chromium")
FUND, ZAGS = "70000003", "70000005"


async def _busy(site: Site) -> None:
    """An hour with both directions, one failure and one refusal each, settled but for the last minutes."""
    writer = JournalWriter(site.world.database, site.keys)
    await writer.start()
    now = utc_now()
    async with site.world.database.transaction() as session:
        mark = text("update exchange_figure_state set settled_until = :at")
        await session.execute(mark, {"at": now - timedelta(hours=2)})
    for minute in range(1, 50, 7):
        at = now - timedelta(minutes=minute)
        await traffic.inbound(writer, at)
        await traffic.outbound(writer, at, "OK")
    at = now - timedelta(minutes=20)
    await traffic.outbound(writer, at, "AgencyUnavailable", "AgencyUnavailable")
    bad = {"succeeded": False, "outcome": "FAULT"}
    await traffic.inbound(writer, at, fault_code="Client.REPLAY", **bad)
    await traffic.inbound(writer, at, fault_code="Server.INTERNAL", **bad)
    await writer.close()
    await settle_all(site.world.database, Watcher(site.world.database, site.settings).known)


async def test_numbers_of_the_dashboard_lead_to_the_list(chromium: Chromium) -> None:
    """Each number is a link to the exchanges it counts: agency, service, status and beginning in the list's words."""
    await _busy(chromium.site)
    page = await chromium.page("operator")
    await page.goto("/console/dashboard?window=1h")
    ours = page.locator("tr", has_text="getLearnerStatus").filter(has_text=FUND)
    links = await ours.locator("td.number a").evaluate_all(
        "all => all.map(a => [a.textContent, a.getAttribute('href')])"
    )
    asked = {said.strip(): parse_qs(urlsplit(href).query)["q"][0] for said, href in links}
    assert [said.strip() for said, _ in links][:3] == ["9", "2", "1"]
    for query in asked.values():
        assert {"direction:in", f"agency:{FUND}", "service:getLearnerStatus"} <= set(query.split())
        assert re.search(r"since:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query)
    assert "status:failed" in asked["2"].split()
    assert "code:Client.*" in asked["1"].split()
    theirs = page.locator("tr", has_text="zagsDataByPin").filter(has_text=ZAGS)
    links += await theirs.locator("td.number a").evaluate_all(
        "all => all.map(a => [a.textContent, a.getAttribute('href')])"
    )
    counted = [(int(said), href) for said, href in links if said.strip().isdecimal()]
    assert [number for number, _ in counted] == [9, 2, 1, 8, 1]
    await theirs.locator("td.number a").nth(1).focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/console/exchanges\?q=status%3Afailed"))
    for number, href in counted:
        await page.goto(href)
        assert await page.locator("tbody [data-row]").count() == number, href
    assert chromium.complaints == []


async def test_pages_have_nothing_serious_against_them_in_any_look(chromium: Chromium) -> None:
    """Three languages, light and dark, wide and narrow: axe finds nothing serious, the browser complains of nothing."""
    site = chromium.site
    await _busy(site)
    await add_pairs(site.world)
    twins, twice = (f"/console/cases/{site.world.cases[name]}" for name in ("twins", "twice"))
    pages = (
        ("operator", "/console/dashboard?window=24h", "ky", "light", 1280),
        ("operator", "/console/dashboard?window=7d", "ru", "dark", 820),
        ("auditor", "/console/agencies", "ru", "dark", 1280),
        ("head", "/console/cases", "en", "auto", 820),
        ("head", twins, "ky", "dark", 820),
        ("district", twins, "ru", "light", 1280),
        ("auditor", twice, "en", "light", 1280),
    )
    for role, address, language, theme, width in pages:
        page = await chromium.page(
            role, language=language, theme=theme, viewport={"width": width, "height": 800}
        )
        assert (await page.goto(address)).status == 200
        await page.evaluate(
            "document.querySelectorAll('details:not(.menu)').forEach(each => each.open = true)"
        )
        assert await chromium.axe(page) == [], (address, language, theme)
        said = await page.inner_text("main")
        assert not re.search(r"\d{14}", said)
        assert role != "auditor" or "Эрлан" not in said
        await page.context.close()
    assert chromium.complaints == []


async def test_twins_are_decided_and_the_decision_undone_by_keyboard_alone(chromium: Chromium) -> None:
    """One finds the twins in the list and says they are two; undoing it takes another person's word; then it is open."""
    site = chromium.site
    await add_pairs(site.world)
    case_id = site.world.cases["twins"]
    head, district = await chromium.page("head"), await chromium.page("district")
    await head.goto("/console/cases?kind=DUP_POSSIBLE")
    await head.keyboard.press("j")
    await head.keyboard.press("Enter")
    await head.wait_for_url(re.compile(str(case_id)))
    assert "twins" in await head.locator(".notice-warn").first.inner_text()
    assert await head.locator(".row-differs mark.differs").count() >= 2
    await head.keyboard.press("n")
    await head.locator("#why-no").wait_for(state="visible")
    await _tab_to(head, "#why-no")
    await head.keyboard.type("two birth certificates of one day")
    await head.keyboard.press("Tab")
    await head.keyboard.press("Enter")
    await head.locator("#told .notice-good").wait_for()
    assert await _state(site, case_id) == "CLOSED_NO_ACTION"
    for page, wanted in ((head, "CLOSED_NO_ACTION"), (district, "REVERTED")):
        await page.goto(f"/console/cases/{case_id}")
        if page is head:
            await page.keyboard.press("u")
        await page.locator("#why-undo").wait_for(state="visible")
        await _tab_to(page, "#why-undo")
        await page.keyboard.type("looked at the wrong file")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.locator("#told .notice-good").wait_for()
        assert await _state(site, case_id) == wanted
    assert chromium.complaints == []


async def test_a_merge_takes_two_people_shows_its_undoing_and_is_undone(chromium: Chromium) -> None:
    """Two entries become one by two words, the page says what undoing would do, and two words make them two again."""
    site = chromium.site
    await add_pairs(site.world)
    case_id, database = site.world.cases["twice"], site.world.database
    async with database.transaction() as session:
        found = await session.execute(
            text("select person_id from review_case where id = :id"), {"id": case_id}
        )
        person_id = found.scalar_one()
    responsible, head = await chromium.page("responsible"), await chromium.page("head")
    address = f"/console/cases/{case_id}"
    await _say(responsible, address, "yes", "y", "one birth certificate")
    assert await _state(site, case_id) == "PROPOSED"
    await responsible.goto(address)
    assert await responsible.locator("#form-approve").count() == 0
    await _say(head, address, "approve", "", "seen it too")
    assert await _state(site, case_id) == "CLOSED_APPLIED"
    async with database.transaction() as session:
        assert await root_of(session, person_id) != person_id
    await head.goto(address)
    await head.keyboard.press("u")
    assert await head.locator(".plan li").count() == 3
    await _say(head, address, "undo", "u", "another child after all")
    district = await chromium.page("district")
    await _say(district, address, "undo", "", "agreed")
    assert await _state(site, case_id) == "REVERTED"
    async with database.transaction() as session:
        assert await root_of(session, person_id) == person_id
    assert chromium.complaints == []


async def test_a_case_beyond_reach_is_as_unknown_as_none(chromium: Chromium) -> None:
    """Another district's reviewer finds no such case, and a step without a reason changes nothing."""
    site = chromium.site
    await add_pairs(site.world)
    case_id = site.world.cases["twice"]
    page = await chromium.page("b-responsible")
    response = await page.goto(f"/console/cases/{case_id}")
    assert response.status == 404
    head = await chromium.page("head")
    await head.goto(f"/console/cases/{case_id}")
    await head.keyboard.press("n")
    await head.locator("#why-no").fill(" ")
    await head.locator("#form-no").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    await head.locator(".notice-bad").wait_for()
    assert await _state(site, case_id) == "TRIAGE"


async def _say(page, address: str, word: str, key: str, reason: str) -> None:
    await page.goto(address)
    if key:
        await page.keyboard.press(key)
    await page.locator(f"#why-{word}").fill(reason)
    await page.locator(f"#form-{word} button").press("Enter")
    await page.locator("#told .notice-good").wait_for()


async def _tab_to(page, selector: str) -> None:
    """Press Tab until the field has the focus; a keyboard gets there within a page's length."""
    for _ in range(60):
        if await page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")


async def _state(site: Site, case_id) -> str:
    async with site.world.database.transaction() as session:
        found = await session.execute(text("select state from review_case where id = :id"), {"id": case_id})
        return found.scalar_one()
