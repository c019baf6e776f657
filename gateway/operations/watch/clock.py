"""How far our clock is from others': the database's to the millisecond, the security server's to the second."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.clock import utc_now
from gateway.foundation.settings import Settings
from gateway.foundation.tls import outbound_tls

_NOW = text("select clock_timestamp()")
_LONGEST_SECONDS = 5.0
_HALF_SECOND = timedelta(seconds=0.5)  # a Date header is cut off to the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """Our clock minus another's, in seconds, and since when we know."""

    against: str
    seconds: float
    seen_at: datetime


async def skew_of_database(session: AsyncSession) -> Skew:
    """Compare with the database's clock; half of the way there and back is taken off."""
    began = time.monotonic()
    theirs: datetime = (await session.execute(_NOW)).scalar_one()
    now, way = utc_now(), timedelta(seconds=(time.monotonic() - began) / 2)
    return Skew(against="database", seconds=(now - way - theirs).total_seconds(), seen_at=now)


async def skew_of_security_server(settings: Settings) -> Skew | None:
    """Compare with the Date of the security server's answer to `listClients`; None where it tells none."""
    tls, url = outbound_tls(settings), settings.security_server.url
    connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(tls.digest) if tls else True)
    timeout = aiohttp.ClientTimeout(total=_LONGEST_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False, timeout=timeout) as session,
            session.get(
                f"{url.rstrip('/')}/listClients", allow_redirects=False, ssl=tls.context if tls else True
            ) as reply,
        ):
            theirs = parsedate_to_datetime(reply.headers.get("Date", ""))
    except (aiohttp.ClientError, OSError, ValueError):
        return None
    now = utc_now()
    seconds = (now - theirs - _HALF_SECOND).total_seconds()
    return Skew(against="security_server", seconds=seconds, seen_at=now)
