"""Whether a document's signature is good, and what it signs: WS-Security messages and enveloped signatures."""

from cryptography import x509
from lxml import etree

from gateway.crypto.signature import SIGNATURE, Accepted, SignedPart, verify
from gateway.crypto.signature_value import verification_key
from gateway.foundation.errors import SignatureError
from gateway.foundation.xml import local_name, parse
from gateway.xroad.namespaces import BINDING, SOAP, q
from gateway.xroad.security import check_binding, only_security, only_signature

_BODY, _ENVELOPE = q(SOAP, "Body"), q(SOAP, "Envelope")
_BINDING = q(BINDING, "HeaderBinding")


def verify_document(
    data: bytes, certificate: x509.Certificate, *, accepted: Accepted | None = None
) -> tuple[SignedPart, ...]:
    """Verify the only signature of a document with a pinned certificate and give the signed parts.

    In a SOAP envelope the Body must be among them; elsewhere the signature must be enveloped in the element it
    signs, and no element of that name may stand outside it. Raises ContractError for XML that cannot be read,
    SignatureError with the reason for the rest. The signature's age and the certificate's dates are not looked
    at: a file may be old.
    """
    root = parse(data)
    key = verification_key(certificate)
    allowed = accepted or Accepted()
    if root.tag == _ENVELOPE and len(root) and root[0].find(f".//{SIGNATURE}") is not None:
        signature = only_signature(only_security(root))
        parts = verify(root, signature, key=key, accepted=allowed)
        _check_message(root, parts, allowed)
        return parts
    signature = _only_signature(root)
    parts = verify(root, signature, key=key, accepted=allowed)
    if all(part.target is not signature.getparent() for part in parts):
        raise SignatureError("the signature does not sign the element it stands in")
    for part in parts:
        _refuse_decoys(root, part.target)
    return parts


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(SIGNATURE))
    if len(found) != 1:
        raise SignatureError(f"the document has {len(found)} signatures, not one")
    return found[0]


def _refuse_decoys(root: etree._Element, signed: etree._Element) -> None:
    """Refuse a second element of the signed one's name: a reader could take it for the signed one."""
    for other in root.iter(signed.tag):
        if other is not signed and signed not in other.iterancestors():
            raise SignatureError(f"another {local_name(signed)} stands in the document, and it is not signed")


def _check_message(root: etree._Element, parts: tuple[SignedPart, ...], accepted: Accepted) -> None:
    by_tag = {part.target.tag: part for part in parts}
    if _BODY not in by_tag or by_tag[_BODY].target.getparent() is not root:
        raise SignatureError("the signature does not cover the Body of the envelope")
    if _BINDING in by_tag:
        check_binding(root, by_tag[_BINDING], accepted)
    elif root[0].find(f".//{_BINDING}") is not None:
        raise SignatureError("a header binding stands in the message and is not signed")
