"""Certificates made for one test: an authority, what it issued, self-signed ones, and ones outside their dates."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.crypto.keys import write_private


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its key, in memory and in files."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate_file: Path
    key_file: Path

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def issue(
    folder: Path,
    *,
    issuer: Pair | None = None,
    ca: bool = False,
    from_days: float = -1,
    until_days: float = 365,
    rsa_bits: int = 0,
) -> Pair:
    """Make a pair, self-signed unless an issuer is given; elliptic curve unless a size of RSA is given."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, uuid4().hex)])
    key = rsa.generate_private_key(65537, rsa_bits) if rsa_bits else ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=from_days))
        .not_valid_after(now + timedelta(days=until_days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer.key if issuer else key, hashes.SHA256())
    )
    stem = folder / uuid4().hex[:8]
    files = stem.with_suffix(".crt"), stem.with_suffix(".key")
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    write_private(files[1], key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Pair(certificate=certificate, key=key, certificate_file=files[0], key_file=files[1])
