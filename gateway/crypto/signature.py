"""Foreign XML signatures, verified by one strict function that returns what was signed.

Verification never says just "valid": it gives back each signed element, parsed anew from the very bytes whose
digest was signed. Nobody should read the original document after that.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.crypto.certificates import fingerprint, public_key
from gateway.crypto.digest import DIGESTS, SIGNATURES, DigestAlgorithm, SignatureAlgorithm
from gateway.foundation.errors import SignatureError
from gateway.foundation.xml import detach, local_name, parse

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
SIGNATURE = f"{{{DS}}}Signature"
_WSU_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_ID_NAMES = ("Id", "ID", "id", _WSU_ID, "{http://www.w3.org/XML/1998/namespace}id")
_FRAGMENT = re.compile(r"#[^\W\d][\w.\-]*")
_INCLUSIVE_PREFIXES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_MOST_REFERENCES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The algorithms a verifier takes; everything else (SHA-1, HMAC, DSA …) is refused by name."""

    signatures: tuple[str, ...] = tuple(SIGNATURES)
    digests: tuple[str, ...] = tuple(DIGESTS)

    def signature(self, uri: str) -> SignatureAlgorithm:
        """Find an accepted signature algorithm by its identifier."""
        for name in self.signatures:
            if SIGNATURES[name].uri == uri:
                return SIGNATURES[name]
        raise SignatureError(f"signature algorithm {_tail(uri)} is not accepted")

    def digest(self, uri: str) -> DigestAlgorithm:
        """Find an accepted digest algorithm by its identifier."""
        for name in self.digests:
            if DIGESTS[name].uri == uri:
                return DIGESTS[name]
        raise SignatureError(f"digest algorithm {_tail(uri)} is not accepted")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """A pinned certificate with its key ready for use; making one per message would cost more than RSA."""

    certificate: x509.Certificate
    family: str
    fingerprint: str
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
        xmlsec_key=xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPart:
    """One signed element: where it stood, the bytes that were digested, and a tree parsed from those bytes."""

    target: etree._Element
    canonical: bytes

    @property
    def name(self) -> str:
        """Give the element's local name."""
        return local_name(self.target)

    def element(self) -> etree._Element:
        """Parse the signed bytes anew."""
        return parse(self.canonical)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reference:
    uri: str
    target: etree._Element
    transforms: tuple[str, ...]
    inclusive_prefixes: tuple[str, ...]
    digest: DigestAlgorithm
    value: bytes


def verify(
    root: etree._Element, signature: etree._Element, *, key: VerificationKey, accepted: Accepted
) -> tuple[SignedPart, ...]:
    """Verify the document's only signature with a pinned key and give what it signed.

    `signature` must stand where the caller's profile expects it. Raises SignatureError with the reason: more
    than one signature, an unexpected shape or algorithm, a reference that is not a plain `#id` or `""`,
    ambiguous ids, text split by comments, a digest or a signature value that does not fit. KeyInfo is never
    consulted; the certificate's validity is a separate step (certificates.check_dates).
    """
    _only_signature(root, signature)
    info = _check_shape(signature)
    _check_method(info, key, accepted)
    references = _references(root, info, signature, accepted)
    parts = tuple(_check_digest(reference, signature) for reference in references)
    _check_value(signature, references, key)
    return parts


def _only_signature(root: etree._Element, signature: etree._Element) -> None:
    if any(found is not signature for found in root.iter(SIGNATURE)):
        raise SignatureError("the document has more than one signature")
    if next(root.iter(etree.ProcessingInstruction), None) is not None:
        raise SignatureError("a processing instruction stands in a signed document")


def _check_shape(signature: etree._Element) -> etree._Element:
    if any(not isinstance(node.tag, str) for node in signature.iter()):
        raise SignatureError("a comment stands inside the signature")
    names = [local_name(child) for child in signature]
    if names not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        raise SignatureError("the signature must hold SignedInfo, SignatureValue and at most KeyInfo")
    for node in signature[0].iter():
        if etree.QName(node).namespace != DS and node.tag != _INCLUSIVE_PREFIXES:
            raise SignatureError("SignedInfo holds a foreign element")
    return signature[0]


def _check_method(info: etree._Element, key: VerificationKey, accepted: Accepted) -> None:
    names = [local_name(child) for child in info]
    if names[:2] != ["CanonicalizationMethod", "SignatureMethod"] or set(names[2:]) != {"Reference"}:
        raise SignatureError("SignedInfo must hold CanonicalizationMethod, SignatureMethod and Reference")
    if info[0].get("Algorithm") not in {EXCLUSIVE, INCLUSIVE}:
        raise SignatureError("the canonicalisation of SignedInfo is not accepted")
    algorithm = accepted.signature(info[1].get("Algorithm", ""))
    if len(info[1]):
        raise SignatureError("the signature method must have no parameters")
    if algorithm.family.removesuffix("-pss") != key.family:
        raise SignatureError("the signature method does not fit the certificate's key")


def _references(
    root: etree._Element, info: etree._Element, signature: etree._Element, accepted: Accepted
) -> list[_Reference]:
    found = list(info)[2:]
    if len(found) > _MOST_REFERENCES:
        raise SignatureError("the signature has too many references")
    ids = _unique_ids(root)
    references = [_reference(element, root, ids, accepted) for element in found]
    if len({id(reference.target) for reference in references}) != len(references):
        raise SignatureError("two references name the same element")
    for reference in references:
        _check_place(reference, signature)
    return references


def _unique_ids(root: etree._Element) -> dict[str, etree._Element]:
    """Index every id attribute of any spelling; one value twice makes every reference ambiguous."""
    ids: dict[str, etree._Element] = {}
    for element in root.iter(etree.Element):
        if not element.attrib:
            continue
        for value in {element.get(name) for name in _ID_NAMES} - {None}:
            if value in ids:
                raise SignatureError("an id stands twice in the document")
            ids[value] = element  # type: ignore[index]
    return ids


def _reference(
    element: etree._Element, root: etree._Element, ids: dict[str, etree._Element], accepted: Accepted
) -> _Reference:
    parts = {local_name(child): child for child in element}
    if [local_name(child) for child in element] not in (
        ["Transforms", "DigestMethod", "DigestValue"],
        ["DigestMethod", "DigestValue"],
    ):
        raise SignatureError("a reference must hold Transforms, DigestMethod and DigestValue")
    uri = element.get("URI")
    if uri is None or (uri and not _FRAGMENT.fullmatch(uri)):
        raise SignatureError("a reference must be to the whole document or to a plain #id")
    target = ids.get(uri[1:]) if uri else root
    if target is None:
        raise SignatureError("a reference points to nothing")
    transforms, prefixes = _transforms(parts.get("Transforms"))
    return _Reference(
        uri=uri,
        target=target,
        transforms=transforms,
        inclusive_prefixes=prefixes,
        digest=accepted.digest(parts["DigestMethod"].get("Algorithm", "")),
        value=_decode(parts["DigestValue"].text),
    )


def _transforms(element: etree._Element | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the transforms: at most the enveloped one, then at most one canonicalisation without comments."""
    found = list(element) if element is not None else []
    names = tuple(transform.get("Algorithm", "") for transform in found)
    allowed = {(), (ENVELOPED,), (EXCLUSIVE,), (INCLUSIVE,), (ENVELOPED, EXCLUSIVE), (ENVELOPED, INCLUSIVE)}
    if names not in allowed:
        raise SignatureError("a reference's transforms are not accepted")
    prefixes: list[str] = []
    for transform in found:
        for child in transform:
            if child.tag != _INCLUSIVE_PREFIXES or transform.get("Algorithm") != EXCLUSIVE or len(child):
                raise SignatureError("a reference's transform has parameters that are not accepted")
            prefixes += child.get("PrefixList", "").split()
    return names, tuple(prefixes)


def _check_place(reference: _Reference, signature: etree._Element) -> None:
    """Refuse a target that holds the signature, unless it is enveloped as the target's own child."""
    inside = reference.target is signature or reference.target in signature.iterancestors()
    enveloped = ENVELOPED in reference.transforms
    if inside and not enveloped:
        raise SignatureError("a reference covers its own signature")
    if enveloped and signature.getparent() is not reference.target:
        raise SignatureError("an enveloped signature must be a child of the element it signs")
    if signature in reference.target.iterancestors():
        raise SignatureError("a reference points into the signature")


def _check_digest(reference: _Reference, signature: etree._Element) -> SignedPart:
    _refuse_split_text(reference.target)
    content = _canonical(reference, signature)
    if not hmac.compare_digest(reference.digest.new(content).digest(), reference.value):
        raise SignatureError(f"the digest of {local_name(reference.target)} does not fit: it was changed")
    return SignedPart(target=reference.target, canonical=content)


def _refuse_split_text(target: etree._Element) -> None:
    """Refuse a comment inside a text: readers that stop at it would see another value than was signed."""
    for comment in target.iter(etree.Comment):
        parent = comment.getparent()
        before = comment.getprevious()
        neighbour = before.tail if before is not None else (parent.text if parent is not None else "")
        if (neighbour or "").strip() or (comment.tail or "").strip():
            raise SignatureError("a comment splits a text in a signed element")


def _canonical(reference: _Reference, signature: etree._Element) -> bytes:
    target = reference.target
    if ENVELOPED in reference.transforms:
        target = _without(target, signature)
    if EXCLUSIVE in reference.transforms:
        return etree.tostring(
            target,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(reference.inclusive_prefixes),
        )
    return etree.tostring(target, method="c14n", exclusive=False, with_comments=False)


def _without(target: etree._Element, signature: etree._Element) -> etree._Element:
    """Copy the document without the signature; the text after the signature stays."""
    index = target.index(signature)
    tree = target.getroottree()
    path = tree.getelementpath(target)
    copy = etree.fromstring(etree.tostring(tree))
    place = copy if path == "." else copy.find(path)
    if place is None:  # the path was just computed
        raise SignatureError("the signed element cannot be found again")
    detach(place[index])
    return place


def _check_value(signature: etree._Element, references: list[_Reference], key: VerificationKey) -> None:
    context = xmlsec.SignatureContext()
    context.key = key.xmlsec_key
    context.set_enabled_key_data([])
    for reference in references:
        if reference.uri:
            _register(context, reference.target, reference.uri[1:])
    try:
        context.verify(signature)
    except xmlsec.Error:
        raise SignatureError("the signature value does not fit the content and the certificate") from None


def _register(context: xmlsec.SignatureContext, target: etree._Element, value: str) -> None:
    for name in _ID_NAMES:
        if target.get(name) == value:
            qualified = etree.QName(name)
            context.register_id(target, qualified.localname, qualified.namespace)
            return


def _decode(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except ValueError:
        raise SignatureError("a digest value is not base64") from None


def _tail(uri: str) -> str:
    return re.sub(r"[^\w.\-]", "", re.split(r"[/#]", uri)[-1])[:40] or "(none)"
