"""A real Chromium before the real pages: one world, one server on a real port, one signed-in page per role.

Use in a test module or a conftest: `from tests.browsing import *  # the fixtures` gives `world`, `site`, `chromium`.
A test that takes `chromium` is marked `needs("chromium")`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Browser, Page, async_playwright
from starlette.applications import Starlette

from gateway.access.browser import home_of
from gateway.access.sessions import Stage, csrf_token
from gateway.console import ConsoleDependencies, create_console
from gateway.crypto.keys import read_secret
from gateway.exchange.keys import JournalKeys, read_journal_keys
from gateway.foundation.settings import Settings
from gateway.intake.ports import Agencies
from gateway.operations.watch.watcher import Watcher
from gateway.pages import create_pages
from gateway.portal import Desk, create_portal
from tests.access.conftest import made_world, world
from tests.access.world import CHEAP, World
from tests.intake.support import Sources
from tests.running import make_settings, served

__all__ = ["Chromium", "Site", "chromium", "made_world", "site", "world"]

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
_AXE = Path(AXE_FILE_PATH).read_text(encoding="utf-8")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(kw_only=True)
class Site:
    """The pages, served; `keys` are the journal's."""

    world: World
    settings: Settings
    keys: JournalKeys
    app: Starlette
    address: str = ""

    async def cookies(self, name: str, stage: Stage = Stage.OPEN) -> dict[str, str]:
        """Sign an account in and give what its browser keeps."""
        cookie = home_of(self.settings).session_cookie
        return {cookie: await self.world.token(name, stage)}

    def csrf(self, cookies: dict[str, str]) -> str:
        """Give the token that a page of this session holds."""
        return csrf_token(cookies[home_of(self.settings).session_cookie])


def settings_for(world: World, folder: Path) -> Settings:
    """The shipped configuration over a world's database, with cheap passwords."""
    return replace(make_settings(world.database.url, folder), access=CHEAP)


def make_pages(
    world: World, settings: Settings, keys: JournalKeys, agencies: Agencies | None = None
) -> Starlette:
    """The pages over a world; a new section is a line here, as it is in gateway/app.py."""
    watcher = Watcher(world.database, settings)
    deps = ConsoleDependencies(database=world.database, keys=keys, settings=settings, watcher=watcher)
    desk = Desk(
        database=world.database,
        agencies=agencies or Sources().agencies(),
        settings=settings,
        door=world.door,
        import_key=read_secret(settings.path(settings.journal.body_key_file)),
        evidence_deadline_seconds=2.0,
    )
    return create_pages(world.door, settings, (create_portal(desk), create_console(deps)))


def keys_of(settings: Settings) -> JournalKeys:
    """Read the journal's keys."""
    journal = settings.journal
    return read_journal_keys(
        settings.path(journal.body_key_file),
        settings.path(journal.mac_key_file),
        settings.path(journal.subject_key_file),
    )


@pytest_asyncio.fixture
async def site(world: World, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages on a real port."""
    settings = settings_for(world, tmp_path)
    keys = keys_of(settings)
    app = make_pages(world, settings, keys)
    async with served(app, settings) as address:
        yield Site(world=world, settings=settings, keys=keys, app=app, address=address)


@dataclass
class Chromium:
    """A browser before a site; whatever goes wrong inside it is kept in `complaints`."""

    site: Site
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    async def page(self, name: str | None = None, **look: Any) -> Page:
        """Open a page signed in as an account; `language`, `theme`, `keys` as cookies, the rest for the context."""
        cookies = dict(await self.site.cookies(name)) if name else {}
        cookies |= {f"kopuro-{key}": look.pop(key) for key in ("language", "theme", "keys") if key in look}
        context = await self.browser.new_context(
            base_url=self.site.address,
            viewport=look.pop("viewport", {"width": 1280, "height": 800}),
            locale=look.pop("locale", "en"),
            **look,
        )
        context.set_default_timeout(30_000)
        if cookies:
            await context.add_cookies(
                [{"name": key, "value": value, "url": self.site.address} for key, value in cookies.items()]
            )
        page = await context.new_page()
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")

    async def axe(self, page: Page) -> list[str]:
        """Ask axe-core for what is serious or critical on a page."""
        await page.evaluate(_AXE)
        found = await page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", _RULES
        )
        return [
            f"{each['impact']} {each['id']}: {node['html'][:160]} ({node.get('failureSummary', '')[:200]})"
            for each in found["violations"]
            if each["impact"] in {"serious", "critical"}
            for node in each["nodes"]
        ]


async def focused(page: Page, wanted: str = "body *") -> None:
    """Wait until what matches has the focus: a page takes keys only where it has put them."""
    await page.wait_for_function("wanted => document.activeElement?.matches(wanted)", arg=wanted)


@asynccontextmanager
async def open_chromium(site: Site) -> AsyncIterator[Chromium]:
    """Start Debian's Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield Chromium(site, browser)
        finally:
            await browser.close()


@pytest_asyncio.fixture
async def chromium(request: pytest.FixtureRequest, site: Site) -> AsyncIterator[Chromium]:
    """A browser before the site."""
    assert request.node.get_closest_marker("needs"), "mark the test with needs('chromium')"
    async with open_chromium(site) as made:
        yield made
