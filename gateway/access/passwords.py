"""Passwords: argon2id at a configured cost, checked in a thread, an unknown account as slowly as a known one."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.foundation.errors import InputRefused
from gateway.foundation.settings import Access

_LONGEST = 1024
_AT_ONCE = 2  # each guess costs tens of megabytes


class Passwords:
    """Hashes and checks; at most two at once, so that guesses cannot exhaust the memory."""

    def __init__(self, settings: Access) -> None:
        """Take the cost from the settings."""
        self._least = settings.password_least_length
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_rounds,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_lanes,
        )
        self._nobody = self._hasher.hash("an account that is not there")
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str, *, login: str) -> str:
        """Hash a new password; raises InputRefused where it is too short, too long or the login itself."""
        if not self._least <= len(password) <= _LONGEST:
            raise InputRefused((("password", "PASSWORD_LENGTH"),))
        if login in password.lower():
            raise InputRefused((("password", "PASSWORD_IS_LOGIN"),))
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Tell whether a password is the stored one; without a stored one the same work is done for nothing."""
        async with self._room:
            right = await asyncio.to_thread(self._verify, password[:_LONGEST], stored or self._nobody)
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Tell whether a stored hash was made at another cost."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
