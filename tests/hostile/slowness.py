"""Slow and endless senders: bytes with pauses between, and the probes made of them."""

from collections.abc import Iterator

from tests.hostile.probe import TEXT_XML, Probe, message, once, verdict_of, whole
from tests.hostile.wire import Pieces


def endless(data: bytes, pause: float) -> Pieces:
    """Repeat bytes for ever, with a pause between."""

    def pieces() -> Iterator[bytes | float]:
        while True:
            yield data
            yield pause

    return pieces


def one_by_one(data: bytes, pause: float) -> Pieces:
    """Send one byte at a time."""

    def pieces() -> Iterator[bytes | float]:
        for byte in data:
            yield bytes([byte])
            yield pause

    return pieces


def then(first: bytes, rest: Pieces) -> Pieces:
    """Send something at once and go on otherwise."""

    def pieces() -> Iterator[bytes | float]:
        yield first
        yield from rest()

    return pieces


def slowness() -> Iterator[Probe]:
    """Whoever is slow, endless or silent is cut off within the deadlines."""
    head = f"POST /xroad HTTP/1.1\r\nHost: gateway\r\nContent-Type: {TEXT_XML}\r\n".encode()
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    size = len(message().encode())
    sized = head + b"Content-Length: %d\r\n\r\n" % size
    for name, pieces, verdict in (
        ("an endless body", then(chunked, endless(b"400\r\n" + b"x" * 1024 + b"\r\n", 0.02)), "fault"),
        ("an endless fast body", then(chunked, endless(b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0.001)), "refused"),
        ("an endless body by PUT", then(chunked.replace(b"POST", b"PUT"), endless(b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0.001)), "refused"),
        ("an endless body to the contracts", then(chunked.replace(b"POST /xroad", b"POST /wsdl/kopuro.wsdl"), endless(b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0.001)), "refused"),
        ("a body byte by byte", then(sized, one_by_one(message().encode(), 0.1)), "fault"),
        ("a body that never begins", once(sized), "fault"),
        ("a body that stops", once(sized + message().encode()[:300]), "fault"),
        ("a chunk size that never ends", then(chunked, endless(b"0", 0.05)), "refused"),
        ("an extension that never ends", then(chunked + b"5;", endless(b"x" * 100, 0.05)), "refused"),
        ("trailers that never end", then(chunked + b"1\r\n<\r\n0\r\n", endless(b"X: y\r\n", 0.05)), "refused"),
        ("a header byte by byte", one_by_one(sized, 0.1), "refused"),
        ("headers that never end", then(head, endless(b"X-Y: z\r\n", 0.05)), "refused"),
        ("headers that never end, fast", then(head, endless(b"X-Y: z\r\n" * 1000, 0.0)), "refused"),
        ("a header that stops", once(head), "refused"),
        ("a request line that never ends", then(b"POST /", endless(b"x" * 100, 0.05)), "refused"),
        ("line ends for ever", endless(b"\r\n", 0.05), "refused"),
        ("silence", endless(b"", 0.5), "refused"),
        ("silence behind an answer", then(whole().replace(b"Connection: close\r\n", b""), endless(b"", 0.5)), "legal"),
        ("an endless body behind an answer", then(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n", endless(b"1\r\nx\r\n", 0.05)), "either"),
    ):  # fmt: skip
        yield Probe(name=name, pieces=pieces, verdict=verdict_of(verdict), deadline=20.0)
