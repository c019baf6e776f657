"""Traffic for a demonstration that stays up: agencies ask us, we ask them, now and then something fails."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import aiohttp

from gateway.cli.stage import Ports, Stage
from gateway.cli.story import Teller
from gateway.foundation.database import Database
from gateway.foundation.errors import KopuroError
from gateway.foundation.settings import Settings
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import Population

_PAUSE_SECONDS = (0.6, 2.4)
_ROUNDS_BETWEEN_OUTAGES, _OUTAGE_ROUNDS = 40, 4
_chance = secrets.SystemRandom()


@contextmanager
def traffic(on: Stage, ports: Ports, settings: Settings, people: Population) -> Iterator[None]:
    """Let traffic run in a thread of its own until the end of the block."""
    ended = threading.Event()

    def run() -> None:
        asyncio.run(_run(on, ports, settings, people, ended))

    thread = threading.Thread(target=run, name="traffic", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


async def _run(
    on: Stage, ports: Ports, settings: Settings, people: Population, ended: threading.Event
) -> None:
    database = Database(settings.database.url, pool_size=1)
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as http:
        at = Teller(on=on, ports=ports, settings=settings, people=people, http=http, database=database)
        number = 0
        while not ended.is_set():
            number += 1
            with suppress(KopuroError, aiohttp.ClientError, OSError):
                await _round(at, number)
            await asyncio.sleep(_chance.uniform(*_PAUSE_SECONDS))
    await database.close()


async def _round(at: Teller, number: int) -> None:
    """Do one thing: mostly what goes well."""
    place = number % _ROUNDS_BETWEEN_OUTAGES
    if place in {0, _OUTAGE_ROUNDS}:
        await at.civil_registry("down" if place == 0 else "ok")
    person = _chance.choice([each for each in at.people.people if each.pin])
    if _chance.random() < 0.5:
        await at.api("/autofill", {"pin": person.pin})
        return
    wish = Wish(service_code="getLearnerStatus", about=about_learner(person.pin or "", person.birth_date))
    request = write_request(at.settings, replace(wish, message_id=""), signed=True)
    if _chance.random() < 0.15:
        request = request.replace(b"</", b" </", 1).replace((person.pin or "-").encode(), b"1" * 14)
    await at.ask(request)
