"""The load: files of learners whom the agencies know, and an agency that asks until it is answered."""

import asyncio
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from gateway.crypto.keys import read_secret
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.intake.imports.batches import accept_batch
from gateway.sandbox.people import Population, SyntheticPerson
from gateway.xroad.envelope import FaultMessage, read_message
from tests.sync.conftest import COLUMNS
from tests.whole.test_kill import Agency

SCHOOL, FILE = "KG-SCHOOL-001", 40
HANDS = 6


def files_of(people: Population, lines: int) -> Iterator[str]:
    """Write files of forty learners each; all of them are different people whom the civil registry knows."""
    roles = {id(person) for person in people.roles.values()}
    known = [one for one in people.people if _is_plain(one) and id(one) not in roles][:lines]
    assert len(known) == lines, f"the population has {len(known)} learners only"
    for first in range(0, lines, FILE):
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";", lineterminator="\n")
        writer.writerows(_row(one) for one in known[first : first + FILE])
        yield f"{COLUMNS}\n{out.getvalue()}"


def _is_plain(one: SyntheticPerson) -> bool:
    return bool(one.pin) and not one.pin_blocked and one.death_date is None and one.citizenship == "KGZ"


def _row(one: SyntheticPerson) -> tuple[str, ...]:
    born = f"{one.birth_date:%d.%m.%Y}"
    sex = "ж" if one.sex == "F" else "м"
    names = (one.surname, one.given_name, one.patronymic or "")
    return (one.pin or "", *names, sex, one.pin or "", born, SCHOOL, "5", "01.09.2024")


async def hand_in(database: Database, settings: Settings, content: str) -> None:
    """Hand a file in as a clerk does, who tries again until there is a receipt."""
    key = read_secret(settings.path(settings.journal.body_key_file))
    await accept_batch(database, content.encode(), key=key, filename="learners.csv", by="clerk")


@dataclass
class Asking:
    """Questions to the gateway, each repeated with the same bytes until it is answered."""

    agency: Agency
    wanted: int
    answered: dict[str, bytes] = field(default_factory=dict)
    changed: int = 0

    async def run(self) -> None:
        """Ask with several hands."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            await asyncio.gather(*(self._ask(http) for _ in range(HANDS)))

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        while len(self.agency.sent) < self.wanted:
            message_id, request = self.agency.request()
            while message_id not in self.answered:
                answer = await self._once(http, request)
                if answer:
                    self.answered[message_id] = answer
                else:
                    await asyncio.sleep(0.2)

    async def ask_again(self) -> None:
        """Ask some questions a second time: the stored answers must come, byte for byte."""
        async with aiohttp.ClientSession() as http:
            for message_id in list(self.answered)[:: max(1, len(self.answered) // 50)]:
                again = await self._once(http, self.agency.sent[message_id])
                self.changed += again != self.answered[message_id]

    async def _once(self, http: aiohttp.ClientSession, request: bytes) -> bytes | None:
        try:
            answer = await self.agency.post(http, request)
        except (aiohttp.ClientError, OSError, TimeoutError, AssertionError):
            return None
        return None if isinstance(read_message(answer, "text/xml; charset=utf-8"), FaultMessage) else answer
