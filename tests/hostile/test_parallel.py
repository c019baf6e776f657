"""A hundred at once: however often and however close together one message comes, it has one effect."""

import asyncio
import hashlib
from collections import Counter
from uuid import uuid4

from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.xroad.attachments import attachment
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, read_message
from gateway.xroad.packaging import pack
from tests.hostile.caller import question
from tests.hostile.probe import TEXT_XML, request
from tests.hostile.served import Served
from tests.hostile.wire import HOST, Answer, read_answers

CROWD = 100


async def at_once(gateway: Served, bodies: list[bytes], content_type: str = TEXT_XML) -> list[Answer]:
    """Open a connection per body, hold back the last byte of each, send all last bytes together, read to the end."""
    doors = await asyncio.gather(*(asyncio.open_connection(HOST, gateway.port) for _ in bodies))
    sent = [request(body, content_type=content_type) for body in bodies]
    for (_, writer), data in zip(doors, sent, strict=True):
        writer.write(data[:-1])
        await writer.drain()
    for (_, writer), data in zip(doors, sent, strict=True):
        writer.write(data[-1:])
    async with asyncio.timeout(30):
        raw = await asyncio.gather(*(reader.read() for reader, _ in doors))
    for _, writer in doors:
        writer.close()
    return [read_answers(each)[0] for each in raw]


async def effects(gateway: Served, message_id: str) -> Counter[str]:
    """Count what is recorded under a message id: claims, disclosures, and exchanges by outcome."""
    database = Database(gateway.settings.database.url)
    counts: Counter[str] = Counter()
    async with database.transaction() as session:
        entries = await session.execute(
            text(
                "select e.outcome, count(*) as n, count(d.entry_id) as disclosed from journal_entry e"
                " left join disclosure d using (entry_id) where e.message_id = :id group by e.outcome"
            ),
            {"id": message_id},
        )
        for row in entries:
            counts[row.outcome] += row.n
            counts["disclosed"] += row.disclosed
        claims = await session.execute(
            text("select count(*) as n from journal_claim where message_id = :id"), {"id": message_id}
        )
        counts["claimed"] = claims.scalar_one()
    await database.close()
    return counts


def code_of(answer: Answer) -> str:
    read = read_message(answer.body, CONTENT_TYPE)
    return read.code if isinstance(read, FaultMessage) else ""


async def test_100_parallel_identical_posts_have_one_effect(gateway: Served) -> None:
    """A signed question sent a hundred times at once: one disclosure, one claim, a hundred equal answers."""
    message_id = f"crowd-{uuid4()}"
    body = question(gateway, signed=True, message_id=message_id)
    answers = await at_once(gateway, [body] * CROWD)
    assert [answer.status for answer in answers] == [200] * CROWD
    assert len({answer.body for answer in answers}) == 1
    expected = {"OK": 1, "REPEATED": CROWD - 1, "disclosed": 1, "claimed": 1}
    assert await effects(gateway, message_id) == expected


async def test_100_parallel_identical_multiparts_have_one_effect(gateway: Served) -> None:
    """The same holds for a question with an attachment."""
    message_id = f"crowd-{uuid4()}"
    scan = attachment(b"scan" * 1000, content_id="scan@agency", content_type="image/png")
    packed = pack(question(gateway, signed=True, message_id=message_id), [scan])
    answers = await at_once(gateway, [packed.whole()] * CROWD, packed.content_type)
    assert Counter(answer.status for answer in answers) == {200: CROWD}
    assert len({hashlib.sha256(answer.body).digest() for answer in answers}) == 1
    expected = {"OK": 1, "REPEATED": CROWD - 1, "disclosed": 1, "claimed": 1}
    assert await effects(gateway, message_id) == expected


async def test_of_100_parallel_messages_under_one_id_one_is_answered(gateway: Served) -> None:
    """A hundred different messages under one id: one answer, 99 Faults that say so, one disclosure."""
    message_id = f"crowd-{uuid4()}"
    body = question(gateway, signed=True, message_id=message_id)  # white space in the header is not signed
    bodies = [body.replace(b"</xrd:id>", b"</xrd:id>" + b" " * n) for n in range(CROWD)]
    assert len(set(bodies)) == CROWD
    answers = await at_once(gateway, bodies)
    assert Counter(answer.status for answer in answers) == {200: 1, 500: CROWD - 1}
    assert Counter(map(code_of, answers)) == {"": 1, "soapenv:Client.REPLAY": CROWD - 1}
    expected = {"OK": 1, "FAULT": CROWD - 1, "disclosed": 1, "claimed": 1}
    assert await effects(gateway, message_id) == expected
