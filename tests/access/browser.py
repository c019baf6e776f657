"""The API on a real port, and browsers that keep their cookie and their token."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI

from gateway.access.sessions import csrf_token
from gateway.api import ApiDependencies, create_router
from gateway.foundation.settings import Settings
from tests.access.world import World, settings_of
from tests.intake.support import Sources
from tests.pki import signer


@dataclass
class Browser:
    """One browser at one server; `cookies` is what it keeps, `page` the token its page knows."""

    http: aiohttp.ClientSession
    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str | None
    ) -> tuple[int, Any, dict[str, str]]:
        """Ask as a page of ours does; a header given as None is left out."""
        sent: dict[str, str | None] = {"Accept-Language": "en"}
        if method != "GET":
            sent |= {"Origin": self.address, "X-CSRF-Token": self.page}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in sent.items() if value is not None}
        async with self.http.request(
            method, f"/api/v1/{path}", json=body, headers=kept, cookies=self.cookies, allow_redirects=False
        ) as response:
            for name, cookie in response.cookies.items():
                self.cookies[name] = cookie.value
            answer = (
                await response.json(content_type=None) if response.content_type.endswith("json") else None
            )
            if isinstance(answer, dict) and "csrf_token" in answer:
                self.page = answer["csrf_token"]
            return response.status, answer, dict(response.headers)

    def carry(self, token: str) -> "Browser":
        """Make a browser that has a session already."""
        return Browser(self.http, self.address, {"kopuro-session": token}, csrf_token(token))

    def new(self) -> "Browser":
        """Make a browser that has nothing."""
        return Browser(self.http, self.address)


def make_app(world: World, settings: Settings | None = None) -> FastAPI:
    """Make the JSON application over a world."""
    app = FastAPI()
    deps = ApiDependencies(
        database=world.database,
        agencies=Sources().agencies(),
        settings=settings or settings_of(),
        door=world.door,
        signer=signer("registry-files"),
        evidence_deadline_seconds=1.0,
        autofill_deadline_seconds=1.0,
    )
    app.include_router(create_router(deps))
    return app


@asynccontextmanager
async def served(world: World, settings: Settings | None = None) -> AsyncIterator[Browser]:
    """Serve the API and give an empty browser."""
    config = uvicorn.Config(
        make_app(world, settings), port=0, log_config=None, lifespan="off", proxy_headers=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        async with aiohttp.ClientSession(address, cookie_jar=aiohttp.DummyCookieJar()) as http:
            yield Browser(http, address)
    finally:
        server.should_exit = True
        await serving
