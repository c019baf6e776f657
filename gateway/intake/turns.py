"""Whoever writes about the same person takes turns: locks on identifiers until the transaction ends."""

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LOCK = text("select pg_advisory_xact_lock(k) from unnest(cast(:keys as bigint[])) k")


async def wait_for_others(session: AsyncSession, keys: Iterable[str]) -> None:
    """Lock keys, those of `matching.blocking.identifier_keys` among them, always in the same order."""
    numbers = sorted(
        int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True) for key in keys
    )
    await session.execute(_LOCK, {"keys": numbers})
