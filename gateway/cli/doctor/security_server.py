"""The doctor knocks at our security server and names the beginner's mistakes of TLS between the two of us."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from cryptography.hazmat.primitives import hashes

from gateway.cli.doctor.finding import Finding, bad, good, warning
from gateway.cli.doctor.metaservice import ALLOWED, first_provider, write_question
from gateway.cli.doctor.other_scheme import farewell, speaks_http, speaks_tls
from gateway.crypto.certificates import read_certificate
from gateway.foundation.errors import ContractError, SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.tls import UNSET, Pinned, is_loopback, outbound_tls
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, read_message
from gateway.xroad.fault_codes import normalise

_READ_AT_MOST = 256 * 1024
_PARTING_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What the address answered: status, headers that matter, the beginning of the body, and when."""

    status: int
    content_type: str
    location: str
    date: str
    content: bytes
    at: datetime


def check_security_server(settings: Settings) -> Iterator[Finding]:
    """Knock once; a finding of mark ✗ under a code that begins with `server_` means that nobody can be asked."""
    yield from _our_side(settings)
    try:
        tls = outbound_tls(settings)
    except SettingsError as error:
        yield bad("server_settings", reason=error)
        return
    try:
        knock = asyncio.run(_knock_and_part(settings, tls))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        yield asyncio.run(_why_not(settings, error))
        return
    yield _judge(settings, knock)
    yield _clock(settings, knock)


def _our_side(settings: Settings) -> Iterator[Finding]:
    server = settings.security_server
    url = urlsplit(server.url)
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        yield warning("server_plain_http", url=server.url)
    if server.client_certificate_file == UNSET:
        return
    try:
        certificate = read_certificate(settings.path(server.client_certificate_file))
    except SettingsError:
        return  # the file's own finding says why
    yield good(
        "our_certificate",
        sha256=certificate.fingerprint(hashes.SHA256()).hex(":"),
        sha1=certificate.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303 – to compare in the server's pages
    )


async def _knock_and_part(settings: Settings, tls: Pinned | None) -> Knock:
    """Knock, and let a connection that was refused say goodbye before the loop ends."""
    try:
        return await _knock(settings, tls)
    finally:
        await asyncio.sleep(_PARTING_SECONDS)


async def _knock(settings: Settings, tls: Pinned | None) -> Knock:
    """Post allowedMethods the way the client posts everything; raises what went wrong as it is."""
    server = settings.security_server
    question = write_question(settings, first_provider(settings), ALLOWED)
    timeout = aiohttp.ClientTimeout(
        total=server.exchange_deadline_seconds, connect=server.connect_timeout_seconds
    )
    connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(tls.digest) if tls else True)
    async with (
        aiohttp.ClientSession(connector=connector, trust_env=False, timeout=timeout) as session,
        session.post(
            server.url,
            data=io.BytesIO(question),
            headers={"Content-Type": CONTENT_TYPE, "SOAPAction": '""', "User-Agent": "kopuro"},
            allow_redirects=False,
            ssl=tls.context if tls else True,
        ) as reply,
    ):
        content = await reply.content.read(_READ_AT_MOST)
        return Knock(
            status=reply.status,
            content_type=reply.headers.get("Content-Type", ""),
            location=reply.headers.get("Location", ""),
            date=reply.headers.get("Date", ""),
            content=content,
            at=datetime.now(UTC),
        )


async def _why_not(settings: Settings, error: Exception) -> Finding:
    """Name the reason why there was no answer; a wrong scheme is found by trying the other one."""
    url = settings.security_server.url
    if isinstance(error, ValueError):
        return bad("server_address", url=url)
    parts = urlsplit(url)
    values = {"url": url, "host": parts.hostname or "", "port": parts.port or ""}
    if code := _code_of(error):
        return bad(code, **values)
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return bad("server_certificate_differs", pinned=error.expected.hex(":"), shown=error.got.hex(":"))
    if parts.scheme == "http" and await speaks_tls(parts.hostname or "", parts.port or 80):
        return bad("server_speaks_https", **values)
    if parts.scheme == "https" and await speaks_http(parts.hostname or "", parts.port or 443):
        return bad("server_speaks_http", **values)
    return await _broken_off(settings, error, **values)


def _code_of(error: Exception) -> str:
    """Name the errors that speak for themselves."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "server_unknown_host"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return "server_refused"
    return ""


async def _broken_off(settings: Settings, error: Exception, **values: object) -> Finding:
    if isinstance(error, TimeoutError):
        return bad("server_timeout", **values)
    if settings.security_server.url.startswith("https:"):
        return await _tls_failed(settings, error, **values)
    return bad("server_no_answer", **values, reason=type(error).__name__)


async def _tls_failed(settings: Settings, error: Exception, **values: object) -> Finding:
    """Tell a server that wants (another) certificate of ours, by the alert it sent, from other failures of TLS."""
    reason = getattr(error.__cause__, "reason", None) or await _parting(settings) or type(error).__name__
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return _wants_certificate(settings, **values)
    return bad("server_tls_failed", **values, reason=reason)


async def _parting(settings: Settings) -> str:
    """Come again without a request, to hear what a reset has swallowed."""
    parts, tls = urlsplit(settings.security_server.url), outbound_tls(settings)
    return await farewell(parts.hostname or "", parts.port or 443, tls.context) if tls else ""


def _wants_certificate(settings: Settings, **values: object) -> Finding:
    if settings.security_server.client_certificate_file == UNSET:
        return bad("server_wants_certificate", **values)
    return bad("server_knows_other_certificate", **values)


def _judge(settings: Settings, knock: Knock) -> Finding:
    """Say what the answer means for the way there; what it means for access rights is asked apart."""
    url = settings.security_server.url
    if 300 <= knock.status < 400:
        return bad("server_redirects", url=url, location=knock.location)
    if knock.status == 400 and url.startswith("http:") and _speaks_tls_too(url):
        return bad("server_speaks_https", url=url)
    if knock.status not in {200, 500}:
        return bad("server_http_status", url=url, status=knock.status)
    try:
        answer = read_message(knock.content, knock.content_type)
    except ContractError as error:
        return bad("server_no_soap", url=url, reason=error)
    if isinstance(answer, FaultMessage):
        return _judge_fault(settings, answer)
    return good("server_good", url=url)


def _speaks_tls_too(url: str) -> bool:
    parts = urlsplit(url)
    return asyncio.run(speaks_tls(parts.hostname or "", parts.port or 80))


def _judge_fault(settings: Settings, fault: FaultMessage) -> Finding:
    url = settings.security_server.url
    last = normalise(fault.code).split(".")[-1]
    if last == "ssl_authentication_failed" and url.startswith("http:"):
        return bad("server_demands_https", url=url)
    if last == "ssl_authentication_failed":
        return _wants_certificate(settings, url=url)
    if last == "invalid_http_method":
        return bad("server_got_no_post", url=url)
    return good("server_good", url=url)


def _clock(settings: Settings, knock: Knock) -> Finding:
    try:
        theirs = parsedate_to_datetime(knock.date)
    except ValueError:
        return warning("clock_unknown")
    seconds = round((knock.at - theirs).total_seconds())
    allowed = settings.signing.clock_skew_seconds
    if abs(seconds) > allowed:
        return bad("clock_wrong", seconds=seconds, allowed=allowed)
    return good("clock_good", seconds=seconds)
