"""The running gateway is killed under load: whoever got an answer finds it in the journal, whatever happened."""

import asyncio
import hashlib
import io
import secrets
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
from sqlalchemy import text

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.exchange.search import stored_answer
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings, load
from gateway.foundation.sockets import listen, port_of
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import population
from gateway.sandbox.pki import make_keys
from gateway.sandbox.seed import seed_registry
from gateway.wiring.keys import read_keys
from gateway.xroad.envelope import CONTENT_TYPE, asking_shell, canonical, read_message
from gateway.xroad.security import Sealing, sign_message
from tests.whole.processes import environment_in, kopuro

KILLS, HANDS = 3, 24
SEED, PEOPLE = 2026, 50


@dataclass
class Agency:
    """A client with many connections: signs requests, and keeps every answer it received whole."""

    settings: Settings
    lifetime: timedelta = timedelta(
        minutes=5
    )  # of its signatures; who repeats a question late wants it longer
    url: str = ""
    answered: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        person = population(SEED, PEOPLE).roles["adult"]
        about = about_learner(person.pin or "", person.birth_date)
        sample = read_message(
            write_request(self.settings, Wish(service_code="getLearnerStatus", about=about), signed=True),
            CONTENT_TYPE,
        )
        self._header, self._content = sample.header, canonical(sample.content)
        certificate = self.settings.path(self.settings.agreements["social_fund"].certificate_files[0])
        signer = FileSigner(certificate.with_suffix(".key"), certificate, signature_algorithm("rsa-sha256"))
        self._sealing = Sealing(signer=signer, lifetime=self.lifetime)

    def request(self) -> tuple[str, bytes]:
        message_id = str(uuid4())
        shell = asking_shell(replace(self._header, message_id=message_id))
        self.sent[message_id] = sign_message(shell, self._content, self._sealing, at=utc_now())
        return message_id, self.sent[message_id]

    async def post(self, http: aiohttp.ClientSession, request: bytes) -> bytes:
        headers = {"Content-Type": CONTENT_TYPE}
        async with http.post(f"{self.url}/xroad", data=io.BytesIO(request), headers=headers) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.read()

    async def ask_until_it_dies(self, server: "subprocess.Popen[bytes]", enough: int) -> None:
        """Ask over many connections and kill the server in the middle of it."""
        before = len(self.answered)

        async def ask() -> None:
            while True:
                message_id, request = self.request()
                try:
                    self.answered[message_id] = await self.post(http, request)
                except (aiohttp.ClientError, OSError):
                    return
                if len(self.answered) - before == enough:
                    server.kill()

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=HANDS)) as http:
            await asyncio.gather(*(ask() for _ in range(HANDS)))


@asynccontextmanager
async def serving(agency: Agency, environment: dict[str, str]) -> AsyncIterator["subprocess.Popen[bytes]"]:
    with listen("127.0.0.1", 0) as free:
        port = port_of(free)
    agency.url = f"http://127.0.0.1:{port}"
    server = kopuro(environment, "serve", "--port", str(port), stderr=subprocess.DEVNULL)
    try:
        async with aiohttp.ClientSession() as http:
            for _ in range(600):
                assert server.poll() is None
                try:
                    async with http.get(f"{agency.url}/readyz") as reply:
                        if reply.status == 200:
                            break
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(0.05)
        yield server
    finally:
        server.send_signal(signal.SIGTERM)
        if await asyncio.to_thread(_ended, server) is None:
            server.kill()


def _ended(server: "subprocess.Popen[bytes]") -> int | None:
    try:
        return server.wait(20)
    except subprocess.TimeoutExpired:
        return None


async def test_nothing_that_was_answered_is_lost_by_a_kill(database: Database, tmp_path: Path) -> None:
    """After several SIGKILLs under load every answer received is in the journal, byte for byte, and it verifies."""
    anchor = {"KOPURO_JOURNAL__ANCHOR_FILE": str(tmp_path / "journal.seals")}
    environment = environment_in(tmp_path, DATABASE_URL=database.url, **anchor)
    settings = load(environment=environment)
    make_keys(settings)
    await seed_registry(database, population(SEED, PEOPLE), settings)
    agency = Agency(settings)
    for _ in range(KILLS):
        async with serving(agency, environment) as server:
            await agency.ask_until_it_dies(server, 100 + secrets.randbelow(80))
            assert await asyncio.to_thread(server.wait, 10) == -signal.SIGKILL
    assert len(agency.answered) >= KILLS * 100
    open_ones = [message_id for message_id in agency.sent if message_id not in agency.answered]
    assert open_ones, "nothing was in flight when the server was killed"
    await _check_journal(database, settings, agency)
    async with serving(agency, environment), aiohttp.ClientSession() as http:
        for message_id in list(agency.answered)[-HANDS:]:
            assert await agency.post(http, agency.sent[message_id]) == agency.answered[message_id]
        for message_id in open_ones:
            agency.answered[message_id] = await agency.post(http, agency.sent[message_id])
    await _check_journal(database, settings, agency)
    await _check_disclosures(database, agency)
    verified = kopuro(environment, "journal", "verify", stdout=subprocess.PIPE)
    said, _ = await asyncio.to_thread(verified.communicate, timeout=60)
    assert (verified.returncode, said.decode().strip().endswith(" 0 problems")) == (0, True), said.decode()
    assert ", 0 not sealed yet," in said.decode()


async def _check_journal(database: Database, settings: Settings, agency: Agency) -> None:
    """Every answer stands under its message id with its digest, and its body opens to the very bytes."""
    query = text(
        "select message_id, entry_id, response_sha256 from journal_entry where outcome <> 'REPEATED' and succeeded"
    )
    async with database.transaction() as session:
        rows = {row.message_id: row for row in await session.execute(query)}
    missing = agency.answered.keys() - rows.keys()
    assert missing == set()
    for message_id, answer in agency.answered.items():
        assert rows[message_id].response_sha256 == hashlib.sha256(answer).digest()
    keys = read_keys(settings)
    for message_id in list(agency.answered)[::20]:
        stored = await stored_answer(database, keys, rows[message_id].entry_id)
        assert stored == agency.answered[message_id]


async def _check_disclosures(database: Database, agency: Agency) -> None:
    """What left about a person is recorded once for each answer, with the answer's digest."""
    async with database.transaction() as session:
        found = list((await session.execute(text("select answer_sha256 from disclosure"))).scalars())
    answers = {hashlib.sha256(answer).digest() for answer in agency.answered.values()}
    assert answers <= set(found)
    assert len(found) == len(set(found))
