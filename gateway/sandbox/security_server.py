"""A double of an X-Road security server: takes SOAP from one side, checks it, and passes the very bytes on.

It does what an information system can see of the real one (PR-MESS 4.0, X-Road 7.8): header checks, access by
service, consistency of the answer, requestHash written behind the message id, its own faults in X-Road's
spelling with HTTP 200. It signs and logs nothing: that is the real server's work.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import uuid4
from xml.parsers import expat
from xml.sax.saxutils import escape

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.foundation.errors import ContractError
from gateway.sandbox.rest import PREFIX, RestDoors, carry
from gateway.xroad.answers import HASH_ALGORITHM, request_hash
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, read_message
from gateway.xroad.header import Header
from gateway.xroad.mime import Side
from gateway.xroad.mime_types import charset_of
from gateway.xroad.namespaces import SOAP, XROAD

_LONGEST = 20 * 1024 * 1024
_CONSUMER, _PROVIDER = "server.clientproxy", "server.serverproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the security server says itself, in the place of a provider."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where a service lives (None: it is not known) and whether a client may call it.

    `tell` answers what is asked of the security server itself and `show` what it offers to a GET, or None.
    """

    address_of: Callable[[Header], str | None]
    may_call: Callable[[Header], bool]
    tell: Callable[[Message], Told | None] = field(default=lambda _: None)
    show: Callable[[Request], Response | None] = field(default=lambda _: None)
    rest: RestDoors = field(default_factory=RestDoors)


class SecurityServerFault(Exception):
    """The security server's own refusal, under its own code."""

    def __init__(self, code: str, text: str) -> None:
        """Keep the code in the 7.8 spelling."""
        super().__init__(text)
        self.code = code


class SecurityServer:
    """Both halves of the way between two information systems, in one process on loopback."""

    def __init__(self, doors: Doors, *, timeout_seconds: float = 60.0) -> None:
        """Take the routing; connections are opened with the first message."""
        self._doors = doors
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    def app(self) -> Starlette:
        """Give the ASGI application; a SOAP message's path is ignored, as a real security server does."""
        return Starlette(
            routes=[
                Route("/", self._serve, methods=["GET", "POST"]),
                Route("/{path:path}", self._serve, methods=["GET", "POST"]),
            ]
        )

    async def _serve(self, request: Request) -> Response:
        try:
            shown = self._doors.show(request) if request.method == "GET" else None
            if shown is not None:
                return shown
            if request.url.path.startswith(PREFIX):
                return await carry(request, self._doors.rest, self._pool())
            body, content_type = await self._exchange(request)
        except SecurityServerFault as fault:
            body, content_type = _write_fault(fault), "text/xml;charset=UTF-8"
        return Response(body, headers={"Content-Type": content_type, "SOAPAction": '""'})

    async def _exchange(self, request: Request) -> tuple[bytes, str]:
        if request.method != "POST":
            raise SecurityServerFault("client.invalid_http_method", "Must use POST request method")
        sent = await request.body()
        message = _read(sent, request.headers.get("content-type", ""), "client")
        if isinstance(message, FaultMessage):
            raise SecurityServerFault("client.invalid_soap", "A fault cannot be sent as a request")
        told = self._doors.tell(message)
        if told is not None:
            return self._returned(message, told.content, told.content_type), told.content_type
        address = self._doors.address_of(message.header)
        if address is None:
            raise SecurityServerFault(
                f"{_PROVIDER}.unknown_service", f"Unknown service: {message.header.service}"
            )
        if not self._doors.may_call(message.header):
            raise SecurityServerFault(
                f"{_PROVIDER}.access_denied", f"Request is not allowed: {message.header.service}"
            )
        reply, content_type = await self._forward(address, sent, request)
        return self._returned(message, reply, content_type), content_type

    async def _forward(self, address: str, sent: bytes, request: Request) -> tuple[bytes, str]:
        headers = {
            "Content-Type": request.headers.get("content-type", CONTENT_TYPE),
            "SOAPAction": request.headers.get("soapaction", '""'),
            "Accept-Encoding": "",
        }
        try:
            async with self._pool().post(
                address, data=io.BytesIO(sent), headers=headers, allow_redirects=False
            ) as reply:
                if reply.status not in {200, 500}:
                    raise SecurityServerFault(
                        f"{_PROVIDER}.service_failed.http_error",
                        f"Server responded with error {reply.status}",
                    )
                return await reply.read(), reply.headers.get("Content-Type", "")
        except TimeoutError:
            raise SecurityServerFault(f"{_PROVIDER}.service_failed.network_error", "Read timed out") from None
        except (aiohttp.ClientError, OSError):
            raise SecurityServerFault(
                f"{_PROVIDER}.service_failed.network_error", "Connection to the service failed"
            ) from None

    def _returned(self, message: Message, reply: bytes, content_type: str) -> bytes:
        """Check the answer as a security server does; a provider's own fault passes untouched.

        Hash and its place are the SOAP message's own; what is attached to it stays as it came.
        """
        answer = _read(reply, content_type, f"{_PROVIDER}.service_failed", side="response")
        if isinstance(answer, FaultMessage):
            return reply
        if answer.header.identity != message.header.identity:
            raise SecurityServerFault(
                f"{_CONSUMER}.service_failed.inconsistent_response",
                "Response header differs from the request's",
            )
        value, charset = request_hash(message.soap), charset_of(answer.soap_type)
        behind = answer.soap_at + len(answer.soap)
        soap = insert_request_hash(answer.soap, value, charset=charset)
        return reply[: answer.soap_at] + soap + reply[behind:]

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, timeout=self._timeout)
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _read(data: bytes, content_type: str, prefix: str, *, side: Side = "request") -> Message | FaultMessage:
    if len(data) > _LONGEST:
        raise SecurityServerFault(f"{prefix}.invalid_message", "Message is too large")
    try:
        return read_message(data, content_type, side=side)
    except ContractError as error:
        raise SecurityServerFault(f"{prefix}.{error.code}", str(error)) from None


def insert_request_hash(answer: bytes, value: str, *, charset: str | None = None) -> bytes:
    """Write requestHash right behind the message id under that element's prefix; an existing one is replaced.

    The answer must have passed read_message under that charset. Its bytes stay as they are but for this element.
    """
    places = _HeaderPlaces(answer, charset)
    tag = b":".join(part for part in (places.prefix, b"requestHash") if part)
    element = b'<%s algorithmId="%s">%s</%s>' % (tag, HASH_ALGORITHM.encode(), value.encode(), tag)
    edits = [
        (places.after_id, places.after_id, element),
        *((start, end, b"") for start, end in places.hashes),
    ]
    for start, end, written in sorted(edits, reverse=True):
        answer = answer[:start] + written + answer[end:]
    return answer


class _HeaderPlaces:
    """Where in a message's bytes the header's message id ends, and where a requestHash stands."""

    def __init__(self, message: bytes, charset: str | None) -> None:
        """Read the message once; only children of soap:Header count."""
        self.after_id = 0
        self.prefix = b""
        self.hashes: list[tuple[int, int]] = []
        self._message = message
        self._path: list[tuple[str, int]] = []
        self._parser = expat.ParserCreate(charset, namespace_separator=" ")
        self._parser.namespace_prefixes = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.Parse(message, True)  # noqa: FBT003 – expat takes it by place

    def _start(self, name: str, _: object) -> None:
        self._path.append((name, self._parser.CurrentByteIndex))

    def _end(self, name: str) -> None:
        _, start = self._path.pop()
        if [self._name(outer) for outer, _ in self._path] != [f"{SOAP} Envelope", f"{SOAP} Header"]:
            return
        _, local, *prefix = name.split(" ")
        end = self._after(":".join([*prefix, local]).encode())
        if self._name(name) == f"{XROAD} id":
            self.after_id, self.prefix = end, "".join(prefix).encode()
        elif self._name(name) == f"{XROAD} requestHash":
            self.hashes.append((start, end))

    def _after(self, tag: bytes) -> int:
        """Give the place behind the element that ends here; behind an empty one the parser stands already."""
        here = self._parser.CurrentByteIndex
        closes = self._message.startswith(b"</" + tag, here)
        return self._message.index(b">", here) + 1 if closes else here

    @staticmethod
    def _name(name: str) -> str:
        """Leave expat's third part, the prefix, out."""
        return " ".join(name.split(" ")[:2])


def _write_fault(fault: SecurityServerFault) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}"><SOAP-ENV:Body>'
        f"<SOAP-ENV:Fault><faultcode>{escape(fault.code)}</faultcode><faultstring>{escape(str(fault))}"
        f'</faultstring><faultactor></faultactor><detail><faultDetail xmlns="">{uuid4()}</faultDetail></detail>'
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()
