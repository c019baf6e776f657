"""Spoilt messages: a Fault, or the answer to an untouched question; in time, and never past a broken signature."""

import asyncio
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.xroad.attachments import attachment
from gateway.xroad.contracts import Schema
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, read_message
from gateway.xroad.namespaces import IDENTIFIERS, SOAP, XROAD
from gateway.xroad.packaging import pack
from tests.effort import EFFORT
from tests.hostile.caller import Caller, question
from tests.hostile.mutants import BY_BYTES, change_tree
from tests.hostile.served import Served

KINDS = ("plain", "signed", "plain multipart", "signed multipart")
MANY = settings(max_examples=250 * EFFORT, deadline=None, suppress_health_check=list(HealthCheck))
SEEDED_FLIPS = 800 * EFFORT
_SIGNED_FIELDS = ("client", "service", "userId", "id", "issue", "protocolVersion")


@dataclass(kw_only=True)
class Run:
    """One connection, the original messages, and what was sent and how it ended, by digest."""

    caller: Caller
    schema: Schema
    originals: dict[str, tuple[bytes, bytes, str]]  # SOAP, all bytes, Content-Type
    answered: set[bytes] = field(default_factory=set)
    refused: set[bytes] = field(default_factory=set)

    def put(self, kind: str, data: bytes, content_type: str = "") -> None:
        """Post a mutant and judge what comes back; a gateway that hangs ends it by a TimeoutError."""
        soap, _, label = self.originals[kind]
        status, answer = self.caller.post(data, content_type or label)
        digest = hashlib.sha256(data).digest()
        read = read_message(answer, CONTENT_TYPE)  # well-formed, or a ContractError ends the test
        if isinstance(read, FaultMessage):
            assert status == 500
            assert read.code.startswith("soapenv:Client."), read
            self.refused.add(digest)
            return
        assert status == 200
        self.answered.add(digest)
        self.schema.check(read.content, whose="answer")
        asked = read_message(data, content_type or label)
        assert isinstance(asked, Message)
        assert read.header == asked.header
        if kind.startswith("signed"):
            assert meaning(asked.soap, asked.soap_type) == meaning(soap, CONTENT_TYPE)


def meaning(soap: bytes, content_type: str) -> list[object]:
    """Give what a signature covers, by a plain parser: the one Body's canonical bytes and the header's values."""
    charset = "utf-8" if "utf-8" in content_type.lower() else None
    root = etree.fromstring(soap, etree.XMLParser(encoding=charset))
    (body,) = root.findall(f"{{{SOAP}}}Body")
    (header,) = root.findall(f"{{{SOAP}}}Header")
    found: list[object] = [etree.tostring(body, method="c14n", exclusive=True, with_comments=False)]
    for name in _SIGNED_FIELDS:
        (one,) = header.findall(f"{{{XROAD}}}{name}")
        parts = [(child.tag, "".join(child.itertext())) for child in one.iter(f"{{{IDENTIFIERS}}}*")]
        found.append((name, one.get(f"{{{IDENTIFIERS}}}objectType"), parts or "".join(one.itertext())))
    return found


@pytest.fixture(scope="module")
def run(gateway: Served) -> Iterator[Run]:
    """Originals of every kind, over one connection."""
    scan = attachment(b"\0scan" * 40, content_id="scan@agency", content_type="image/png")
    originals = {}
    for signed in (False, True):
        soap = question(gateway, signed=signed)
        packed = pack(soap, [scan])
        name = "signed" if signed else "plain"
        originals[name] = (soap, soap, CONTENT_TYPE)
        originals[f"{name} multipart"] = (soap, packed.whole(), packed.content_type)
    path = gateway.settings.home / "schemas" / "isuo" / "isuo.xsd"
    made = Run(caller=Caller(port=gateway.port), schema=Schema(path), originals=originals)
    yield made
    made.caller.close()


@MANY
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_spoilt_bytes_get_a_fault_or_an_honest_answer(run: Run, kind: str, seed: int, times: int) -> None:
    """Bits, words and stretches changed anywhere: a Fault of the client, or a correct answer."""
    chance = random.Random(seed)
    data = run.originals[kind][1]
    for _ in range(times):
        data = chance.choice(BY_BYTES)(chance, data or b" ")
    run.put(kind, data)


@MANY
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_a_spoilt_tree_gets_a_fault_or_an_honest_answer(run: Run, kind: str, seed: int, times: int) -> None:
    """Elements removed, doubled, moved, renamed, wrapped: a Fault of the client, or a correct answer."""
    chance = random.Random(seed)
    soap, whole, _ = run.originals[kind]
    spoilt = soap
    for _ in range(times):
        spoilt = change_tree(chance, spoilt)
    run.put(kind, whole.replace(soap, spoilt))


@settings(MANY, max_examples=100 * EFFORT)
@given(kind=st.sampled_from(KINDS), seed=st.integers(0, 2**32))
def test_a_spoilt_label_gets_a_fault_or_an_honest_answer(run: Run, kind: str, seed: int) -> None:
    """The Content-Type changed: a Fault of the client, or a correct answer."""
    chance = random.Random(seed)
    _, whole, label = run.originals[kind]
    spoilt = chance.choice(BY_BYTES)(chance, label.encode("latin-1"))
    clean = bytes(byte for byte in spoilt if 32 <= byte < 127 or byte > 160)
    run.put(kind, whole, clean.decode("latin-1").strip() or "x")


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_after_another_is_turned_over(run: Run, kind: str) -> None:
    """Bits over the whole message, at places a fixed seed draws."""
    chance = random.Random(2026)
    data = run.originals[kind][1]
    for place in chance.sample(range(len(data)), min(len(data), SEEDED_FLIPS // len(KINDS))):
        run.put(kind, data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :])


def test_no_refused_mutant_reached_a_handler(gateway: Served, run: Run) -> None:
    """What was refused disclosed nothing; what broke a signature was refused before purpose and subject were known."""
    if not run.refused:
        pytest.skip("runs behind the mutants")
    rows = asyncio.run(_recorded(gateway))
    seen = {bytes(row.request_sha256): row for row in rows}
    assert seen.keys() >= run.refused | run.answered
    for digest in run.refused - run.answered:
        assert not seen[digest].disclosed
        assert not seen[digest].succeeded
    broken = [row for row in rows if row.fault_code == "Client.SIGNATURE_INVALID"]
    assert len(broken) > 20
    assert all((row.purpose, row.subject, row.disclosed) == ("", None, False) for row in broken)
    assert not [row for row in rows if row.fault_code.startswith("Server.")]


async def _recorded(gateway: Served) -> list:
    database = Database(gateway.settings.database.url)
    async with database.transaction() as session:
        found = await session.execute(
            text(
                "select e.request_sha256, e.succeeded, e.fault_code, e.purpose, e.subject,"
                " d.disclosure_id is not null as disclosed from journal_entry e left join disclosure d using (entry_id)"
            )
        )
        rows = list(found.all())
    await database.close()
    return rows
