"""One HTTP connection under a doorkeeper: TLS begun by us, a clock on every stage, the peer's certificate told.

uvicorn alone bounds neither handshake nor header nor a reader that does not read, does not count a connection
before its handshake, says nothing when one fails, and hides the peer's certificate. A subclass of its httptools
protocol is the one place where all of that is in reach; ASGI middleware would come too late for most of it.
"""

import asyncio
import os
import socket
import ssl
import time
from typing import Any, ClassVar, cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_local_addr, get_remote_addr

from gateway.foundation.doorkeeper import Doorkeeper

_log = structlog.stdlib.get_logger(__name__)
_ANSWER = "taking the answer"
_LONGEST_HEADER = 64 * 1024
_HEAD = b"HTTP/1."
_AROUND_A_FIELD = len(": \r\n")
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 24\r\nretry-after: 1\r\nconnection: close\r\n\r\nToo many connections now"
)


class _HeadTooLongError(Exception):
    """The target and the fields of a request are more than we read."""


class _OneWrite:
    """A transport that sends an answer's head together with what is written right behind it: uvicorn writes twice."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._head = transport, loop, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep a head back until the body comes, at most until the loop's next turn."""
        if self._head:
            data, self._head = self._head + data, b""
            self._transport.write(data)
        elif data.startswith(_HEAD):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def write_whole(self, answer: bytes) -> None:
        """Write an answer that is whole."""
        self._flush()
        self._transport.write(answer)

    def close(self) -> None:
        """Send what is kept back, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a doorkeeper."""

    doorkeeper: ClassVar[Doorkeeper]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin as a stranger."""
        super().__init__(*args, **kwargs)
        self.address, self.has_asked, self.waits_since = "", False, time.monotonic()
        self._in_header, self._header_bytes, self._field_bytes = False, 0, 0
        self._is_given_up = False
        self._clock: asyncio.TimerHandle | None = None
        self._write_clock: asyncio.TimerHandle | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._certificate: dict[object, object] | None = None

    @property
    def is_waiting(self) -> bool:
        """Tell whether no request is in progress."""
        return self.cycle is None or self.cycle.response_complete

    def evict(self) -> None:
        """Close the connection now, or break its handshake off."""
        if self._handshake is not None:
            self._handshake.cancel()
        else:
            self.transport.abort()

    def shutdown(self) -> None:
        """Stop as the server does; a handshake is not waited for."""
        if self._handshake is not None:
            self._handshake.cancel()
        else:
            super().shutdown()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask the doorkeeper, and begin with TLS where it is spoken; called once more when TLS stands."""
        if self._handshake is not None:
            self._handshake, self._certificate = None, _tls_extension(transport)
            self._begin(transport)
            return
        self.transport = transport
        self.address = (get_remote_addr(transport) or ("", 0))[0]
        speaks_tls = self.doorkeeper.tls is not None and not self._is_local_door(transport)
        if not self.doorkeeper.admit(self):
            _turn_away(transport, politely=not speaks_tls)
            return
        self._set_clock(self.doorkeeper.bounds.header_seconds, "header")
        if speaks_tls:
            self._begin_tls(transport)
        else:
            self._begin(transport)

    def _begin(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _OneWrite(transport, self.loop))

    def _is_local_door(self, transport: asyncio.Transport) -> bool:
        return (get_local_addr(transport) or ("", 0))[1] == self.doorkeeper.local_port

    def _begin_tls(self, plain: asyncio.Transport) -> None:
        """Take the socket out of the plain transport before that reads a byte, and shake hands on it.

        loop.start_tls would do if uvloop did not begin to read the moment connection_made returns.
        """
        own = socket.socket(fileno=os.dup(plain.get_extra_info("socket").fileno()))
        plain.set_protocol(asyncio.Protocol())
        plain.abort()
        self.connections.add(self)  # so that a stopping server ends it too
        self._handshake = self.loop.create_task(self._shake_hands(own))
        self._handshake.add_done_callback(self._after_handshake)

    async def _shake_hands(self, own: socket.socket) -> None:
        """Shake hands; who fails is named once in the log, before a byte of a request was read."""
        assert self.doorkeeper.tls is not None
        try:
            await self.loop.connect_accepted_socket(
                lambda: self,
                own,
                ssl=self.doorkeeper.tls.context,
                ssl_handshake_timeout=2 * self.doorkeeper.bounds.header_seconds,  # our own clock is first
            )
        except OSError as error:
            _log.warning("tls_refused", address=self.address, reason=_reason(error))

    def _after_handshake(self, _: "asyncio.Task[None]") -> None:
        if self._handshake is not None:
            self._end()

    def _end(self) -> None:
        self._stop_clock()
        self._ready_to_write()
        self.connections.discard(self)
        self.doorkeeper.leave(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; bytes that begin no request keep nobody's place longer than a header may.

        Whole fields are counted as the parser finds them, so that a header within one read has the same bound;
        the parser says nothing of a field that never ends, so reads are counted too.
        """
        was_in_header = self._in_header
        super().data_received(data)
        self._header_bytes += len(data) if was_in_header else 0
        if self.transport.is_closing():
            return
        if self._in_header and self._header_bytes > _LONGEST_HEADER:
            self._give_up("header, too large")
        elif self._clock is None and self.is_waiting:
            self._set_clock(self.doorkeeper.bounds.header_seconds, "header")

    def on_message_begin(self) -> None:
        """Begin a request; its scope says by which certificate the peer is known, whatever its headers claim."""
        super().on_message_begin()
        self._in_header, self._header_bytes, self._field_bytes = True, 0, 0
        if self._certificate is not None:
            self.scope["extensions"] = {"tls": self._certificate}

    def on_url(self, url: bytes) -> None:
        """Count the target, then keep it."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field, or a trailer behind the body, then keep it."""
        self._count(len(name) + len(value) + _AROUND_A_FIELD)
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        """End the parsing of a request whose head is too long: uvicorn answers 400 to what cannot be parsed."""
        self._field_bytes += size
        if self._field_bytes > _LONGEST_HEADER:
            raise _HeadTooLongError

    def on_headers_complete(self) -> None:
        """Go on to the body and its clock."""
        self.has_asked, self._in_header = True, False
        self._set_clock(self.doorkeeper.bounds.body_seconds, "body")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop the clock: from here on it is we who are awaited."""
        self._stop_clock()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, or, on a connection that ends, for the peer to take the answer."""
        self.waits_since = time.monotonic()
        super().on_response_complete()
        if self.transport.is_closing():
            self._stop_clock()
            self._clock = self.loop.call_later(self.doorkeeper.bounds.idle_seconds, self._give_up, _ANSWER)

    def pause_writing(self) -> None:
        """Start the clock of a peer that does not read its answer."""
        super().pause_writing()
        self._write_clock = self.loop.call_later(self.doorkeeper.bounds.idle_seconds, self._give_up, _ANSWER)

    def resume_writing(self) -> None:
        """Stop that clock."""
        self._ready_to_write()
        super().resume_writing()

    def _ready_to_write(self) -> None:
        if self._write_clock is not None:
            self._write_clock.cancel()
            self._write_clock = None

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, by force when the peer left its last answer unread."""
        if self.transport.get_write_buffer_size():
            self._give_up(_ANSWER)
        else:
            super().timeout_keep_alive_handler()

    def _set_clock(self, seconds: float, stage: str) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(seconds, self._expire, stage)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _expire(self, stage: str) -> None:
        if (
            self.flow is not None and self.flow.read_paused
        ):  # it is we who do not read: a pipelining peer is not slow
            self._set_clock(self.doorkeeper.bounds.header_seconds, stage)
        else:
            self._give_up(stage)

    def _give_up(self, stage: str) -> None:
        if self._is_given_up:
            return
        self._is_given_up = True
        _log.info("connection_given_up", address=self.address, state=stage)
        self.evict()


def _turn_away(transport: asyncio.Transport, *, politely: bool) -> None:
    if politely:
        transport.write(_FULL)
        transport.close()
    else:
        transport.abort()


def _tls_extension(transport: asyncio.BaseTransport) -> dict[object, object]:
    """Describe the peer in the words of ASGI's TLS extension."""
    found: ssl.SSLObject = transport.get_extra_info("ssl_object")
    der = found.getpeercert(binary_form=True)
    return {"client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)] if der else [], "client_cert_error": None}


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason if isinstance(error, ssl.SSLError) else None) or type(error).__name__
