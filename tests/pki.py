"""Keys and certificates made for one test run."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner, write_private

_FOLDER = Path(mkdtemp(prefix="kopuro-keys-"))


@cache
def key_pair(name: str, family: str = "rsa", *, days: int = 30) -> tuple[Path, Path]:
    """Make a private key and a self-signed certificate; days < 0 makes an expired one."""
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if family == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = _FOLDER / f"{name}.key", _FOLDER / f"{name}.crt"
    write_private(
        key_file,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file


@cache
def signer(name: str, algorithm: str = "rsa-sha256") -> FileSigner:
    """Give a signer over a key of its own."""
    family = "ec" if algorithm.startswith("ecdsa") else "rsa"
    key_file, certificate_file = key_pair(f"{name}-{family}", family)
    return FileSigner(key_file, certificate_file, signature_algorithm(algorithm))
