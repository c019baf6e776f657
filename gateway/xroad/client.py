"""One call to our own security server: one attempt, bounded in time and size, nothing followed."""

import asyncio
import io
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from yarl import URL

from gateway.foundation.errors import AgencyUnavailable, ContractError
from gateway.foundation.tls import Pinned
from gateway.xroad.envelope import CONTENT_TYPE

CERTIFICATE_DIFFERS = "certificate_differs"
_HTTP_OK, _HTTP_FAULT = 200, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """What came back: the bytes, their Content-Type, the HTTP status; from REST a server's own error and the id."""

    content: bytes
    content_type: str
    status: int = _HTTP_OK
    error: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long connecting may take, how many bytes a reply and a request may have."""

    connect: timedelta = timedelta(seconds=5)
    bytes: int = 10 * 1024 * 1024
    request_bytes: int = 10 * 1024 * 1024


class Client:
    """A connection pool to one security server; no redirects, no proxy from the environment, no cookies."""

    def __init__(self, url: str, limits: Limits, *, tls: Pinned | None = None) -> None:
        """Remember the address; the pool opens with the first call, inside the running loop.

        With https:// `tls` says which certificate the server must show; without it any trusted host's will do.
        """
        self.url = url
        self._limits = limits
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self, content: bytes, *, deadline: timedelta, content_type: str = CONTENT_TYPE
    ) -> RawReply:
        """Send one message and read the whole reply, both within the deadline.

        Raises AgencyUnavailable, or ContractError(too_large): asking for the same megabytes again is no help.
        """
        if len(content) > self._limits.request_bytes:
            raise _too_large_to_log(len(content), self._limits.request_bytes)
        return await self._within(deadline, self._post(content, content_type))

    async def get(self, path: str, *, deadline: timedelta, headers: Mapping[str, str]) -> RawReply:
        """Fetch what the server itself offers under a percent-encoded path, whatever its status.

        Raises AgencyUnavailable, or ContractError(too_large).
        """
        return await self._within(deadline, self._get(path, headers))

    @staticmethod
    async def _within(deadline: timedelta, work: Coroutine[Any, Any, RawReply]) -> RawReply:
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                return await work
        except TimeoutError:
            raise AgencyUnavailable("no answer within the deadline", code="timeout") from None
        except aiohttp.ServerFingerprintMismatch:
            raise AgencyUnavailable(
                "the security server showed another certificate than the pinned one", code=CERTIFICATE_DIFFERS
            ) from None
        except (aiohttp.ClientError, OSError):
            raise AgencyUnavailable("the security server cannot be reached", code="network_error") from None

    async def _post(self, content: bytes, content_type: str) -> RawReply:
        headers = {"Content-Type": content_type, "SOAPAction": '""', "User-Agent": "kopuro"}
        async with self._pool().post(
            self.url,
            data=io.BytesIO(content),
            headers=headers,
            allow_redirects=False,
            ssl=self._tls.context if self._tls else True,
        ) as reply:
            if reply.status not in {_HTTP_OK, _HTTP_FAULT}:
                raise AgencyUnavailable(
                    f"the security server answered HTTP {reply.status}", code="http_error"
                )
            return await self._receive(reply)

    async def _get(self, path: str, headers: Mapping[str, str]) -> RawReply:
        async with self._pool().get(
            URL(f"{self.url.rstrip('/')}/{path}", encoded=True),
            headers={"User-Agent": "kopuro", "Accept-Encoding": "identity", **headers},
            allow_redirects=False,
            ssl=self._tls.context if self._tls else True,
        ) as reply:
            return await self._receive(reply)

    async def _receive(self, reply: aiohttp.ClientResponse) -> RawReply:
        received = bytearray()
        async for chunk in reply.content.iter_any():
            received += chunk
            if len(received) > self._limits.bytes:
                raise _too_large(self._limits.bytes)
        return RawReply(
            content=bytes(received),
            content_type=reply.headers.get("Content-Type", ""),
            status=reply.status,
            error=reply.headers.get("X-Road-Error", ""),
            message_id=reply.headers.get("X-Road-Id", ""),
        )

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # the context rides with each request, so that the pool's place is free for the fingerprint
            pinned = aiohttp.Fingerprint(self._tls.digest) if self._tls else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=pinned),
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(connect=self._limits.connect.total_seconds()),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _too_large_to_log(size: int, limit: int) -> ContractError:
    return ContractError(
        f"the request has {size} bytes, and the security server logs messages of at most {limit} "
        "(max-loggable-message-body-size)",
        code="too_large",
        where="body",
        hint="send less in one message, or raise the security server's max-loggable-message-body-size and then "
        "our security_server.loggable_limit_bytes",
    )


def _too_large(limit: int) -> ContractError:
    return ContractError(
        f"the reply is larger than {limit} bytes",
        code="too_large",
        where="body",
        hint="raise security_server.answer_limit_bytes if such answers are expected",
    )
