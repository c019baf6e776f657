"""A load driver: so many connections kept busy, every answer checked for HTTP 200 and, on request, kept."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.xroad.envelope import CONTENT_TYPE

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What a round gave: the first answer, and how long the whole round took on the wall."""

    first_answer: bytes
    wall_seconds: float


def drive(port: int, bodies: Sequence[bytes], *, connections: int) -> Driven:
    """Post every body once over keep-alive connections; raises RuntimeError for any status but 200."""
    return asyncio.run(_drive(port, bodies, connections))


async def _drive(port: int, bodies: Sequence[bytes], connections: int) -> Driven:
    waiting, started = iter(bodies), time.monotonic()
    answers = await asyncio.gather(*(_connection(port, waiting) for _ in range(connections)))
    first = next(answer for answer in answers if answer)
    return Driven(first_answer=first, wall_seconds=time.monotonic() - started)


async def _connection(port: int, waiting: Iterator[bytes]) -> bytes:
    """Take bodies until none is left; gives the first answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    first = b""
    for number, body in zip(itertools.count(), waiting, strict=False):
        writer.write(_head(len(body)) + body)
        answer = await _read_answer(reader)
        first = answer if number == 0 else first
    writer.close()
    await writer.wait_closed()
    return first


def _head(length: int) -> bytes:
    return (
        f"POST /xroad HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {CONTENT_TYPE}\r\n"
        f'SOAPAction: "getLearnerStatus"\r\nContent-Length: {length}\r\n\r\n'
    ).encode()


async def _read_answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(f"an exchange failed: {head[:40]!r} {body[:400]!r}")
    return body
