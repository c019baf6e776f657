"""A shortcut for the busiest address: a POST that came whole in one read goes straight to who answers it.

ASGI would hand it over in messages, under a task's own clock for a body that is here already. Whatever is longer,
slower or otherwise than that (chunks still to come, `Expect`, an upgrade, a request behind one that is not
answered yet) goes uvicorn's way, and everything the doorkeeper guards is guarded before the ways part.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gateway.foundation.doorkeeper import Doorkeeper
from gateway.foundation.doorway import GuardedProtocol

Headers = list[tuple[bytes, bytes]]


class Whole(NamedTuple):
    """A request with its body; the names of the headers are in lower case, `peer` is an address."""

    headers: Headers
    body: bytes
    peer: str


class Answered(NamedTuple):
    """What is sent back; `ends` closes the connection behind it."""

    status: int
    content_type: str
    body: bytes
    ends: bool = False


@dataclass(slots=True, kw_only=True)
class Shortcut:
    """An address, and who answers what is posted there; closed until somebody does."""

    path: bytes
    answer: Callable[[Whole], Awaitable[Answered]] | None = None


NO_SHORTCUT = Shortcut(path=b"")
_BROKEN = Answered(500, "text/plain; charset=utf-8", b"Internal Server Error", ends=True)


class _Unawaited:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Tell nobody."""


class _Short:
    """A request on the shortcut, with what uvicorn's protocol looks for in the one it calls its cycle."""

    __slots__ = ("disconnected", "headers", "keep_alive", "pieces", "response_complete")
    message_event = _Unawaited()

    def __init__(self, headers: Headers, *, keep_alive: bool) -> None:
        self.headers, self.keep_alive = headers, keep_alive
        self.pieces: list[bytes] = []
        self.response_complete = self.disconnected = False


class ShortcutProtocol(GuardedProtocol):
    """The guarded protocol with a shortcut; made by `guarded`."""

    shortcut: ClassVar[Shortcut]
    _short: _Short | None = None  # while its body is being parsed

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a body that did not end with this read goes on the long way."""
        super().data_received(data)
        if self._short is not None:
            short, self._short = self._short, None
            super().on_headers_complete()
            for piece in short.pieces:
                super().on_body(piece)

    def on_headers_complete(self) -> None:
        """Part the ways."""
        if not self._is_short():
            super().on_headers_complete()
            return
        self.has_asked, self._in_header = True, False
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self._short = _Short(self.headers, keep_alive=keep_alive)

    def _is_short(self) -> bool:
        return (
            self.url == self.shortcut.path
            and self.shortcut.answer is not None
            and self.parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
        )

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._short is None:
            super().on_body(body)
        else:
            self._short.pieces.append(body)

    def on_message_complete(self) -> None:
        """Begin to answer; like every answer it is awaited when the server stops."""
        short, self._short = self._short, None
        if short is None:
            super().on_message_complete()
            return
        self._stop_clock()
        self.cycle = cast("RequestResponseCycle", short)
        task = self.loop.create_task(self._answer(short))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, short: _Short) -> None:
        """Answer; whatever keeps the answer from being made is uvicorn's 500 here too."""
        assert self.shortcut.answer is not None
        answered = _BROKEN
        try:
            answered = await self.shortcut.answer(self._whole(short))
            if self.flow.write_paused and not short.disconnected:
                await self.flow.drain()
        finally:
            self._send(short, answered)

    def _whole(self, short: _Short) -> Whole:
        """Join the request; an idle connection must not hold it."""
        body, short.pieces = b"".join(short.pieces), []
        return Whole(short.headers, body, self.address)

    def _send(self, short: _Short, answered: Answered) -> None:
        short.response_complete = True
        if short.disconnected or self.transport.is_closing():
            return
        ends = answered.ends or not short.keep_alive
        self.transport.write_whole(self._written(answered, ends=ends))  # type: ignore[attr-defined]
        if ends:
            self.transport.close()
        self.on_response_complete()

    def _written(self, answered: Answered, *, ends: bool) -> bytes:
        always = b"".join([b"%b: %b\r\n" % field for field in self.server_state.default_headers])
        return b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (
            STATUS_LINE[answered.status],
            always,
            answered.content_type.encode(),
            len(answered.body),
            b"connection: close\r\n" if ends else b"",
            answered.body,
        )


def guarded(keeper: Doorkeeper, shortcut: Shortcut) -> type[ShortcutProtocol]:
    """Make the protocol class of one listener; give it to uvicorn's Config as `http`."""
    return type("ShortcutProtocol", (ShortcutProtocol,), {"doorkeeper": keeper, "shortcut": shortcut})
