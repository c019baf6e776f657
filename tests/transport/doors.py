"""The real listener in a thread of its own, on either event loop, before an application that remembers."""

import asyncio
import dataclasses
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.cli.serve import server_config
from gateway.foundation.doorkeeper import Bounds, Doorkeeper
from gateway.foundation.peer import SecurityServerOnly
from gateway.foundation.settings import Settings, load
from gateway.foundation.shortcut import NO_SHORTCUT, Shortcut, guarded
from gateway.foundation.sockets import listen, port_of
from gateway.foundation.tls import inbound_tls
from tests.transport.certificates import Pair

QUICK = Bounds(header_seconds=1.0, body_seconds=1.0, idle_seconds=1.0)
LARGE = 30_000_000


def with_server(**changes: object) -> Settings:
    """The shipped settings with other `server.*` keys."""
    settings = load(environment={})
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, **changes))


def with_tls(ours: Pair, security_server: Pair, **changes: object) -> Settings:
    """Settings that demand the security server's certificate."""
    return with_server(
        tls_certificate_file=ours.certificate_file,
        tls_key_file=ours.key_file,
        client_certificate_file=security_server.certificate_file,
        **changes,
    )


@dataclasses.dataclass(kw_only=True)
class Door:
    """Where it listens and what came through."""

    port: int
    local_port: int
    keeper: Doorkeeper
    bodies: list[bytes]
    stop: threading.Event
    stop_seconds: float = 0.0

    @property
    def connections(self) -> int:
        return self.keeper._count

    def waits_for(self, count: int, seconds: float = 5.0) -> bool:
        """Wait until exactly so many connections are held."""
        end = time.monotonic() + seconds
        while self.connections != count and time.monotonic() < end:
            time.sleep(0.01)
        return self.connections == count


@contextmanager
def door(
    settings: Settings, *, bounds: Bounds = QUICK, loop: str = "asyncio", shortcut: Shortcut = NO_SHORTCUT
) -> Iterator[Door]:
    """Serve: /xroad is the security server's, /open anybody's, /early answers unread, /busy waits, /large is large."""
    sockets = [listen("127.0.0.1", 0), listen("127.0.0.1", 0)]
    made = Door(
        port=port_of(sockets[0]),
        local_port=port_of(sockets[1]),
        keeper=Doorkeeper(bounds=bounds, tls=inbound_tls(settings), local_port=port_of(sockets[1])),
        bodies=[],
        stop=threading.Event(),
    )
    config = server_config(_app(made), settings)
    config.http, config.loop = guarded(made.keeper, shortcut), loop
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    try:
        yield made
    finally:
        made.stop.set()
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def _app(made: Door) -> Starlette:
    async def take(request: Request) -> Response:
        made.bodies.append(await request.body())
        return PlainTextResponse(f"took {len(made.bodies[-1])}")

    async def take_plainly(scope: Scope, receive: Receive, send: Send) -> None:
        await (await take(Request(scope, receive)))(scope, receive, send)

    async def early(_: Request) -> Response:
        return PlainTextResponse("early")

    async def busy(_: Request) -> Response:
        await asyncio.to_thread(made.stop.wait, 20)
        return PlainTextResponse("done")

    async def large(_: Request) -> Response:
        return PlainTextResponse("x" * LARGE)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(made.stop_seconds)

    tls = made.keeper.tls
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/xroad", SecurityServerOnly(take_plainly, tls.digest if tls else b"")),
            Route("/open", take, methods=["POST"]),
            Route("/early", early, methods=["POST"]),
            Route("/busy", busy, methods=["POST"]),
            Route("/large", large, methods=["POST"]),
        ],
    )


def post(path: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """Write a request; `length` claims another one than the body's."""
    size = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: gateway", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def connect(port: int, source: str = "127.0.0.1", timeout: float = 5.0) -> socket.socket:
    """Open a TCP connection from one of this machine's own addresses."""
    return socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))


def answer(connection: socket.socket) -> bytes:
    """Read one answer with a Content-Length; empty when the connection ended instead."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        head += byte
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return head.split(b"\r\n")[0] + b"\n" + body


def is_cut_off(connection: socket.socket) -> bool:
    """Tell whether the other side ended the connection without a word, within the socket's timeout."""
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
