"""The API over the world of access: two districts, a school each, a browser for every role."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest_asyncio

from tests.access.browser import Browser, served
from tests.access.conftest import made_world, world
from tests.access.world import TOKEN, World

__all__ = ["made_world", "world"]


@dataclass
class Desk:
    """The served world; `ask` asks as a role, or as our program."""

    world: World
    browser: Browser

    async def ask(
        self, role: str, method: str, path: str, body: object = None, **headers: str | None
    ) -> tuple[int, Any, dict[str, str]]:
        browser = self.browser.new()
        if role == "program":
            headers = {"Authorization": f"Bearer {TOKEN}", "Origin": None, **headers}
        else:
            browser = self.browser.carry(await self.world.token(role))
        status, answer, answered = await browser.ask(method, path, body, **headers)
        return status, answer, {name.title(): value for name, value in answered.items()}

    async def tag(self, name: str, role: str = "program") -> str:
        """Read a learner's card for its tag."""
        _, _, headers = await self.ask(role, "GET", f"learners/{self.world.numbers[name]}")
        return headers["Etag"]

    async def order(
        self, role: str, name: str, *, key: str | None = None, tag: str | None = None, **body: object
    ) -> tuple[int, Any, dict[str, str]]:
        """Give an order about a learner upon the present state."""
        paper = {"order_no": "1-у", "order_on": "2026-09-01"}
        return await self.ask(
            role,
            "POST",
            f"learners/{self.world.numbers[name]}/orders",
            paper | body,
            Idempotency_Key=key or str(uuid4()),
            If_Match=tag or await self.tag(name),
        )


@pytest_asyncio.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    """The API on a real port."""
    async with served(world) as browser:
        yield Desk(world, browser)
