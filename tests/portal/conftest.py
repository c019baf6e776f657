"""The clerks' pages over the world of access, with agencies in memory that a test may slow down or switch off."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from lxml import html

from tests.access.world import World
from tests.browsing import Site, chromium, keys_of, made_world, make_pages, settings_for, world
from tests.intake.support import Sources
from tests.running import served

__all__ = ["chromium", "made_world", "world"]


@pytest.fixture
def sources() -> Sources:
    """Both agencies, knowing nobody yet."""
    return Sources()


@pytest_asyncio.fixture
async def site(world: World, sources: Sources, tmp_path: Path) -> AsyncIterator[Site]:
    """The pages on a real port, asking these agencies."""
    settings = settings_for(world, tmp_path)
    keys = keys_of(settings)
    app = make_pages(world, settings, keys, sources.agencies())
    async with served(app, settings) as address:
        yield Site(world=world, settings=settings, keys=keys, app=app, address=address)


@dataclass
class Answer:
    """A page as a program reads it."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def tree(self) -> html.HtmlElement:
        return html.document_fromstring(self.text)

    def words(self, selector: str) -> str:
        """Give the words of what a CSS class or XPath names."""
        return " ".join(" ".join(each.itertext()) for each in self.tree.xpath(selector)).strip()

    def wrong(self) -> set[str]:
        """Give the fields that carry a sentence about what is wrong."""
        return {each.get("name") for each in self.tree.xpath("//*[@aria-invalid='true']")}

    @property
    def to(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Clerk:
    """Somebody before the pages without a script: sends what the form holds."""

    http: aiohttp.ClientSession
    site: Site
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    async def get(self, path: str) -> Answer:
        headers = {"Accept-Language": self.language}
        async with self.http.get(
            path, headers=headers, cookies=self.cookies, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def post(self, path: str, **fields: str) -> Answer:
        form = {"csrf": self.site.csrf(self.cookies), "once": uuid4().hex, **fields}
        headers = {"Accept-Language": self.language, "Origin": self.site.address}
        async with self.http.post(
            path, data=form, headers=headers, cookies=self.cookies, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def post_many(self, path: str, fields: list[tuple[str, str]]) -> Answer:
        """Send a form whose fields may come more than once."""
        form = [("csrf", self.site.csrf(self.cookies)), ("once", uuid4().hex), *fields]
        headers = {"Accept-Language": self.language, "Origin": self.site.address}
        async with self.http.post(
            path, data=form, headers=headers, cookies=self.cookies, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.text(), dict(response.headers))

    async def upload(self, path: str, name: str, content: bytes) -> Answer:
        form = aiohttp.FormData()
        form.add_field("csrf", self.site.csrf(self.cookies))
        form.add_field("file", content, filename=name)
        headers = {"Accept-Language": self.language, "Origin": self.site.address}
        async with self.http.post(
            path, data=form, headers=headers, cookies=self.cookies, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.text(), dict(response.headers))


@dataclass
class Office:
    """The served site; `clerk` signs somebody in."""

    site: Site
    http: aiohttp.ClientSession
    sources: Sources

    @property
    def world(self) -> World:
        return self.site.world

    async def clerk(self, name: str, language: str = "en") -> Clerk:
        return Clerk(self.http, self.site, await self.site.cookies(name), language)


@pytest_asyncio.fixture
async def office(site: Site, sources: Sources) -> AsyncIterator[Office]:
    """The pages without a browser."""
    async with aiohttp.ClientSession(site.address, cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Office(site, http, sources)
