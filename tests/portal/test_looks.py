"""Every page before axe-core, in both looks and three languages; hostile texts stay texts."""

import re

import pytest
from sqlalchemy import text

from tests.browsing import Chromium
from tests.portal.conftest import Office
from tests.portal.test_pages import paths_of

pytestmark = pytest.mark.needs("chromium")
HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}</script>"


async def test_no_page_has_anything_serious_against_it(chromium: Chromium, office: Office) -> None:
    """axe-core finds nothing serious or critical on any page; the browser complains of nothing."""
    looks = [("ky", "dark"), ("ru", "light"), ("en", "dark")]
    pages = {look: await chromium.page("responsible", language=look[0], theme=look[1]) for look in looks}
    # one address of each kind of page
    paths = [path for path in paths_of(office) if not path.endswith(("=names", "=2026-01-01", "/licence"))]
    for number, path in enumerate(paths):
        look = looks[number % len(looks)]
        page = pages[look]
        await page.goto(path)
        assert await chromium.axe(page) == [], (path, look)
        sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not await page.evaluate(sideways), (path, look)
    assert chromium.complaints == []


async def test_hostile_names_are_shown_as_text(chromium: Chromium, office: Office) -> None:
    """A name, a school and a file may say what they like: nothing of it runs, all of it is read."""
    world = office.world
    async with world.database.transaction() as session:
        told = {"bad": HOSTILE, "person": world.learners["a-pupil"]}
        await session.execute(text("update person set surname = :bad where id = :person"), told)
        await session.execute(
            text("update organisation set name_ky = :bad, name_ru = :bad where code = 'A-SCHOOL'"), told
        )
    page = await chromium.page("responsible")
    number = world.numbers["a-pupil"]
    for path in (
        f"/portal/learners/{number}",
        "/portal/organisations/A-SCHOOL",
        "/portal/imports",
        "/portal",
    ):
        await page.goto(path)
        assert await page.locator("img").count() == 0
        assert "49" not in await page.locator("h1").inner_text()
    await page.goto(f"/portal/learners/{number}")
    assert HOSTILE in await page.locator("h1").inner_text()
    file = {"name": f"{HOSTILE}.csv", "mimeType": "text/csv", "buffer": b"no;list\n1;2\n"}
    await page.goto("/portal/imports")
    await page.locator("#f-file").set_input_files(file)
    await page.locator("main form button").press("Enter")
    await page.wait_for_selector("[role=alert]")
    await page.goto("/portal/learners")
    await page.locator("#f-name").fill(HOSTILE)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".empty, .results")
    assert await page.locator("#f-name").input_value() == HOSTILE
    assert not re.search("[?&]", page.url)
    assert await page.locator("img").count() == 0
    assert [each for each in chromium.complaints if "422" not in each] == []
