"""Keys behind one seam: `Signer` signs bytes, wherever the private key lives."""

import os
import secrets
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.crypto.certificates import fingerprint, public_key, read_certificate
from gateway.crypto.digest import SignatureAlgorithm
from gateway.foundation.errors import SettingsError

SECRET_BYTES = 32


class Signer(Protocol):
    """Something that signs: a key in a file today, a token behind PKCS#11 later."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm every signature is made with."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate under which the signature is checked."""

    def sign(self, data: bytes) -> bytes:
        """Sign the bytes, in the form XML Signature asks for (for ECDSA: r ‖ s)."""


class FileSigner:
    """A `Signer` whose key was read once from a PEM file; loading it per message would cost 100 signatures."""

    def __init__(self, key_file: Path, certificate_file: Path, algorithm: SignatureAlgorithm) -> None:
        """Read and check the pair; raises SettingsError when key, certificate and algorithm do not belong together."""
        self.algorithm = algorithm
        self.certificate = read_certificate(certificate_file)
        self.fingerprint = fingerprint(self.certificate)
        self._key = _read_private_key(key_file)
        if self._key.public_key() != public_key(self.certificate):
            raise SettingsError(f"{key_file} is not the key of the certificate {certificate_file}")
        if isinstance(self._key, rsa.RSAPrivateKey) == (algorithm.family == "ecdsa"):
            raise SettingsError(f"{algorithm.name} cannot be used with the key in {key_file}")
        self._hash = algorithm.digest.primitive()

    def sign(self, data: bytes) -> bytes:
        """Sign the bytes; see Signer."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(self._hash)))
            size = (self._key.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return self._key.sign(data, self._padding(), self._hash)

    def _padding(self) -> padding.AsymmetricPadding:
        if self.algorithm.family == "rsa-pss":
            return padding.PSS(padding.MGF1(self._hash), padding.PSS.DIGEST_LENGTH)
        return padding.PKCS1v15()


def _read_private_key(path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    _check_private(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise SettingsError(f"{path} holds no unencrypted PEM private key") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SettingsError(f"the key in {path} is neither RSA nor elliptic curve")
    return key


def _check_private(path: Path) -> None:
    if not path.exists():
        raise SettingsError(f"key file {path} is missing: `kopuro sandbox --keys-only` makes test keys")
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} may be read by others: chmod 600 {path}")


def read_secret(path: Path) -> bytes:
    """Read a 32-byte symmetric key; raises SettingsError naming the file."""
    _check_private(path)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise SettingsError(f"{path} must hold exactly {SECRET_BYTES} bytes")
    return secret


def write_private(path: Path, content: bytes) -> None:
    """Write a new file only its owner may read; an existing one is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def make_secret(path: Path) -> None:
    """Make a random symmetric key in a new file, unless there is one already."""
    if not path.exists():
        write_private(path, secrets.token_bytes(SECRET_BYTES))
