"""The shortcut for whole messages: nobody outside can tell it from uvicorn's way."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from gateway.foundation.shortcut import Answered, Shortcut, Whole
from tests.transport.doors import LARGE, Door, answer, connect, door, is_cut_off, post, with_server

PLAIN = with_server()
_DATE = re.compile(rb"date: [^\r]*")
_TYPE = "text/plain; charset=utf-8"
_GET = b"GET /open HTTP/1.1\r\nHost: gateway\r\n\r\n"
_CHUNKED = b"POST /open HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n"
_BOTH_LENGTHS = post("/open", b"0\r\n\r\n", "Transfer-Encoding: chunked")

CONVERSATIONS: dict[str, tuple[bytes, ...]] = {
    "whole": (post("/open", b"body"),),
    "without a body": (post("/open"),),
    "one after the other": (post("/open", b"one"), post("/open", b"two!")),
    "torn in the body": (post("/open", b"bo", length=4), b"dy"),
    "torn in the header": (post("/open", b"body")[:30], post("/open", b"body")[30:]),
    "in one read": (post("/open", b"one") + post("/open", b"two!") + post("/open", b"three"),),
    "a torn one behind a whole one": (post("/open", b"one") + post("/open", b"tw", length=4), b"o!"),
    "ended by the peer": (post("/open", b"body", "Connection: close"),),
    "ended, and more behind it": (post("/open", b"body", "Connection: close") + post("/open", b"more"),),
    "HTTP/1.0": (post("/open", b"body").replace(b"HTTP/1.1", b"HTTP/1.0"),),
    "in chunks": (_CHUNKED + b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",),
    "in torn chunks": (_CHUNKED + b"2\r\nbo\r\n", b"2\r\ndy\r\n0\r\n\r\n"),
    "in a broken chunk": (_CHUNKED + b"2\r\nbo\r\nx\r\n",),
    "both lengths": (_BOTH_LENGTHS,),
    "asking first": (post("/open", b"body", "Expect: 100-continue"),),
    "upgrading": (post("/open", b"body", "Connection: upgrade", "Upgrade: websocket"),),
    "longer than it says": (post("/open", b"body and more", length=4),),
    "a broken length": (post("/open", b"body", "Content-Length: x"),),
    "another method": (_GET,),
    "another address": (post("/nowhere", b"body"),),
    "with a query": (post("/open?a=b", b"body"),),
    "too many fields": (post("/open", b"body", f"X-Long: {'x' * 70_000}"),),
}


@contextmanager
def _doors(wait: Callable[[Whole], bool] = lambda _: False) -> Iterator[tuple[Door, Shortcut]]:
    """Serve with a shortcut that does what the application does at /open; `wait` keeps answers back until the end."""
    shortcut = Shortcut(path=b"/open")
    with door(PLAIN, loop="uvloop", shortcut=shortcut) as made:

        async def take(request: Whole) -> Answered:
            made.bodies.append(request.body)
            if request.body == b"fail":
                raise LookupError(request.peer)
            if wait(request):
                await asyncio.to_thread(made.stop.wait, 20)
            size = LARGE if request.body == b"large" else 0
            return Answered(200, _TYPE, f"took {len(request.body)}".encode() + b"x" * size)

        shortcut.answer = take
        yield made, shortcut


def _said(port: int, sent: tuple[bytes, ...]) -> tuple[list[bytes], bool]:
    """Hold a conversation: what came back, its header fields in order of their names, and whether it was ended."""
    with connect(port, timeout=1.5) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in sent:
            peer.sendall(piece)
            time.sleep(0.03)
        back, ended = b"", False
        try:
            while piece := peer.recv(65536):
                back += piece
            ended = True
        except TimeoutError:
            pass
        except OSError:
            ended = True
    return sorted(re.split(rb"\r\n|(?=HTTP/1.1)", _DATE.sub(b"date", back))), ended


def test_both_ways_answer_alike() -> None:
    """Whatever is sent, the answers' bytes and the connection's end are the same by both ways, and so are the bodies."""
    with _doors() as (made, shortcut):
        by_shortcut, taken = _all_said(made.port), sorted(made.bodies)
        shortcut.answer = None
        made.bodies.clear()
        assert by_shortcut == _all_said(made.port)
        assert taken == sorted(made.bodies)


def _all_said(port: int) -> dict[str, tuple[list[bytes], bool]]:
    with ThreadPoolExecutor(len(CONVERSATIONS)) as pool:
        said = pool.map(lambda sent: _said(port, sent), CONVERSATIONS.values())
        return dict(zip(CONVERSATIONS, said, strict=True))


def test_the_shortcut_is_taken() -> None:
    """A whole message does not go through the application."""
    ways: list[bytes] = []
    with _doors() as (made, shortcut):
        taken = shortcut.answer
        assert taken is not None

        async def note(request: Whole) -> Answered:
            ways.append(request.body)
            return await taken(request)

        shortcut.answer = note
        _all_said(made.port)
    assert {b"", b"body", b"one", b"two!"} <= set(ways)
    assert len(ways) < len(made.bodies)


def test_a_failure_is_a_500_and_the_end() -> None:
    """What fails unforeseen is answered as uvicorn answers it, and the connection ends."""
    with _doors() as (made, _), connect(made.port) as peer:
        peer.sendall(post("/open", b"fail"))
        assert answer(peer) == b"HTTP/1.1 500 Internal Server Error\nInternal Server Error"
        assert is_cut_off(peer)


def test_a_stopping_server_waits_for_the_answer() -> None:
    """A server that stops still sends what it is at work on, and then ends the connection."""
    with _doors(wait=lambda _: True) as (made, _):
        peer = connect(made.port)
        peer.sendall(post("/open", b"body"))
        assert _until(lambda: made.bodies == [b"body"])
        threading.Timer(0.3, made.stop.set).start()
    with peer:
        assert answer(peer).endswith(b"took 4")
        assert is_cut_off(peer)


def test_who_leaves_before_the_answer_leaves_nothing_behind() -> None:
    """A peer that is gone gives its place back; the next one is answered."""
    with _doors(wait=lambda request: request.body == b"slow") as (made, _):
        with connect(made.port) as peer:
            peer.sendall(post("/open", b"slow"))
            assert _until(lambda: made.bodies == [b"slow"])
        assert made.waits_for(0)
        made.stop.set()
        with connect(made.port) as peer:
            peer.sendall(post("/open", b"body"))
            assert answer(peer).endswith(b"took 4")


@pytest.mark.parametrize("times", [1, 3])
def test_who_does_not_take_the_answer_is_cut_off(times: int) -> None:
    """An answer that nobody reads holds no place for ever, and those behind it wait."""
    with _doors() as (made, _), connect(made.port, timeout=4) as peer:
        peer.sendall(post("/open", b"large") * times)
        assert _until(lambda: made.bodies)
        assert made.waits_for(0)
        assert len(made.bodies) < 3


def _until(condition: Callable[[], object]) -> bool:
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())
