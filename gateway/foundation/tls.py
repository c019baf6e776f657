"""TLS as we allow it: 1.2 or newer, and the peer is the one whose certificate is pinned, whoever issued it."""

import base64
import binascii
import hashlib
import ipaddress
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings

UNSET = Path()
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """How to speak TLS with the one peer we know, and the SHA-256 of the certificate it must show."""

    context: ssl.SSLContext
    digest: bytes


def inbound_tls(settings: Settings) -> Pinned | None:
    """Make the TLS of our door from `server.*`; None when it is not configured. Raises SettingsError.

    OpenSSL trusts the security server's certificate alone and checks its dates; that it is this very certificate,
    and not one it issued, is for `SecurityServerOnly` to compare.
    """
    server = settings.server
    files = (server.tls_certificate_file, server.tls_key_file, server.client_certificate_file)
    if all(file == UNSET for file in files):
        return None
    if UNSET in files:
        raise SettingsError(
            "server.tls_certificate_file, server.tls_key_file and server.client_certificate_file go together: "
            "set all three or none"
        )
    certificate, key, peer = (settings.path(file) for file in files)
    context = _context(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    context.num_tickets = 0  # a resumed session would not look at the certificate's dates again
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    pinned = read_der(peer)
    context.load_verify_locations(cadata=pinned)
    load_pair(context, certificate, key)
    return Pinned(context=context, digest=hashlib.sha256(pinned).digest())


def outbound_tls(settings: Settings) -> Pinned | None:
    """Make the TLS towards our security server from `security_server.*`; None for http://. Raises SettingsError.

    OpenSSL verifies nothing here: a security server's certificate is self-signed, names no host, and is accepted
    after its last day as X-Road itself accepts ours. What counts is that it is the pinned one, byte for byte.
    """
    server = settings.security_server
    if urlsplit(server.url).scheme != "https":
        _refuse_leftovers(settings)
        return None
    if server.certificate_file == UNSET:
        raise SettingsError(
            "security_server.certificate_file is missing: https:// without the security server's certificate "
            "proves nothing about who answers"
        )
    if (server.client_certificate_file == UNSET) != (server.client_key_file == UNSET):
        raise SettingsError(
            "security_server.client_certificate_file and security_server.client_key_file go together"
        )
    context = _context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if server.client_key_file != UNSET:
        load_pair(
            context, settings.path(server.client_certificate_file), settings.path(server.client_key_file)
        )
    pinned = read_der(settings.path(server.certificate_file))
    return Pinned(context=context, digest=hashlib.sha256(pinned).digest())


def _refuse_leftovers(settings: Settings) -> None:
    server = settings.security_server
    if {server.certificate_file, server.client_certificate_file, server.client_key_file} != {UNSET}:
        raise SettingsError(
            "security_server.url is not https://, but TLS files are set beside it: write https:// or unset them"
        )


def check_listening(settings: Settings) -> None:
    """Raise SettingsError for a TLS that cannot be, and for an address beyond this machine without any."""
    server = settings.server
    if inbound_tls(settings) is not None or is_loopback(server.host) or server.allow_plain_http:
        return
    raise SettingsError(
        f"server.host {server.host} is reached from other computers, and there is no TLS: set "
        "server.tls_certificate_file, server.tls_key_file and server.client_certificate_file, or, in a private "
        "network segment where there are no other computers, server.allow_plain_http = true"
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine only; a name other than localhost is not."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_der(path: Path) -> bytes:
    """Read the first certificate of a PEM file in its DER form; raises SettingsError naming the file and the cure."""
    try:
        found = _PEM.search(path.read_bytes())
        if found:
            return base64.b64decode(b"".join(found[1].split()), validate=True)
    except OSError:
        raise SettingsError(f"certificate file {path} is missing or cannot be read") from None
    except binascii.Error:
        pass  # the same sentence as for a file without any certificate
    raise SettingsError(
        f"{path} holds no PEM certificate: convert a PFX with "
        f"`openssl pkcs12 -in {path} -nokeys -out {path.with_suffix('.pem')}`"
    )


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load our certificate and its key, which others must not be able to read; raises SettingsError."""
    read_der(certificate)
    try:
        if key.stat().st_mode & 0o077:
            raise SettingsError(f"{key} may be read by others: chmod 600 {key}")
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(f"{key} is not the key of the certificate {certificate}") from None
        raise SettingsError(f"{key} holds no unencrypted PEM private key") from None
    except OSError:
        raise SettingsError(f"key file {key} is missing or cannot be read") from None


def _context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
