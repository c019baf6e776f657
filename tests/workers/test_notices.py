"""Notices of correction: really sent, once by their id, to whoever was told wrongly; the others are for a person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import web
from lxml import etree
from sqlalchemy import text

from gateway.disclosure.corrections import corrections
from gateway.disclosure.notice_post import parse_service
from gateway.disclosure.notices import open_notices, plan_notices
from gateway.exchange.dead_letters import dead_letters, settle_letter
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import SettingsError
from gateway.foundation.xml import element_children
from gateway.wiring.opening import open_gateway
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, asking_shell, read_message
from sync.daily import send_notices
from sync.dependencies import WorkerDependencies
from sync.letters import retry_letter
from tests.disclosure.test_corrections import merged, tell, two, undone
from tests.running import make_settings

SERVICE = "central-server/GOV/70000003/settlements-service/correctionNotice/v1"


@dataclass
class Receiver:
    """The receiving agency's security server: keeps what came, and answers as it is told."""

    came: list[Message] = field(default_factory=list)
    accepts: bool = True
    up: bool = True
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        if not self.up:
            return web.Response(status=503)
        message = read_message(await request.read(), request.headers["Content-Type"])
        assert not isinstance(message, FaultMessage)
        self.came.append(message)
        told = {child.tag.rpartition("}")[2]: child.text for child in element_children(message.content)}
        shell = asking_shell(message.header)
        body = (
            '<n:correctionNoticeResponse xmlns:n="urn:kg:isuo:notice:v1">'
            f"<n:noticeId>{told['noticeId']}</n:noticeId><n:accepted>{str(self.accepts).lower()}</n:accepted>"
            "</n:correctionNoticeResponse>"
        )
        return web.Response(
            body=shell.wrap(shell.body(body.encode())), headers={"Content-Type": CONTENT_TYPE}
        )


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield receiver
    await runner.cleanup()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest_asyncio.fixture
async def work(
    database: Database, database_url: str, tmp_path: Path, receiver: Receiver
) -> AsyncIterator[WorkerDependencies]:
    settings = make_settings(
        database_url,
        tmp_path,
        KOPURO_SECURITY_SERVER__URL=receiver.url,
        KOPURO_SECURITY_SERVER__ATTEMPTS="1",
        KOPURO_AGREEMENTS__SOCIAL_FUND__CORRECTION_SERVICE=SERVICE,
    )
    async with open_gateway(settings) as gateway:
        yield WorkerDependencies(
            database=gateway.database, agencies=gateway.agencies, settings=settings, notices=gateway.notices
        )


async def told_wrongly(database: Database) -> UUID:
    one, other = await two(database)
    await merged(database, one, other)
    wrong = await tell(database, one, ["surname", "studying"])
    async with database.transaction() as session:
        await session.execute(text("alter table disclosure disable trigger user"))
        await session.execute(text("update disclosure set answer_sha256 = sha256('answer')"))
        await session.execute(text("alter table disclosure enable trigger user"))
    assert await undone(database, other) == 1
    return wrong


async def test_whoever_was_told_wrongly_is_told(work: WorkerDependencies, receiver: Receiver) -> None:
    """The notice names the answer and the wrong fields, nobody and no value; it leaves once, with its exchange recorded."""
    await told_wrongly(work.database)
    assert await send_notices(work, at=utc_now()) == 1
    (came,) = receiver.came
    told = [(child.tag.rpartition("}")[2], child.text) for child in element_children(came.content)]
    assert [text for name, text in told if name == "field"] == ["surname", "studying"]
    assert dict(told)["agreementNo"] == "SF-2026-01"
    assert dict(told)["reason"] == "UNMERGED"
    assert str(came.header.service) == SERVICE
    assert b"SignatureValue" in etree.tostring(came.root)  # the agreement demands it
    assert await send_notices(work, at=utc_now()) == 0
    async with work.database.transaction() as session:
        (settled,) = await corrections(session, state="SENT")
        row = await session.execute(
            text(
                "select count(*) from correction_notice n join journal_entry j using (exchange_id)"
                " where n.correction_id = :id and j.kind = 'ANSWERED' and j.succeeded and n.delivered_at is not null"
            ),
            {"id": settled.correction_id},
        )
        assert row.scalar_one() == 1
        await session.execute(text("update correction_notice set delivered_at = null, due_at = now()"))
    assert await send_notices(work, at=utc_now()) == 1  # as after a kill before the end
    assert len({message.header.message_id for message in receiver.came}) == 1


async def test_a_silent_receiver_is_asked_later_and_a_refusing_one_is_for_a_person(
    work: WorkerDependencies, receiver: Receiver
) -> None:
    """Nobody answers: the notice waits. It is not accepted: a person gets it, with a dead letter."""
    await told_wrongly(work.database)
    receiver.up = False
    assert await send_notices(work, at=utc_now()) == 0
    assert await send_notices(work, at=utc_now()) == 0
    async with work.database.transaction() as session:
        (waits,) = await open_notices(session, route="SERVICE")
        assert (waits.attempts, waits.last_code != "") == (1, True)
        await session.execute(text("update correction_notice set due_at = now()"))
    receiver.up, receiver.accepts = True, False
    assert await send_notices(work, at=utc_now()) == 0
    async with work.database.transaction() as session:
        (refused,) = await open_notices(session)
        assert (refused.last_code, refused.route) == ("not_accepted", "PERSON")
        (letter,) = await dead_letters(session, kind="NOTICE")
        assert letter.cause == "AGENCY_REFUSES"
        assert len(await corrections(session)) == 1  # it is still to be told
        await settle_letter(session, letter.letter_id, "RETRIED", by="o.p", at=utc_now())
    await retry_letter(work, letter.letter_id, at=utc_now())
    async with work.database.transaction() as session:
        (again,) = await dead_letters(session, kind="NOTICE")  # refused once more
        assert again.attempts == letter.attempts + 1
        await settle_letter(session, letter.letter_id, "RETRIED", by="o.p", at=utc_now())
    receiver.up = False
    await retry_letter(work, letter.letter_id, at=utc_now())  # it waits for its next time
    receiver.up, receiver.accepts = True, True
    await retry_letter(work, letter.letter_id, at=utc_now())
    async with work.database.transaction() as session:
        assert await dead_letters(session) == ()
        assert len(await corrections(session, state="SENT")) == 1
    assert len({message.header.message_id for message in receiver.came}) == 1


async def test_without_a_service_a_person_tells_it(database: Database) -> None:
    """An agreement that names no service leaves its notice to a person, planned once."""
    await told_wrongly(database)
    async with database.transaction() as session:
        assert await plan_notices(session, {}, at=utc_now()) == 1
        assert await plan_notices(session, {}, at=utc_now()) == 0
        (one,) = await open_notices(session)
        assert (one.route, one.fields) == ("PERSON", ("surname", "studying"))


@pytest.mark.parametrize("text", ["", "a/b/c/d", "a/b/c/d/otherService", "a/b/c/d/correctionNotice/v1/x"])
def test_a_service_that_takes_no_notices_stops_the_start(text: str) -> None:
    """A wrong name in an agreement is refused with a sentence that says how it must be."""
    with pytest.raises(SettingsError, match="correctionNotice"):
        parse_service(text)
