"""The doctor looks at key and certificate files: there, private, PEM, fitting, in date, long enough."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.cli.doctor.finding import Finding, bad, good, warning
from gateway.crypto.keys import SECRET_BYTES
from gateway.foundation.settings import Settings
from gateway.foundation.tls import UNSET

SOON = timedelta(days=30)
SMALLEST_RSA = 2048
PublicBytes = bytes


def check_files(settings: Settings, at: datetime) -> Iterator[Finding]:
    """Look at every file the configuration names; an unset one is not asked for."""
    for name, certificate, key in _pairs(settings):
        yield from _check_pair(name, settings.path(certificate), settings.path(key), at)
    for name, certificate in _certificates(settings):
        yield from _check_certificate(name, settings.path(certificate), at)[0]
    for name in ("body", "mac", "subject"):
        file = settings.path(getattr(settings.journal, f"{name}_key_file"))
        yield from _check_secret(f"journal.{name}_key_file", file)


def _pairs(settings: Settings) -> Iterator[tuple[str, Path, Path]]:
    yield "signing", settings.signing.certificate_file, settings.signing.key_file
    server, ours = settings.server, settings.security_server
    if UNSET not in {server.tls_certificate_file, server.tls_key_file}:
        yield "server.tls", server.tls_certificate_file, server.tls_key_file
    if UNSET not in {ours.client_certificate_file, ours.client_key_file}:
        yield "security_server.client", ours.client_certificate_file, ours.client_key_file


def _certificates(settings: Settings) -> Iterator[tuple[str, Path]]:
    pinned = {
        "server.client_certificate_file": settings.server.client_certificate_file,
        "security_server.certificate_file": settings.security_server.certificate_file,
    }
    yield from ((name, file) for name, file in pinned.items() if file != UNSET)
    for name, agreement in settings.agreements.items():
        for file in agreement.certificate_files:
            yield f"agreements.{name}", Path(file)
    for name, agency in settings.agencies.items():
        if agency.enabled and agency.verify_answers:
            yield f"agencies.{name}", agency.certificate_file


def _check_pair(name: str, certificate: Path, key: Path, at: datetime) -> Iterator[Finding]:
    findings, certified = _check_certificate(name, certificate, at)
    yield from findings
    findings, owned = _check_key(name, key)
    yield from findings
    if certified and owned and certified != owned:
        yield bad("key_differs", name=name, key=key, certificate=certificate)


def _check_certificate(name: str, file: Path, at: datetime) -> tuple[list[Finding], PublicBytes]:
    """Give what is to be said about a certificate, and its public key if it could be read."""
    values = {"name": name, "file": file}
    try:
        content = file.read_bytes()
        certificate = x509.load_pem_x509_certificate(content)
        public = certificate.public_key()
    except OSError:
        return [bad("file_missing", **values)], b""
    except (ValueError, UnsupportedAlgorithm):
        return [bad("certificate_is_pfx" if _is_pfx(content) else "certificate_not_pem", **values)], b""
    findings = [_date_of(certificate, at, **values)]
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < SMALLEST_RSA:
        findings.append(bad("rsa_short", **values, bits=public.key_size, smallest=SMALLEST_RSA))
    return findings, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _date_of(certificate: x509.Certificate, at: datetime, **values: object) -> Finding:
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    dates = {**values, "first": f"{first:%Y-%m-%d %H:%M} UTC", "last": f"{last:%Y-%m-%d %H:%M} UTC"}
    if at < first:
        return bad("certificate_early", **dates)
    if at > last:
        return bad("certificate_expired", **dates)
    if at > last - SOON:
        return warning("certificate_ends_soon", **dates, days=(last - at).days)
    return good("certificate_good", **dates)


def _is_pfx(content: bytes) -> bool:
    """Tell a PKCS#12 container by its first field: version 3 inside the outer sequence."""
    return content[:1] == b"\x30" and b"\x02\x01\x03" in content[2:9]


def _check_key(name: str, file: Path) -> tuple[list[Finding], PublicBytes]:
    values = {"name": name, "file": file}
    try:
        findings = _privacy(name, file)
        content = file.read_bytes()
    except OSError:
        return [bad("file_missing", **values)], b""
    if _is_pfx(content):
        return [*findings, bad("key_is_pfx", **values)], b""
    if b"ENCRYPTED" in content:
        return [*findings, bad("key_encrypted", **values)], b""
    try:
        public = load_pem_private_key(content, password=None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return [*findings, bad("key_not_pem", **values)], b""
    known = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return findings or [good("key_good", **values)], known


def _privacy(name: str, file: Path) -> list[Finding]:
    mode = file.stat().st_mode & 0o777
    return [bad("key_open", name=name, file=file, mode=f"{mode:04o}")] if mode & 0o077 else []


def _check_secret(name: str, file: Path) -> list[Finding]:
    try:
        findings = _privacy(name, file)
        size = len(file.read_bytes())
    except OSError:
        return [bad("file_missing", name=name, file=file)]
    if size != SECRET_BYTES:
        findings.append(bad("secret_size", name=name, file=file, size=size, wanted=SECRET_BYTES))
    return findings or [good("key_good", name=name, file=file)]
