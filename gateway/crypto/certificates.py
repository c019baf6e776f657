"""Certificates: read, show, compare; whether one is valid now is asked apart from whether a signature fits."""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.foundation.errors import SettingsError, SignatureError

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_SMALLEST_RSA = 2048


def read_certificate(path: Path) -> x509.Certificate:
    """Read one PEM certificate; raises SettingsError that names the file and the cure."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise SettingsError(
            f"certificate file {path} is missing: `kopuro sandbox --keys-only` makes test keys"
        ) from None
    except OSError as error:
        raise SettingsError(f"certificate file {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SettingsError(
            f"{path} holds no PEM certificate: convert a PFX with "
            "`openssl pkcs12 -in FILE.pfx -nokeys -out FILE.pem`"
        ) from None


def public_key(certificate: x509.Certificate) -> PublicKey:
    """Give the certificate's key; raises SignatureError for a family or a size we do not accept."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SMALLEST_RSA:
            raise SignatureError(f"the certificate's RSA key is shorter than {_SMALLEST_RSA} bits")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise SignatureError("the certificate's key is neither RSA nor elliptic curve")


def check_dates(certificate: x509.Certificate, at: datetime) -> None:
    """Raise SignatureError unless the certificate is valid at the instant."""
    if at < certificate.not_valid_before_utc:
        raise SignatureError("the signer's certificate is not valid yet")
    if at > certificate.not_valid_after_utc:
        raise SignatureError("the signer's certificate has expired")


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the DER form in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()
