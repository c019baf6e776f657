"""Others reach us over TLS: the security server by its very certificate, and nobody else before a body is read."""

import socket
import ssl
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.transport.certificates import Pair, issue
from tests.transport.doors import QUICK, Bounds, Door, answer, connect, door, is_cut_off, post, with_tls

BODY = b"<soap/>"
SPOOF = (
    "X-SSL-Client-Verify: SUCCESS",
    "X-SSL-Client-Cert: -----BEGIN CERTIFICATE-----",
    "X-Forwarded-For: 127.0.0.1",
    "X-Client-Cert: yes",
)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    return request.param


def client_tls(pair: Pair | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if pair:
        context.load_cert_chain(pair.certificate_file, pair.key_file)
    return context


def secured(made: Door, pair: Pair | None) -> ssl.SSLSocket:
    return client_tls(pair).wrap_socket(connect(made.port))


def ask(made: Door, pair: Pair | None, *headers: str, path: str = "/xroad") -> bytes:
    with secured(made, pair) as connection:
        connection.sendall(post(path, BODY, *headers))
        return answer(connection)


def events(logs: list) -> list[str]:
    return [line["event"] for line in logs]


def test_the_security_server_is_let_in_by_its_certificate(tmp_path: Path, loop: str) -> None:
    """Self-signed or issued by an authority we know nothing of: the pinned certificate is enough."""
    ours = issue(tmp_path)
    for pair in (issue(tmp_path), issue(tmp_path, issuer=issue(tmp_path, ca=True))):
        with door(with_tls(ours, pair), loop=loop) as made, capture_logs() as logs:
            with secured(made, pair) as connection:
                assert connection.version() == "TLSv1.3"
                for _ in range(3):
                    connection.sendall(post("/xroad", BODY))
                    assert answer(connection) == b"HTTP/1.1 200 OK\ntook 7"
            assert made.bodies == [BODY] * 3
            assert made.waits_for(0)
        assert events(logs) == []


def _strangers(folder: Path) -> dict[str, tuple[Pair, Pair | None, str]]:
    """Who is pinned, who comes, and the word by which the log names it."""
    authority, ours = issue(folder, ca=True), issue(folder)
    pinned = issue(folder, issuer=authority)
    expired, early = issue(folder, until_days=-0.01), issue(folder, from_days=1)
    return {
        "no certificate": (pinned, None, "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
        "self-signed": (pinned, ours, "self-signed certificate"),
        "another authority's": (pinned, issue(folder, issuer=issue(folder, ca=True)), "issuer certificate"),
        "the same authority's": (pinned, issue(folder, issuer=authority), "issuer certificate"),
        "the authority itself": (pinned, authority, "self-signed certificate"),
        "expired": (expired, expired, "expired"),
        "not yet valid": (early, early, "not yet valid"),
    }


STRANGERS = (
    "no certificate",
    "self-signed",
    "another authority's",
    "the same authority's",
    "the authority itself",
    "expired",
    "not yet valid",
)


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_is_refused_in_the_handshake(tmp_path: Path, who: str, loop: str) -> None:
    """Whoever is not the security server gets no answer, nothing of the request is read, and the log says it once."""
    pinned, comes, reason = _strangers(tmp_path)[who]
    with door(with_tls(issue(tmp_path), pinned), loop=loop) as made, capture_logs() as logs:
        with suppress(
            ssl.SSLError, ConnectionError
        ):  # the alert may come before or after our request is sent
            assert ask(made, comes, path="/open") == b""
        assert made.waits_for(0)
        assert made.bodies == []
        refused = [line for line in logs if line["event"] == "tls_refused"]
    assert len(refused) == len(logs) == 1
    assert reason in refused[0]["reason"]
    assert refused[0]["address"] == "127.0.0.1"


@pytest.mark.parametrize("headers", [(), SPOOF], ids=["plain", "spoofed headers"])
def test_what_the_security_server_issued_is_not_the_security_server(
    tmp_path: Path, headers: tuple[str, ...], loop: str
) -> None:
    """OpenSSL lets a certificate issued by the pinned one pass; we compare, whatever headers say, before the body."""
    pinned = issue(tmp_path, ca=True)
    child = issue(tmp_path, issuer=pinned)
    with door(with_tls(issue(tmp_path), pinned), loop=loop) as made, capture_logs() as logs:
        with secured(made, child) as connection:
            connection.sendall(post("/xroad", b"<half", *headers, length=9_000_000))
            assert answer(connection).startswith(b"HTTP/1.1 403")
            assert is_cut_off(connection)
        assert ask(made, child, path="/open").startswith(b"HTTP/1.1 200")
        assert made.bodies == [BODY]
    assert events(logs) == ["peer_refused"]


def test_the_plain_door_does_not_lead_to_xroad(tmp_path: Path, loop: str) -> None:
    """Programs on this machine come in without TLS, but not as the security server, whatever headers they send."""
    pinned = issue(tmp_path)
    with door(with_tls(issue(tmp_path), pinned), loop=loop) as made:
        for path, status in (("/open", b"200"), ("/xroad", b"403")):
            with connect(made.local_port) as connection:
                connection.sendall(post(path, BODY, *SPOOF))
                assert answer(connection).startswith(b"HTTP/1.1 " + status)
        assert made.bodies == [BODY]


def test_plain_http_at_the_tls_door_is_cut_off(tmp_path: Path, loop: str) -> None:
    """A request without TLS is not read as one."""
    with door(with_tls(issue(tmp_path), issue(tmp_path)), loop=loop) as made, capture_logs() as logs:
        with connect(made.port) as connection:
            connection.sendall(post("/open", BODY))
            assert is_cut_off(connection)
        assert made.waits_for(0)
    assert made.bodies == []
    assert events(logs) == ["tls_refused"]


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_tls_is_refused(tmp_path: Path, version: str) -> None:
    """A peer that speaks nothing newer than TLS 1.1 stays out; TLS 1.2 is the oldest that is spoken."""
    pair = issue(tmp_path)
    with door(with_tls(issue(tmp_path), pair)) as made, capture_logs() as logs:
        assert made.keeper.tls is not None
        assert made.keeper.tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
        context = client_tls(pair)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError), context.wrap_socket(connect(made.port)):
            pass
        assert made.waits_for(0)
        assert [line["reason"] for line in logs] == ["UNSUPPORTED_PROTOCOL"]
        context = client_tls(pair)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with context.wrap_socket(connect(made.port)) as connection:
            connection.sendall(post("/xroad", BODY))
            assert answer(connection).startswith(b"HTTP/1.1 200")


def test_a_request_in_the_handshakes_last_packet_is_answered(tmp_path: Path, loop: str) -> None:
    """A quick client's request may come together with its Finished; not a byte of it is lost."""
    pair = issue(tmp_path)
    with door(with_tls(issue(tmp_path), pair), loop=loop) as made, connect(made.port) as connection:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_tls(pair).wrap_bio(incoming, outgoing)
        _shake_hands(tls, connection, incoming, outgoing)
        tls.write(post("/xroad", BODY))
        connection.sendall(outgoing.read())
        received = b""
        while not received.endswith(b"took 7"):
            try:
                received += tls.read()
            except ssl.SSLWantReadError:
                incoming.write(connection.recv(65536))
        assert received.startswith(b"HTTP/1.1 200")


def _shake_hands(
    tls: ssl.SSLObject, connection: socket.socket, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
) -> None:
    """Shake hands and keep the last packet back."""
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(65536))
        else:
            return


def test_a_handshake_that_never_ends_is_cut_off(tmp_path: Path, loop: str) -> None:
    """Peers that connect and say nothing lose their places at the deadline and keep nobody else waiting."""
    pair = issue(tmp_path)
    with door(with_tls(issue(tmp_path), pair), loop=loop) as made:
        silent = [connect(made.port) for _ in range(60)]
        assert made.waits_for(60)
        started = time.monotonic()
        assert ask(made, pair).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - started < 1
        assert made.waits_for(0, QUICK.header_seconds + 1)
        assert all(is_cut_off(connection) for connection in silent)
        for connection in silent:
            connection.close()


def test_a_handshake_is_not_finished_by_a_stopping_server(tmp_path: Path, loop: str) -> None:
    """Who is still in its handshake when the server stops is neither waited for nor served by a half-closed gateway."""
    pair, served = issue(tmp_path), []
    settings = with_tls(issue(tmp_path), pair)

    def ask_late(late: socket.socket, made: Door) -> None:
        time.sleep(0.5)
        with suppress(OSError), client_tls(pair).wrap_socket(late) as connection:
            connection.sendall(post("/open", BODY))
            served.append(answer(connection))

    with door(settings, bounds=Bounds(header_seconds=30), loop=loop) as made:
        made.stop_seconds = 1.0
        asking = threading.Thread(target=ask_late, args=(connect(made.port), made))
        assert made.waits_for(1)
        asking.start()
        started = time.monotonic()
    asking.join()
    assert time.monotonic() - started < 3
    assert served == []
