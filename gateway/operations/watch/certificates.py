"""Every certificate the configuration names, and how many days are left of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.crypto.certificates import fingerprint, read_certificate
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.tls import UNSET

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate by its place in the configuration; `ends_at` is None where the file cannot be read."""

    name: str
    ends_at: datetime | None
    sha256: str = ""

    def days_left(self, at: datetime) -> int | None:
        """Count the whole days until it ends; negative when it has."""
        return (self.ends_at - at) // _DAY if self.ends_at else None


def see_certificates(settings: Settings) -> tuple[Certificate, ...]:
    """Read every certificate that is configured, those of agencies that are switched off excepted."""
    return tuple(_read(name, settings.path(path)) for name, path in _places(settings))


def _places(settings: Settings) -> Iterator[tuple[str, Path]]:
    server, theirs = settings.server, settings.security_server
    yield "signing", settings.signing.certificate_file
    fixed = {
        "server.tls": server.tls_certificate_file,
        "server.client": server.client_certificate_file,
        "security_server": theirs.certificate_file,
        "security_server.client": theirs.client_certificate_file,
    }
    yield from ((name, path) for name, path in fixed.items() if path != UNSET)
    for name, agreement in settings.agreements.items():
        several = len(agreement.certificate_files) > 1
        for number, file in enumerate(agreement.certificate_files, start=1):
            yield f"agreements.{name}{f'.{number}' if several else ''}", Path(file)
    for name, agency in settings.agencies.items():
        if agency.enabled and agency.certificate_file != UNSET:
            yield f"agencies.{name}", agency.certificate_file


def _read(name: str, path: Path) -> Certificate:
    try:
        found = read_certificate(path)
    except SettingsError:
        return Certificate(name=name, ends_at=None)
    return Certificate(name=name, ends_at=found.not_valid_after_utc, sha256=fingerprint(found))
