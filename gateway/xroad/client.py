"""One call to our own security server: one attempt, bounded in time and size, nothing followed."""

import asyncio
import io
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from gateway.foundation.errors import AgencyUnavailable, ContractError
from gateway.xroad.envelope import CONTENT_TYPE

_HTTP_OK, _HTTP_FAULT = 200, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """What came back: the bytes and their Content-Type."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much a reply may be."""

    connect: timedelta = timedelta(seconds=5)
    bytes: int = 10 * 1024 * 1024


class Client:
    """A connection pool to one security server; no redirects, no proxy from the environment, no cookies."""

    def __init__(self, url: str, limits: Limits) -> None:
        """Remember the address; the pool opens with the first call, inside the running loop."""
        self.url = url
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def post(self, content: bytes, *, deadline: timedelta) -> RawReply:
        """Send one message and read the whole reply, both within the deadline.

        Raises AgencyUnavailable, or ContractError(too_large): asking for the same megabytes again is no help.
        """
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                return await self._post(content)
        except TimeoutError:
            raise AgencyUnavailable("no answer within the deadline", code="timeout") from None
        except (aiohttp.ClientError, OSError):
            raise AgencyUnavailable("the security server cannot be reached", code="network_error") from None

    async def _post(self, content: bytes) -> RawReply:
        headers = {"Content-Type": CONTENT_TYPE, "SOAPAction": '""', "User-Agent": "kopuro"}
        async with self._pool().post(
            self.url, data=io.BytesIO(content), headers=headers, allow_redirects=False
        ) as reply:
            if reply.status not in {_HTTP_OK, _HTTP_FAULT}:
                raise AgencyUnavailable(
                    f"the security server answered HTTP {reply.status}", code="http_error"
                )
            received = bytearray()
            async for chunk in reply.content.iter_any():
                received += chunk
                if len(received) > self._limits.bytes:
                    raise _too_large(self._limits.bytes)
            return RawReply(content=bytes(received), content_type=reply.headers.get("Content-Type", ""))

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
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


def _too_large(limit: int) -> ContractError:
    return ContractError(
        f"the reply is larger than {limit} bytes",
        code="too_large",
        where="body",
        hint="raise security_server.answer_limit_bytes if such answers are expected",
    )
