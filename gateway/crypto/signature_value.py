"""Whether a SignatureValue fits its SignedInfo: by a few strict lines of our own, and by python-xmlsec.

Our own check takes one form only (plain exclusive C14N) and is the hot path's; a differential test shows that
it accepts nothing python-xmlsec refuses. Everything else that is accepted at all goes through python-xmlsec.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.crypto.certificates import PublicKey, fingerprint, public_key
from gateway.crypto.digest import SignatureAlgorithm
from gateway.crypto.verification import verify_bytes
from gateway.foundation.errors import SignatureError

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
ID_NAMES = ("Id", "ID", "id", f"{{{WSU}}}Id", "{http://www.w3.org/XML/1998/namespace}id")
_UNFIT = "the signature value does not fit the content and the certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """A pinned certificate with its key ready for use; making one per message would cost more than RSA."""

    certificate: x509.Certificate
    family: str
    fingerprint: str
    public: PublicKey
    xmlsec_key: xmlsec.Key


@lru_cache(maxsize=256)
def verification_key(certificate: x509.Certificate) -> VerificationKey:
    """Prepare a certificate for verification; raises SignatureError for a weak or unknown key."""
    key = public_key(certificate)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return VerificationKey(
        certificate=certificate,
        family="ecdsa" if isinstance(key, ec.EllipticCurvePublicKey) else "rsa",
        fingerprint=fingerprint(certificate),
        public=key,
        xmlsec_key=xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
    )


def check_value(signature: etree._Element, key: VerificationKey, algorithm: SignatureAlgorithm) -> None:
    """Check the value over the exclusive C14N of SignedInfo; raises SignatureError.

    The caller has checked the signature's shape, that SignedInfo asks for this very canonicalisation and this
    algorithm, and the digest of every reference.
    """
    info, value = signature[0], signature[1]
    if len(value):
        raise SignatureError("the signature value must hold text only")
    try:
        signed = etree.tostring(info, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError:
        raise SignatureError(_UNFIT) from None
    given = decode_base64(value.text)
    try:
        verify_bytes(key.public, algorithm, signature=given, data=signed)
    except SignatureError:
        raise SignatureError(_UNFIT) from None


def check_value_by_xmlsec(
    signature: etree._Element, targets: Iterable[tuple[etree._Element, str]], key: VerificationKey
) -> None:
    """Let python-xmlsec check value and digests, with the references' (target, id) as its only ids."""
    context = xmlsec.SignatureContext()
    context.key = key.xmlsec_key
    context.set_enabled_key_data([])
    for target, identifier in targets:
        if identifier:
            _register(context, target, identifier)
    try:
        context.verify(signature)
    except xmlsec.Error:
        raise SignatureError(_UNFIT) from None


def _register(context: xmlsec.SignatureContext, target: etree._Element, value: str) -> None:
    for name in ID_NAMES:
        if target.get(name) == value:
            qualified = etree.QName(name)
            context.register_id(target, qualified.localname, qualified.namespace)
            return


def decode_base64(text: str | None) -> bytes:
    """Read base64 that may be broken into lines; raises SignatureError."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except ValueError:
        raise SignatureError("a digest or signature value is not base64") from None
