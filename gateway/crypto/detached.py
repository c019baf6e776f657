"""Signatures that stand beside what they sign: over the very bytes, by a person's certificate of a known authority."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.crypto.certificates import check_dates, public_key
from gateway.crypto.digest import SIGNATURES
from gateway.crypto.keys import Signer
from gateway.crypto.verification import verify_bytes
from gateway.foundation.errors import SignatureError

_PERSON = re.compile(r"(?:PNOKG-)?([12][0-9]{13})")
_ORGANISATION = re.compile(r"(?:NTRKG-)?([0-9]{14})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedSignature:
    """A signature (for ECDSA: r ‖ s), the short name of its algorithm, and the signer's certificate in DER."""

    algorithm: str
    signature: bytes
    certificate: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whose certificates count: those issued by these authorities and not among the revoked serial numbers."""

    authorities: tuple[x509.Certificate, ...] = ()
    revoked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBy:
    """Who a verified certificate says signed: the PIN and the organisation's INN, where it names them."""

    pin: str = field(repr=False)
    inn: str
    serial: str
    issuer: str


def sign_detached(signer: Signer, content: bytes) -> DetachedSignature:
    """Sign bytes as they are."""
    return DetachedSignature(
        algorithm=signer.algorithm.name,
        signature=signer.sign(content),
        certificate=signer.certificate.public_bytes(Encoding.DER),
    )


def verify_detached(content: bytes, detached: DetachedSignature, *, trust: Trust, at: datetime) -> SignedBy:
    """Give who signed these bytes; raises SignatureError with the reason.

    The certificate must be issued by a known authority, be valid at the instant, not revoked, and meant for signing.
    """
    try:
        certificate = x509.load_der_x509_certificate(detached.certificate)
    except ValueError:
        raise SignatureError("the signer's certificate cannot be read") from None
    _check_issued(certificate, trust.authorities)
    check_dates(certificate, at)
    if certificate.serial_number in trust.revoked:
        raise SignatureError("the signer's certificate was revoked")
    _check_usage(certificate)
    algorithm = SIGNATURES.get(detached.algorithm)
    if algorithm is None:
        raise SignatureError("the signature's algorithm is not one we accept")
    verify_bytes(public_key(certificate), algorithm, signature=detached.signature, data=content)
    return _signed_by(certificate)


def verify_own(content: bytes, detached: DetachedSignature, *, certificate: x509.Certificate) -> None:
    """Return if this very certificate signed these bytes; raises SignatureError with the reason."""
    if detached.certificate != certificate.public_bytes(Encoding.DER):
        raise SignatureError("the signature is under another certificate")
    algorithm = SIGNATURES.get(detached.algorithm)
    if algorithm is None:
        raise SignatureError("the signature's algorithm is not one we accept")
    verify_bytes(public_key(certificate), algorithm, signature=detached.signature, data=content)


def _check_issued(certificate: x509.Certificate, authorities: Iterable[x509.Certificate]) -> None:
    for authority in authorities:
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return
    raise SignatureError("the signer's certificate is not issued by an authority we know")


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        raise SignatureError("the signer's certificate does not say what it is for") from None
    if not (usage.digital_signature or usage.content_commitment):
        raise SignatureError("the signer's certificate is not meant for signing")


def _signed_by(certificate: x509.Certificate) -> SignedBy:
    return SignedBy(
        pin=_named(certificate, NameOID.SERIAL_NUMBER, _PERSON),
        inn=_named(certificate, NameOID.ORGANIZATION_IDENTIFIER, _ORGANISATION),
        serial=f"{certificate.serial_number:x}",
        issuer=certificate.issuer.rfc4514_string(),
    )


def _named(certificate: x509.Certificate, oid: x509.ObjectIdentifier, form: re.Pattern[str]) -> str:
    values = [str(each.value) for each in certificate.subject.get_attributes_for_oid(oid)]
    found = [match[1] for value in values if (match := form.fullmatch(value))]
    return found[0] if len(found) == 1 else ""
