"""A double of an X-Road security server: takes SOAP from one side, checks it, and passes the very bytes on.

It does what an information system can see of the real one (PR-MESS 4.0, X-Road 7.8): header checks, access by
service, consistency of the answer, requestHash written behind the message id, its own faults in X-Road's
spelling with HTTP 200. It signs and logs nothing: that is the real server's work.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4
from xml.sax.saxutils import escape

import aiohttp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.foundation.errors import ContractError
from gateway.xroad.answers import HASH_ALGORITHM, request_hash
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, read_message
from gateway.xroad.header import Header
from gateway.xroad.namespaces import SOAP

_MESSAGE_ID_END = re.compile(rb"</(?:([A-Za-z_][\w.\-]*):)?id\s*>")
_OLD_HASH = re.compile(
    rb"<(?:[A-Za-z_][\w.\-]*:)?requestHash[^>]*>.*?</(?:[A-Za-z_][\w.\-]*:)?requestHash\s*>", re.DOTALL
)
_LONGEST = 20 * 1024 * 1024
_CONSUMER, _PROVIDER = "server.clientproxy", "server.serverproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Where a service lives (None: it is not known) and whether a client may call it."""

    address_of: Callable[[Header], str | None]
    may_call: Callable[[Header], bool]


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
        """Give the ASGI application; the path is ignored, as a real security server does."""
        return Starlette(
            routes=[
                Route("/", self._serve, methods=["GET", "POST"]),
                Route("/{path:path}", self._serve, methods=["GET", "POST"]),
            ]
        )

    async def _serve(self, request: Request) -> Response:
        try:
            body = await self._exchange(request)
        except SecurityServerFault as fault:
            body = _write_fault(fault)
        return Response(body, media_type="text/xml", headers={"SOAPAction": '""'})

    async def _exchange(self, request: Request) -> bytes:
        if request.method != "POST":
            raise SecurityServerFault("client.invalid_http_method", "Must use POST request method")
        sent = await request.body()
        message = _read(sent, request.headers.get("content-type", ""), "client")
        if isinstance(message, FaultMessage):
            raise SecurityServerFault("client.invalid_soap", "A fault cannot be sent as a request")
        address = self._doors.address_of(message.header)
        if address is None:
            raise SecurityServerFault(
                f"{_PROVIDER}.unknown_service", f"Unknown service: {message.header.service}"
            )
        if not self._doors.may_call(message.header):
            raise SecurityServerFault(
                f"{_PROVIDER}.access_denied", f"Request is not allowed: {message.header.service}"
            )
        return self._returned(message, sent, *await self._forward(address, sent, request))

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

    def _returned(self, message: Message, sent: bytes, reply: bytes, content_type: str) -> bytes:
        """Check the answer as a security server does; a provider's own fault passes untouched."""
        answer = _read(reply, content_type, f"{_PROVIDER}.service_failed")
        if isinstance(answer, FaultMessage):
            return reply
        if answer.header.identity != message.header.identity:
            raise SecurityServerFault(
                f"{_CONSUMER}.service_failed.inconsistent_response",
                "Response header differs from the request's",
            )
        return insert_request_hash(reply, request_hash(sent))

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, timeout=self._timeout)
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _read(data: bytes, content_type: str, prefix: str) -> Message | FaultMessage:
    if len(data) > _LONGEST:
        raise SecurityServerFault(f"{prefix}.invalid_message", "Message is too large")
    try:
        return read_message(data, content_type)
    except ContractError as error:
        raise SecurityServerFault(f"{prefix}.{error.code}", str(error)) from None


def insert_request_hash(answer: bytes, value: str) -> bytes:
    """Write requestHash right behind the message id under that element's prefix; bytes, not a tree."""
    answer = _OLD_HASH.sub(b"", answer)
    found = _MESSAGE_ID_END.search(answer)
    if found is None:
        return answer
    prefix = found[1] + b":" if found[1] else b""
    element = b'<%srequestHash algorithmId="%s">%s</%srequestHash>' % (
        prefix,
        HASH_ALGORITHM.encode(),
        value.encode(),
        prefix,
    )
    return answer[: found.end()] + element + answer[found.end() :]


def _write_fault(fault: SecurityServerFault) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}"><SOAP-ENV:Body>'
        f"<SOAP-ENV:Fault><faultcode>{escape(fault.code)}</faultcode><faultstring>{escape(str(fault))}"
        f'</faultstring><faultactor></faultactor><detail><faultDetail xmlns="">{uuid4()}</faultDetail></detail>'
        "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode()
