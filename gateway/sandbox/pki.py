"""A test PKI, made on first start: one authority, our own pair, one pair per asking agency, the journal's keys."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gateway.crypto.certificates import read_certificate
from gateway.crypto.keys import make_secret, write_private
from gateway.foundation.settings import Settings

_DAYS = 825
_AUTHORITY = "sandbox-authority"


def make_keys(settings: Settings) -> list[Path]:
    """Make every key and certificate the configuration names and that is not there yet; give the new ones.

    For the sandbox only: real keys come from the certification centre. Nothing existing is touched.
    """
    made: list[Path] = []
    signing, journal = settings.signing, settings.journal
    folder = settings.path(signing.key_file).parent
    own = (settings.path(signing.key_file), settings.path(signing.certificate_file))
    for key_file, certificate_file in (own, *_agency_pairs(settings)):
        if not key_file.exists() and not certificate_file.exists():
            _issue(folder, key_file, certificate_file)
            made += [key_file, certificate_file]
    for secret in (journal.body_key_file, journal.mac_key_file, journal.subject_key_file):
        path = settings.path(secret)
        if not path.exists():
            make_secret(path)
            made.append(path)
    return made


def _agency_pairs(settings: Settings) -> Iterable[tuple[Path, Path]]:
    for agreement in settings.agreements.values():
        for file in agreement.certificate_files:
            certificate = settings.path(file)
            yield certificate.with_suffix(".key"), certificate


def _issue(folder: Path, key_file: Path, certificate_file: Path) -> None:
    authority_key, authority = _authority(folder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _certificate(key_file.stem, key.public_key(), authority.subject, ca=False)
    _write(key_file, key)
    certificate_file.write_bytes(certificate.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM))


def _authority(folder: Path) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key_file, certificate_file = folder / f"{_AUTHORITY}.key", folder / f"{_AUTHORITY}.crt"
    if not key_file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _AUTHORITY)])
        built = _certificate(_AUTHORITY, key.public_key(), name, ca=True)
        _write(key_file, key)
        certificate_file.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    loaded = load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise TypeError("the sandbox authority's key is always RSA")
    return loaded, read_certificate(certificate_file)


def _certificate(name: str, key: rsa.RSAPublicKey, issuer: x509.Name, *, ca: bool) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                content_commitment=not ca,
                key_cert_sign=ca,
                crl_sign=ca,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )


def _write(path: Path, key: rsa.RSAPrivateKey) -> None:
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
