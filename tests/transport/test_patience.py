"""How long and how often anybody may hold our door: slow peers lose their places, good ones are served meanwhile."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from structlog.testing import capture_logs

from tests.transport.doors import QUICK, Bounds, Door, answer, connect, door, is_cut_off, post, with_server

PLAIN = with_server()
LATE = b"X-A: " + b"b" * 5000
HALF = b"POST /open HTTP/1.1\r\nHost: gateway\r\n"
SLOW = {  # what is sent at once, and what then comes a byte at a time
    "header": (HALF, LATE),
    "body": (post("/open", b"x", length=5000), b"x" * 4999),
    "empty lines": (b"", b"\r\n" * 2500),
    "body after the answer": (post("/early", b"", length=5000), b"x" * 5000),
    "empty lines after the answer": (post("/open", b"x"), b"\r\n" * 2500),
    "second header": (post("/open", b"x") + HALF, LATE),
}


@pytest.fixture
def loop() -> str:
    return "uvloop"  # as in production; what the loops do differently is in the handshake, tested on both


@contextmanager
def trickle(made: Door, at_once: bytes, slowly: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Hold so many connections and send a byte on each again and again, as the slow loris does."""
    peers = [connect(made.port) for _ in range(count)]
    for peer in peers:
        peer.sendall(at_once)
    end = threading.Event()

    def send() -> None:
        for number in itertools.count():
            for peer in peers:
                try:
                    peer.sendall(slowly[number : number + 1])
                except OSError:
                    continue
            if end.wait(0.1):
                return

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield peers
    finally:
        end.set()
        sending.join()
        for peer in peers:
            peer.close()


def ask(made: Door, path: str = "/open", source: str = "127.0.0.1") -> bytes:
    with connect(made.port, source) as connection:
        connection.sendall(post(path, b"good"))
        return answer(connection)


@pytest.mark.parametrize("stage", SLOW)
def test_sixty_slow_peers_keep_nobody_waiting_and_lose_their_places(stage: str, loop: str) -> None:
    """Beside 60 peers that send a byte now and then a good client is answered within a second; then they are cut."""
    with door(PLAIN, loop=loop) as made, trickle(made, *SLOW[stage], 60) as peers:
        assert made.waits_for(60)
        for _ in range(5):
            started = time.monotonic()
            assert ask(made).startswith(b"HTTP/1.1 200")
            assert time.monotonic() - started < 1
        assert made.waits_for(0, 4.0)
        assert all(is_cut_off(peer) for peer in peers)


def test_a_silent_peer_is_cut_off(loop: str) -> None:
    """A connection on which nothing was ever asked ends at the header's deadline, one that was used when idle."""
    with door(PLAIN, loop=loop) as made, connect(made.port) as silent, connect(made.port) as used:
        started = time.monotonic()
        used.sendall(post("/open", b"x"))
        assert answer(used).startswith(b"HTTP/1.1 200")
        assert is_cut_off(silent)
        assert QUICK.header_seconds - 0.1 < time.monotonic() - started < QUICK.header_seconds + 1


def test_a_header_without_an_end_is_cut_off(loop: str) -> None:
    """A header may have 64 KiB; a peer that sends more is not read any further."""
    with door(PLAIN, bounds=Bounds(), loop=loop) as made, connect(made.port) as peer:
        peer.sendall(b"POST /open HTTP/1.1\r\nX-A: ")
        with pytest.raises(OSError):
            for _ in range(2000):
                peer.sendall(b"a" * 10_000)
                time.sleep(0.0005)
        assert made.waits_for(0)


HEADS = {  # a target or fields that come whole; what is sent before them on the same connection
    "one long field": (b"", [b"X: " + b"a" * 66_000]),
    "many fields": (b"", [b"X-%d: %s" % (number, b"a" * 1_000) for number in range(128)]),
    "behind another request": (post("/open", b"x"), [b"X: " + b"a" * 66_000]),
}


REFUSED = {b"HTTP/1.1 400 Bad Request", b""}  # the answer is lost where more bytes wait to be read


def _first_line(peer: socket.socket) -> bytes:
    try:
        return answer(peer).partition(b"\n")[0]
    except ConnectionError:
        return b""


@pytest.mark.parametrize("name", HEADS)
def test_a_header_that_comes_at_once_has_the_same_bound(name: str, loop: str) -> None:
    """64 KiB of fields are too many in one read as well: HTTP 400 or the end; a little less is answered."""
    before, fields = HEADS[name]
    few = [b"X: " + b"a" * 64_000]
    with door(PLAIN, loop=loop) as made:
        for lines, expected in ((few, {b"HTTP/1.1 200 OK"}), (fields, REFUSED)):
            with connect(made.port) as peer:
                if before:
                    peer.sendall(before)
                    assert answer(peer).startswith(b"HTTP/1.1 200")
                peer.sendall(post("/open", b"good", *(line.decode() for line in lines)))
                assert _first_line(peer) in expected
        assert made.waits_for(0)


def test_a_target_of_100_kilobytes_is_refused(loop: str) -> None:
    """The target counts like the fields."""
    with door(PLAIN, loop=loop) as made, connect(made.port) as peer:
        peer.sendall(post(f"/open?{'x' * 100_000}", b"good"))
        assert _first_line(peer) in REFUSED


def test_a_peer_that_does_not_take_its_answer_is_cut_off(loop: str) -> None:
    """A large answer nobody reads holds neither memory nor a place for longer than allowed."""
    with door(PLAIN, loop=loop) as made, capture_logs() as logs:
        for closing in ((), ("Connection: close",)):
            peer = connect(made.port)
            peer.sendall(post("/large", b"", *closing))
            assert made.waits_for(1)
            assert made.waits_for(0, QUICK.idle_seconds + 2)
            peer.close()
    assert [(line["event"], line["state"]) for line in logs] == [
        ("connection_given_up", "taking the answer")
    ] * 2


def test_a_patient_application_is_not_cut_off(loop: str) -> None:
    """The clocks are for the peer: while it is we who are slow, the connection stays."""
    with door(PLAIN, loop=loop) as made, connect(made.port, timeout=10) as peer:
        peer.sendall(post("/busy"))
        time.sleep(2.5 * QUICK.header_seconds)
        made.stop.set()
        assert answer(peer) == b"HTTP/1.1 200 OK\ndone"


def test_a_body_has_a_clock_of_its_own(loop: str) -> None:
    """A body that takes longer than a header may, and comes in time for a body, is taken whole."""
    bounds = Bounds(header_seconds=0.3, body_seconds=5, idle_seconds=5)
    with door(PLAIN, bounds=bounds, loop=loop) as made, connect(made.port) as peer:
        peer.sendall(post("/open", b"", length=10))
        for _ in range(10):
            time.sleep(0.1)
            peer.sendall(b"x")
        assert answer(peer).endswith(b"took 10")


def test_pipelined_requests_are_answered_in_order(loop: str) -> None:
    """Two requests in one packet, the second one's header torn: both answers come, and no clock runs meanwhile."""
    with door(PLAIN, loop=loop) as made, connect(made.port, timeout=10) as peer:
        second = post("/open", b"two")
        peer.sendall(post("/open", b"one!") + second[:10])
        time.sleep(0.3)
        peer.sendall(second[10:])
        assert answer(peer).endswith(b"took 4")
        assert answer(peer).endswith(b"took 3")
        assert made.bodies == [b"one!", b"two"]


NARROW = Bounds(total=6, per_peer=4, header_seconds=30, body_seconds=30, idle_seconds=30)


@contextmanager
def held(made: Door, count: int, content: bytes, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        before = made.connections
        peers = []
        for number in range(count):
            peers.append(stack.enter_context(connect(made.port, source)))
            peers[-1].sendall(content)
            assert made.waits_for(before + number + 1)
        yield peers


def _busy(made: Door, count: int) -> Callable[[], bool]:
    return lambda: sum(not guest.is_waiting for guest in made.keeper._all()) == count


def _until(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_one_address_has_only_so_many_connections_at_work(loop: str) -> None:
    """When all of a peer's places are at work its next connection is told 503; another address is served."""
    with (
        door(PLAIN, bounds=NARROW, loop=loop) as made,
        capture_logs() as logs,
        held(made, 4, post("/busy")) as peers,
    ):
        assert _until(_busy(made, 4))
        assert ask(made).startswith(b"HTTP/1.1 503")
        assert ask(made).startswith(b"HTTP/1.1 503")
        assert ask(made, source="127.0.0.2").startswith(b"HTTP/1.1 200")
        made.stop.set()
        assert all(answer(peer).endswith(b"done") for peer in peers)
    assert [(line["event"], line["count"]) for line in logs] == [("connection_turned_away", 1)]


def test_all_addresses_together_have_only_so_many_connections_at_work(loop: str) -> None:
    """When every place is at work a further connection is told 503, wherever it comes from, and later is served."""
    with (
        door(PLAIN, bounds=NARROW, loop=loop) as made,
        held(made, 3, post("/busy")),
        held(made, 3, post("/busy"), "127.0.0.2"),
    ):
        assert _until(_busy(made, 6))
        assert ask(made, source="127.0.0.3").startswith(b"HTTP/1.1 503")
        made.stop.set()
        assert _until(_busy(made, 0))
        assert ask(made, source="127.0.0.3").startswith(b"HTTP/1.1 200")


def test_who_only_waits_gives_way_to_who_asks(loop: str) -> None:
    """At a full door the one that never asked and waited longest is closed, before one that was of use."""
    with door(PLAIN, bounds=NARROW, loop=loop) as made, held(made, 1, post("/open", b"x")) as used:
        assert answer(used[0]).endswith(b"took 1")
        with held(made, 3, b"") as silent:
            assert ask(made).startswith(b"HTTP/1.1 200")
            assert is_cut_off(silent[0])
            used[0].sendall(post("/open", b"again"))
            assert answer(used[0]).endswith(b"took 5")
            for peer in silent[1:]:
                peer.sendall(post("/open", b"now"))
                assert answer(peer).endswith(b"took 3")


def test_a_flood_of_silent_connections_does_not_close_the_door(loop: str) -> None:
    """Three times as many silent connections as there are places, from one address or many: a good client gets in."""
    with door(PLAIN, bounds=NARROW, loop=loop) as made, ExitStack() as stack:
        for number in range(3 * NARROW.total):
            stack.enter_context(connect(made.port, f"127.0.0.{number % 5 + 1}"))
        started = time.monotonic()
        assert ask(made, source="127.0.0.9").startswith(b"HTTP/1.1 200")
        assert time.monotonic() - started < 1
        assert made.connections <= NARROW.total
