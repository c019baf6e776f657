"""The doctor, called from a page: in a process of its own, so that no check can hold up an exchange."""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.foundation.clock import utc_now
from gateway.foundation.logging import get_logger

LONGEST_SECONDS = 90.0
_ORDER = {"bad": 0, "warning": 1, "good": 2}
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: good, warning or bad, in words, with the cure."""

    code: str
    mark: str
    sentence: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What the doctor said; without findings it could not say anything."""

    findings: tuple[Finding, ...]
    examined_at: datetime
    by: UUID

    @property
    def is_sick(self) -> bool:
        """Tell whether anything does not work."""
        return any(finding.mark == "bad" for finding in self.findings) or not self.findings


async def examine(language: str, *, by: UUID) -> Examination:
    """Run `kopuro doctor --json` over this process's own configuration; it asks no service about anybody."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "doctor", "--json", "--language", language),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        said = b""
    return Examination(findings=_read(said), examined_at=utc_now(), by=by)


def _read(said: bytes) -> tuple[Finding, ...]:
    """Read the findings, the worst first."""
    try:
        told = json.loads(said)
    except ValueError:
        _log.warning("doctor_silent", bytes=len(said))
        return ()
    names = ("code", "mark", "sentence", "cure")
    found = [Finding(**{name: str(each[name]) for name in names}) for each in told]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.mark]))
