"""We ask: what the journal knows before and after every byte, and what becomes of each way a peer can answer."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.exchange.errors import JournalUnavailable
from gateway.exchange.outbound import OutboundCall, OutboundReply, Patience, RecordedCalls, Trust
from gateway.exchange.search import show
from gateway.foundation.errors import (
    AgencyRefused,
    AgencyUnavailable,
    ContractError,
    KopuroError,
    SignatureError,
)
from gateway.sandbox.security_server import insert_request_hash
from gateway.xroad.answers import request_hash
from gateway.xroad.client import Client, Limits
from gateway.xroad.envelope import CONTENT_TYPE, asking_shell, canonical
from gateway.xroad.header import Header
from gateway.xroad.namespaces import SOAP
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message
from tests.exchange.journal import Journal
from tests.pki import signer
from tests.xroad.messages import CONTENT, header, read

TOLD = b'<p:getThingResponse xmlns:p="urn:p"><p:note>told</p:note></p:getThingResponse>'
OTHER = b'<p:getThingElse xmlns:p="urn:p"></p:getThingElse>'
LIMIT = 20_000
QUICK = Patience(attempts=3, first_backoff=timedelta(milliseconds=5), deadline=timedelta(seconds=3))
UNSIGNED = Trust()
PIN = "10101202012345"

Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """The security server's door as bare TCP: keeps every request, behaves as the script says."""

    def __init__(
        self, *script: Behaviour, at_connection: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._script: Iterator[Behaviour] = iter((*script, *(script[-1],) * 20))
        self._at_connection = at_connection
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Peer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self._at_connection:
                await self._at_connection()
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:]) for line in head.splitlines() if line.lower().startswith(b"content-length:")
            )
            self.requests.append(await reader.readexactly(length))
            await next(self._script)(self.requests[-1], writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the asker went away
        finally:
            writer.close()


def answer(
    body: Callable[[bytes], bytes], *, status: str = "200 OK", kind: str = CONTENT_TYPE, more: str = ""
) -> Behaviour:
    async def behave(request: bytes, writer: asyncio.StreamWriter) -> None:
        content = body(request)
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n"
        writer.write(f"{head}{more}\r\n".encode() + content)

    return behave


def raw(*pieces: bytes, pause: float = 0.0, forever: bool = False) -> Behaviour:
    async def behave(_: bytes, writer: asyncio.StreamWriter) -> None:
        while True:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
            if not forever:
                return

    return behave


async def reset(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def told(content: bytes = TOLD, **changes: str) -> Callable[[bytes], bytes]:
    def body(_: bytes) -> bytes:
        shell = asking_shell(header(**changes))
        return shell.wrap(shell.body(content))

    return body


def hashed(value: str | None = None) -> Callable[[bytes], bytes]:
    return lambda request: insert_request_hash(told()(request), value or request_hash(request))


def another_client(request: bytes) -> bytes:
    return told()(request).replace(b"70000003", b"70000004")


def fault(code: str) -> Callable[[bytes], bytes]:
    return lambda _: (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>{code}</faultcode>'
        f"<faultstring>{PIN} Асанов</faultstring></s:Fault></s:Body></s:Envelope>"
    ).encode()


def signed_by(who: str, content: bytes = TOLD) -> Callable[[bytes], bytes]:
    sealing = Sealing(signer=signer(who))
    return lambda _: sign_message(asking_shell(header()), content, sealing, at=datetime.now(UTC))


async def ask(
    journal: Journal, peer: Peer, trust: Trust = UNSIGNED, *, patience: Patience = QUICK
) -> OutboundReply:
    client = Client(peer.url, Limits(connect=timedelta(seconds=1), bytes=LIMIT))
    question = OutboundCall(header=header(), content=CONTENT, subject=journal.keys.subject_of(PIN))
    try:
        return await RecordedCalls(client, journal.writer, patience=patience).call(question, trust)
    finally:
        await client.close()


async def rows(journal: Journal) -> list:
    async with journal.database.transaction() as session:
        return list((await session.execute(text("select * from journal_entry order by seq"))).all())


async def test_the_question_stands_in_the_journal_before_the_first_byte(journal: Journal) -> None:
    """When the peer's port is first touched, the SENT row is committed, with the very bytes that will come."""
    seen = []

    async def look() -> None:
        seen.extend(await rows(journal))

    async with Peer(answer(told()), at_connection=look).listening() as peer:
        await ask(journal, peer)
    assert [(row.kind, row.succeeded, row.message_id) for row in seen] == [("SENT", None, "id-1")]
    shown = await show(journal.database, journal.keys, seen[0].entry_id, bodies=True)
    assert shown is not None
    assert [shown.request] == peer.requests


async def test_an_answer_is_recorded_before_it_is_used(journal: Journal) -> None:
    """When call returns, the ANSWERED row of the same exchange is there, with the answer's own bytes."""
    async with Peer(answer(hashed())).listening() as peer:
        reply = await ask(journal, peer)
    assert canonical(reply.content) == TOLD
    sent, answered = await rows(journal)
    assert (answered.kind, answered.succeeded, answered.outcome) == ("ANSWERED", True, "OK")
    assert {sent.exchange_id, answered.exchange_id} == {reply.exchange_id}
    shown = await show(journal.database, journal.keys, answered.entry_id, bodies=True)
    assert shown is not None
    assert shown.response == hashed()(peer.requests[0])


async def test_an_answer_that_cannot_be_recorded_is_not_used(journal: Journal) -> None:
    """With the journal gone in the meantime the call fails, although a good answer came."""

    async def answer_and_close(request: bytes, writer: asyncio.StreamWriter) -> None:
        await journal.writer.close()
        await answer(told())(request, writer)

    async with Peer(answer_and_close).listening() as peer:
        with pytest.raises(JournalUnavailable):
            await ask(journal, peer)
    assert len(peer.requests) == 1


async def test_without_the_journal_no_byte_leaves(journal: Journal) -> None:
    """A question that cannot be recorded is not sent."""
    await journal.writer.close()
    async with Peer(answer(told())).listening() as peer:
        with pytest.raises(JournalUnavailable):
            await ask(journal, peer)
    assert peer.connections == 0


async def test_retries_send_the_same_bytes_and_each_is_recorded(journal: Journal) -> None:
    """Three attempts are one exchange: one id, identical bytes, a pair of rows for each."""
    async with Peer(answer(told(), status="503 Busy"), reset, answer(told())).listening() as peer:
        await ask(journal, peer)
    assert len(peer.requests) == 3
    assert len(set(peer.requests)) == 1
    found = await rows(journal)
    assert [(row.kind, row.attempt, row.fault_code, row.succeeded) for row in found] == [
        ("SENT", 1, "", None),
        ("ANSWERED", 1, "http_error", False),
        ("SENT", 2, "", None),
        ("ANSWERED", 2, "network_error", False),
        ("SENT", 3, "", None),
        ("ANSWERED", 3, "", True),
    ]
    assert len({(row.exchange_id, row.message_id, row.request_sha256) for row in found}) == 1


OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
TRANSIENT = {
    "HTTP 404": (answer(told(), status="404 Not Found"), "http_error"),
    "HTTP 503": (answer(told(), status="503 Busy"), "http_error"),
    "reset": (reset, "network_error"),
    "closed without a word": (raw(), "network_error"),
    "half an answer": (raw(OK_HEAD + b"Content-Length: 999\r\n\r\n<a"), "network_error"),
    "no HTTP": (raw(b"220 smtp ready\r\n\r\n"), "network_error"),
    "old: network": (answer(fault("Server.ClientProxy.NetworkError")), "Server.ClientProxy.NetworkError"),
    "new: network": (answer(fault("server.clientproxy.network_error")), "server.clientproxy.network_error"),
    "old: provider down": (
        answer(fault("Server.ServerProxy.ServiceFailed.HttpError")),
        "Server.ServerProxy.ServiceFailed.HttpError",
    ),
    "old: time-stamping": (
        answer(fault("Server.ClientProxy.LoggingFailed.TimestamperFailed")),
        "Server.ClientProxy.LoggingFailed.TimestamperFailed",
    ),
    "provider failed": (answer(fault("soapenv:Server.TEMPORARY"), status="500 Oops"), "soapenv:Server.TEMPORARY"),
}  # fmt: skip
BROKEN = {
    "HTML": (answer(told(), kind="text/html"), ContractError, "invalid_content_type"),
    "no type": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"), ContractError, "invalid_content_type"),
    "gzip": (answer(lambda r: gzip.compress(told()(r)), more="Content-Encoding: gzip\r\n"), ContractError, "invalid_soap"),
    "empty": (answer(lambda _: b""), ContractError, "invalid_soap"),
    "no header": (answer(lambda r: told()(r).replace(b"xrd:client", b"xrd:stranger")), ContractError, "missing_header_field"),
    "another id": (answer(told(message_id="id-2")), ContractError, "inconsistent_response"),
    "another user": (answer(told(user_id="KG2")), ContractError, "inconsistent_response"),
    "another case": (answer(told(issue="")), ContractError, "inconsistent_response"),
    "another client": (answer(another_client), ContractError, "inconsistent_response"),
    "another request's hash": (answer(hashed("AAAA")), ContractError, "inconsistent_response"),
    "another operation": (answer(told(OTHER)), ContractError, "inconsistent_response"),
    "too large": (answer(lambda _: b"<a>" + b"x" * LIMIT), ContractError, "too_large"),
    "endless": (
        raw(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"400\r\n" + b"x" * 1024 + b"\r\n"] * 999),
        ContractError,
        "too_large",
    ),
    "old: access": (answer(fault("Server.ServerProxy.AccessDenied")), AgencyRefused, "Server.ServerProxy.AccessDenied"),
    "new: access": (answer(fault("server.serverproxy.access_denied")), AgencyRefused, "server.serverproxy.access_denied"),
    "old: service": (answer(fault("Server.ServerProxy.UnknownService")), AgencyRefused, "Server.ServerProxy.UnknownService"),
    "provider's own": (answer(fault("s:Client.PIN_INCORRECT"), status="500 No"), AgencyRefused, "s:Client.PIN_INCORRECT"),
}  # fmt: skip


async def _failure(journal: Journal, behaviour: Behaviour) -> tuple[KopuroError, Peer, list]:
    async with Peer(behaviour).listening() as peer:
        with pytest.raises(KopuroError) as failure:
            await ask(journal, peer)
    return failure.value, peer, await rows(journal)


@pytest.mark.parametrize("name", TRANSIENT)
async def test_what_may_pass_is_asked_again_and_is_never_a_refusal(journal: Journal, name: str) -> None:
    """A way that is down for now is AgencyUnavailable, after as many attempts as allowed, all recorded."""
    behaviour, code = TRANSIENT[name]
    error, peer, found = await _failure(journal, behaviour)
    assert (type(error), error.permanent) == (AgencyUnavailable, False)
    assert len(peer.requests) == QUICK.attempts
    assert [(row.kind, row.fault_code) for row in found] == [
        ("SENT", ""),
        ("ANSWERED", code),
    ] * QUICK.attempts


@pytest.mark.parametrize("name", BROKEN)
async def test_what_cannot_pass_is_asked_once(journal: Journal, name: str) -> None:
    """A refusal and a broken answer are permanent: recorded with their code, asked once, no personal data told."""
    behaviour, kind, code = BROKEN[name]
    error, peer, found = await _failure(journal, behaviour)
    assert (type(error), error.permanent) == (kind, True)
    assert len(peer.requests) == 1
    assert [(row.kind, row.succeeded, row.fault_code) for row in found] == [
        ("SENT", None, ""),
        ("ANSWERED", False, code),
    ]
    assert PIN not in str(error) + found[1].fault_string
    assert "Асанов" not in str(error) + found[1].fault_string


async def test_a_code_that_quotes_a_person_is_not_kept(journal: Journal) -> None:
    """Of a peer's fault code only what a code can be made of is kept: no PIN, no name."""
    error, _, found = await _failure(journal, answer(fault(f"Client.Асанов {PIN}")))
    assert isinstance(error, AgencyRefused)
    for text_of_code in (error.code, found[1].fault_code):
        assert text_of_code.startswith("Client.")
        assert PIN not in text_of_code
        assert "Асанов" not in text_of_code


async def test_no_redirect_is_followed(journal: Journal) -> None:
    """A 302 to another address is an unusable answer; nobody calls at that address."""
    async with Peer(answer(told())).listening() as canary:
        moved = answer(told(), status="302 Found", more=f"Location: {canary.url}\r\n")
        error, _, found = await _failure(journal, moved)
    assert (type(error), canary.connections) == (AgencyUnavailable, 0)
    assert {row.fault_code for row in found if row.kind == "ANSWERED"} == {"http_error"}


SLOW = {
    "silent": raw(b"", pause=9),
    "a byte at a time": raw(OK_HEAD + b"Content-Length: 9000\r\n\r\n", *[b" "] * 9000, pause=0.02),
    "slow header": raw(OK_HEAD, *[b"X: y\r\n"] * 99, pause=0.02),
    "slow and endless": raw(OK_HEAD + b"\r\n", *[b"x"] * 999, pause=0.02, forever=True),
}


@pytest.mark.parametrize("name", SLOW)
async def test_a_slow_peer_ends_at_the_deadline(journal: Journal, name: str) -> None:
    """The deadline is for the whole question, not for a chunk: the asker is free in time."""
    patience = Patience(first_backoff=timedelta(milliseconds=5), deadline=timedelta(seconds=0.4))
    async with Peer(SLOW[name]).listening() as peer:
        started = time.monotonic()
        with pytest.raises(AgencyUnavailable) as late:
            await ask(journal, peer, patience=patience)
        assert time.monotonic() - started < 2
    assert late.value.code == "timeout"
    assert [row.fault_code for row in await rows(journal)] == ["", "timeout"]


async def test_all_attempts_together_keep_the_deadline(journal: Journal) -> None:
    """A peer that fails late and then falls silent leaves the second attempt only what is left of the time."""

    async def fail_late(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.5)
        await answer(told(), status="503 Busy")(request, writer)

    patience = Patience(attempts=9, first_backoff=timedelta(milliseconds=5), deadline=timedelta(seconds=2))
    async with Peer(fail_late, SLOW["silent"]).listening() as peer:
        started = time.monotonic()
        with pytest.raises(AgencyUnavailable):
            await ask(journal, peer, patience=patience)
        assert 1.9 < time.monotonic() - started < 3.2
    assert len(peer.requests) == 2


async def test_nobody_listening_is_unavailable(journal: Journal) -> None:
    """A refused connection is the agency's being down, never its refusal."""
    async with Peer(reset).listening() as peer:
        pass
    with pytest.raises(AgencyUnavailable) as down:
        await ask(journal, peer)
    assert down.value.code == "network_error"


async def test_an_asker_that_stops_waiting_leaves_a_closed_exchange(journal: Journal) -> None:
    """Whoever cancels the question is free at once, and the journal says that nobody waited for the answer."""
    async with Peer(raw(b"", pause=9)).listening() as peer:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await ask(journal, peer)
        assert time.monotonic() - started < 8
    assert [(row.kind, row.fault_code) for row in await rows(journal)] == [
        ("SENT", ""),
        ("ANSWERED", "cancelled"),
    ]


def _trust(**changes: object) -> Trust:
    fields = {
        "sealing": Sealing(signer=signer("us")),
        "certificates": (signer("agency").certificate,),
        "demands": Demands(),
    }
    return Trust(**(fields | changes))


async def test_where_it_is_agreed_both_sides_sign(journal: Journal) -> None:
    """The peer can verify our request, we hand back what the peer signed, and the journal says so."""
    async with Peer(answer(signed_by("agency"))).listening() as peer:
        reply = await ask(journal, peer, _trust())
    verified = verify_message(read(peer.requests[0]).root, [signer("us").certificate], Demands())
    assert canonical(verified.content) == CONTENT
    assert canonical(reply.content) == TOLD
    assert [row.signature for row in await rows(journal)] == ["signed", "signed"]


async def test_without_an_agreement_nothing_of_ours_is_added(journal: Journal) -> None:
    """Where signing is not switched on, the request carries no wsse:Security and the answer needs none."""
    async with Peer(answer(told())).listening() as peer:
        await ask(journal, peer, _trust(sealing=None, demands=None))
    assert b"Security" not in peer.requests[0]
    assert [row.signature for row in await rows(journal)] == ["unsigned", "unsigned"]


FORGERIES = {
    "unsigned": told(),
    "signed by a stranger": signed_by("stranger"),
    "changed after signing": lambda request: signed_by("agency")(request).replace(b">told<", b">lied<"),
    "its header changed": lambda request: signed_by("agency")(request).replace(b"<xrd:protocolVersion>4.0", b"<xrd:protocolVersion>4.1"),
    "signature stripped": told(),
    "old": lambda _: sign_message(
        asking_shell(header()), TOLD, Sealing(signer=signer("agency")), at=datetime.now(UTC) - timedelta(hours=1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_answer_is_refused_once_and_for_all(journal: Journal, name: str) -> None:
    """With verify_answers on, nothing reaches the adapter that the agreed certificate did not sign."""
    async with Peer(answer(FORGERIES[name])).listening() as peer:
        with pytest.raises(SignatureError):
            await ask(journal, peer, _trust())
    assert len(peer.requests) == 1
    answered = (await rows(journal))[1]
    assert (answered.signature, answered.fault_code, answered.succeeded) == (
        "refused",
        "SIGNATURE_INVALID",
        False,
    )


async def test_swapped_answers_are_found_under_concurrency(journal: Journal) -> None:
    """Many questions at once over one pool: each gets its own answer or a refusal, never another's."""
    shells: dict[str, Header] = {f"id-{number}": header(message_id=f"id-{number}") for number in range(40)}

    async def swap(request: bytes, writer: asyncio.StreamWriter) -> None:
        number = int(read(request).header.message_id[3:])
        await answer(told(message_id=f"id-{number + (number % 4 == 0)}"))(request, writer)

    async with Peer(*[swap] * 40).listening() as peer:
        client = Client(peer.url, Limits())
        calls = RecordedCalls(client, journal.writer, patience=QUICK)
        results = await asyncio.gather(
            *(calls.call(OutboundCall(header=each, content=CONTENT), UNSIGNED) for each in shells.values()),
            return_exceptions=True,
        )
        await client.close()
    refused = [isinstance(result, ContractError) for result in results]
    assert refused == [number % 4 == 0 for number in range(40)]
