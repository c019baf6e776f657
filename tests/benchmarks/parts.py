"""The parts of one exchange, each alone in this process: where the time goes, and what python-xmlsec takes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import uuid4

import uvloop
import xmlsec
from lxml import etree

from gateway.crypto.signature import DS
from gateway.disclosure.agreements import Agreements, Grant, Terms
from gateway.exchange.writer import GROUP_SIZE, JournalWriter
from gateway.foundation.clock import today, utc_now
from gateway.foundation.database import Database
from gateway.foundation.settings import Settings
from gateway.foundation.xml import parse_again
from gateway.services.arrival import Arrival
from gateway.services.codec import texts_of
from gateway.services.learner_status import answer_learner_status
from gateway.services.question import Answer, Question, purpose_of
from gateway.services.trace import Trace
from gateway.wiring.keys import read_keys, read_signer
from gateway.xroad.contracts import Schema
from gateway.xroad.envelope import CONTENT_TYPE, Message, answering_shell, canonical, read_message
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message
from tests.benchmarks.yardstick import Ratio, Yardstick, cpu_per_call, ratio_of

Parts = dict[str, Ratio]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the parts are measured on: signed requests about several people, one answer, and how long."""

    settings: Settings
    requests: Sequence[bytes]
    answer: bytes
    yardstick: Yardstick
    seconds: float
    rounds: int

    def measure(self, call: Callable[[], object]) -> Ratio:
        """Give a plain call's cost."""
        work = partial(cpu_per_call, call, self.seconds)
        return ratio_of([self.yardstick.around(work) for _ in range(self.rounds)])

    async def measure_async(self, call: Callable[[], Awaitable[object]], *, each: int = 1) -> Ratio:
        """Give the cost of one of the `each` things a coroutine does."""
        await call()
        found = []
        for _ in range(self.rounds):
            before, count, start = self.yardstick.read(), 0, time.process_time()
            while (spent := time.process_time() - start) < self.seconds:
                await call()
                count += each
            found.append(spent / count / ((before + self.yardstick.read()) / 2))
        return ratio_of(found)

    @property
    def request(self) -> bytes:
        """The first of them."""
        return self.requests[0]

    def message(self, request: bytes = b"") -> Message:
        """Read a request (the first) anew."""
        message = read_message(request or self.request, CONTENT_TYPE)
        assert isinstance(message, Message)
        return message

    def allowed(self, message: Message) -> tuple[Terms, Grant]:
        """Find the request's agreement and grant."""
        agreements = Agreements(self.settings)
        terms = agreements.find(message.header.client, message.header.service, on=today())
        return terms, agreements.grant(terms, message.header, purpose_of(texts_of(message.content)))


def measure_parts(bench: Bench) -> Parts:
    """Measure every part; the names are printed as they stand."""
    return _message_parts(bench) | uvloop.run(_database_parts(bench))


def _message_parts(bench: Bench) -> Parts:
    message, schema = bench.message(), Schema(bench.settings.schemas / "isuo" / "isuo.xsd")
    terms, _ = bench.allowed(message)
    demands = Demands(maximum_age=timedelta(days=1))
    answered = read_message(bench.answer, CONTENT_TYPE)
    assert isinstance(answered, Message)
    content, sealing = canonical(answered.content), Sealing(signer=read_signer(bench.settings))
    asked = bench.message()
    form = verify_message(asked.root, terms.certificates, demands).header_form

    def sign() -> bytes:
        return sign_message(answering_shell(asked), content, sealing, at=utc_now(), header_form=form)

    return {
        "parse, read the header": bench.measure(bench.message),
        "verify the signature": bench.measure(
            lambda: verify_message(message.root, terms.certificates, demands)
        ),
        "request against its schema": bench.measure(lambda: schema.check(message.content, whose="request")),
        "answer against its schema": bench.measure(
            lambda: schema.check(parse_again(content), whose="answer")
        ),
        "write and sign the answer": bench.measure(sign),
    }


async def _database_parts(bench: Bench) -> Parts:
    message = bench.message()
    _, grant = bench.allowed(message)
    questions = [
        Question(
            texts=texts_of(bench.message(request).content),
            grant=grant,
            today=today(),
            disclosure_id=uuid4(),
        )
        for request in bench.requests
    ]
    async with _opened(bench.settings) as (database, journal):

        async def ask() -> list[Answer]:
            return await asyncio.gather(*(answer_learner_status(each, database) for each in questions))

        answer, *_ = await ask()

        async def record() -> None:
            await asyncio.gather(
                *(_record(journal, bench, message, grant, answer) for _ in range(GROUP_SIZE))
            )

        return {
            f"ask the registry and write, {len(questions)} at once": await bench.measure_async(
                ask, each=len(questions)
            ),
            f"record in the journal, {GROUP_SIZE} at once": await bench.measure_async(
                record, each=GROUP_SIZE
            ),
        }


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Database, JournalWriter]]:
    database = Database(settings.database.url)
    journal = JournalWriter(database, read_keys(settings))
    await journal.start()
    try:
        yield database, journal
    finally:
        await journal.close()
        await database.close()


async def _record(
    journal: JournalWriter, bench: Bench, message: Message, grant: Grant, answer: Answer
) -> None:
    arrival = Arrival(body=bench.request, content_type=CONTENT_TYPE, peer="127.0.0.1", received_at=utc_now())
    trace = Trace(arrival=arrival, header=message.header, grant=grant, signature="signed")
    entry = trace.entry(bench.answer, succeeded=True, outcome=answer.outcome)
    await journal.record(
        entry,
        request=bench.request,
        response=bench.answer,
        companions=trace.disclosures(answer, entry),
    )


def measure_peers(bench: Bench) -> Parts:
    """Let python-xmlsec verify and sign the same message as it stands, its key loaded once."""
    certificate = bench.settings.path(bench.settings.agreements["social_fund"].certificate_files[0])
    key = xmlsec.Key.from_file(str(certificate.with_suffix(".key")), xmlsec.constants.KeyDataFormatPem)
    return {
        f"python-xmlsec: parse, {what}": bench.measure(partial(_with_xmlsec, bench.request, key, what))
        for what in ("verify", "sign")
    }


def _with_xmlsec(data: bytes, key: xmlsec.Key, what: str) -> None:
    root = etree.fromstring(data)
    context = xmlsec.SignatureContext()
    context.key = key
    for element in root.iter(etree.Element):
        for name in element.attrib:
            if name.endswith("}Id"):
                context.register_id(element, "Id", etree.QName(name).namespace)
    getattr(context, what)(root.find(f".//{{{DS}}}Signature"))
