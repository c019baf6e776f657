"""The security-server double's REST half: a call is passed on as it came, its answer gets the server's own headers.

Of two equal headers the last is looked at and both are passed on, as the real one does (X-Road #1177).
"""

import base64
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from yarl import URL

from gateway.foundation.errors import ContractError
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.rest.headers import (
    CLIENT,
    MESSAGE_ID,
    REQUEST_ID,
    SERVICE,
    read_call,
    write_service,
)

PREFIX = "/r1/"
REQUEST_HASH, ERROR = "X-Road-Request-Hash", "X-Road-Error"
_PROVIDER = "server.serverproxy"
_SEGMENTS = 6  # r1, four of the provider, the service code
_NOT_PASSED = frozenset(
    {
        "transfer-encoding", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "upgrade", "connection", "user-agent", "host", "content-length", "server", "expect", "date",
    }
)  # fmt: skip

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDoors:
    """Where a REST service lives (None: it is not known) and whether a client may call it."""

    address_of: Callable[[ServiceId], str | None] = lambda _: None
    may_call: Callable[[SubsystemId, ServiceId], bool] = lambda _client, _service: False


class _Refused(Exception):
    """The security server's own refusal, under its own code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def rest_error(code: str, text: str) -> JSONResponse:
    """Write a security server's own error; only such ones carry X-Road-Error."""
    status = 500 if code.startswith("server.") else 400
    return JSONResponse(
        {"type": code, "message": text, "detail": str(uuid4())}, status_code=status, headers={ERROR: code}
    )


async def carry(request: Request, doors: RestDoors, session: aiohttp.ClientSession) -> Response:
    """Pass a REST call on and its answer back, or refuse it as a security server does."""
    try:
        return await _carried(request, doors, session)
    except _Refused as refusal:
        return rest_error(refusal.code, str(refusal))


async def _carried(request: Request, doors: RestDoors, session: aiohttp.ClientSession) -> Response:
    headers = _passed(request)
    client, service = _who_asks_what(request, headers)
    address = doors.address_of(service)
    if address is None:
        raise _Refused(f"{_PROVIDER}.unknown_service", f"Unknown service: {service}")
    if not doors.may_call(client, service):
        raise _Refused(f"{_PROVIDER}.access_denied", f"Request is not allowed: {service}")
    body = await request.body()
    url = URL(address + _behind_the_service(request), encoded=True)
    given = await _forwarded(session, request.method, url, headers=headers, body=body)
    own = {
        **{name: _last(headers, name) for name in (CLIENT, MESSAGE_ID, REQUEST_ID)},
        SERVICE: write_service(service),
        REQUEST_HASH: _hash_of(request, headers, body),
    }
    given.headers.update(own)
    return given


async def _forwarded(
    session: aiohttp.ClientSession, method: str, url: URL, *, headers: Headers, body: bytes
) -> Response:
    """Send to the provider; what it answers, whatever its status, is taken as it is."""
    sent = io.BytesIO(body)
    try:
        async with session.request(method, url, data=sent, headers=headers, allow_redirects=False) as reply:
            content, status = await reply.read(), reply.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        code = f"{_PROVIDER}.service_failed.network_error"
        raise _Refused(code, "Connection to the service failed") from None
    passed = {name: value for name, value in reply.headers.items() if name.lower() not in _NOT_PASSED}
    return Response(content, status_code=status, headers=passed)


def _passed(request: Request) -> Headers:
    """Give the headers that are passed on: the client's, and an id and a request id where the server makes them."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    passed = [pair for pair in pairs if pair[0] not in {*_NOT_PASSED, REQUEST_ID.lower()}]
    if not _last(passed, MESSAGE_ID):
        passed.append((MESSAGE_ID, f"{_raw_path(request).split('/')[2]}-{uuid4()}"))
    return [*passed, (REQUEST_ID, str(uuid4()))]


def _last(headers: Headers, name: str) -> str:
    return next((value for given, value in reversed(headers) if given.lower() == name.lower()), "")


def _raw_path(request: Request) -> str:
    return bytes(request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")


def _who_asks_what(request: Request, headers: Headers) -> tuple[SubsystemId, ServiceId]:
    """Read the last client header and the six segments that name the service."""
    segments = _raw_path(request).strip("/").split("/")[:_SEGMENTS]
    said = [(name.encode(), _last(headers, name).encode("latin-1")) for name in (CLIENT, MESSAGE_ID)]
    try:
        call = read_call("/".join(segments).encode(), b"", said)
    except ContractError as error:
        raise _Refused("client.bad_request", str(error)) from None
    return call.header.client, call.header.service


def _behind_the_service(request: Request) -> str:
    rest = _raw_path(request).strip("/").split("/")[_SEGMENTS:]
    query = f"?{request.url.query}" if request.url.query else ""
    return "".join(f"/{segment}" for segment in rest) + query


def _hash_of(request: Request, headers: Headers, body: bytes) -> str:
    """Give base64(SHA-512(SHA-512(header part) ‖ SHA-512(body))), or the header part's own hash without a body."""
    query = f"?{request.url.query}" if request.url.query else ""
    lines = [
        f"{request.method} {_raw_path(request)}{query}",
        *(f"{name}:{value}" for name, value in headers),
    ]
    head = hashlib.sha512("".join(f"{line}\r\n" for line in lines).encode()).digest()
    whole = hashlib.sha512(head + hashlib.sha512(body).digest()).digest() if body else head
    return base64.b64encode(whole).decode()
