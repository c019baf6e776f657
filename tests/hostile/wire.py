"""Bytes to the server and bytes back: a raw connection that tidies nothing up."""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

Pieces = Callable[[], Iterable[bytes | float]]  # what is sent; a number is a pause in seconds
HOST = "127.0.0.1"
_LONGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a probe: every byte that came back, the answers in them, and whether the peer closed."""

    raw: bytes
    answers: tuple[Answer, ...]
    closed: bool
    seconds: float


async def exchange(port: int, pieces: Pieces, *, deadline: float) -> Outcome:
    """Send the pieces and read until the server closes, or until the deadline (then `closed` is False)."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(HOST, port)
    sending = asyncio.create_task(_send(writer, pieces))
    raw, closed = bytearray(), False
    try:
        async with asyncio.timeout(deadline):
            while len(raw) < _LONGEST_ANSWER:
                chunk = await reader.read(256 * 1024)
                if not chunk:
                    break
                raw += chunk
        closed = True
    except TimeoutError:
        pass
    except ConnectionError:
        closed = True  # reset: the server closed while we were still sending
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending
        writer.transport.abort()
    return Outcome(
        raw=bytes(raw), answers=read_answers(bytes(raw)), closed=closed, seconds=time.monotonic() - began
    )


async def _send(writer: asyncio.StreamWriter, pieces: Pieces) -> None:
    with suppress(ConnectionError):
        for piece in pieces():
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                writer.write(piece)
                await writer.drain()


def read_answers(raw: bytes) -> tuple[Answer, ...]:
    """Take answers apart by their Content-Length; an interim 100 is passed over."""
    answers: list[Answer] = []
    while raw.startswith(b"HTTP/1.") and b"\r\n\r\n" in raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            continue
        size = int(headers.get("content-length", len(raw)))
        answers.append(Answer(status=status, headers=headers, body=raw[:size]))
        raw = raw[size:]
    return tuple(answers)
