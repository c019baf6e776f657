"""What a person sees: signing in, the look, errors, in a real browser."""

import base64
import re
import time

import pytest

from gateway.access.totp import code_at
from tests.access.world import PASSWORD
from tests.browsing import Chromium, focused

pytestmark = pytest.mark.needs("chromium")


async def test_somebody_signs_in_and_out_by_keyboard_alone(chromium: Chromium) -> None:
    """Account, password and second factor lead to the first page that the role opens; signing out ends the session."""
    page = await chromium.page()
    await page.goto("/console/acts")
    await focused(page, "input")
    await page.keyboard.type("auditor")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("second-factor"))
    await page.locator("form[action$=secret] button").press("Enter")
    letters = await page.locator(".secret code").inner_text()
    secret = base64.b32decode(letters.replace(" ", "") + "=" * (-len(letters.replace(" ", "")) % 8))
    await page.locator("#f-code").fill(code_at(secret, int(time.time()) // 30))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/acts")
    assert await page.locator("h1").inner_text() == "Access and acts"
    await page.locator("summary[aria-label=Account]").press("Enter")
    await page.locator("form[action='/sign-out'] button").press("Enter")
    await page.wait_for_url("**/sign-in")
    assert await page.locator("#told").inner_text() == "You have signed out."
    await page.goto("/console/acts")
    await page.wait_for_url(re.compile("/sign-in"))
    assert chromium.complaints == []


async def test_a_page_has_nothing_serious_against_it_in_any_look(chromium: Chromium) -> None:
    """Three languages, light and dark: axe-core finds nothing serious or critical, the browser complains of nothing."""
    for language, theme in (("ky", "light"), ("ru", "dark"), ("en", "auto")):
        page = await chromium.page("auditor", language=language, theme=theme)
        for address in ("/console/acts", "/nowhere"):
            await page.goto(address)
            assert await page.locator("html").get_attribute("lang") == language
            assert await chromium.axe(page) == [], (address, language, theme)
        await page.context.close()
    assert [each for each in chromium.complaints if "404" not in each] == []
