"""Foreign XML signatures, verified by one strict function that returns what was signed.

Verification never says just "valid": it gives back each signed element, parsed anew from the very bytes whose
digest was signed. Nobody should read the original document after that.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from gateway.crypto.digest import DIGESTS, SIGNATURES, DigestAlgorithm, SignatureAlgorithm
from gateway.crypto.signature_value import (
    ID_NAMES,
    VerificationKey,
    check_value,
    check_value_by_xmlsec,
    decode_base64,
)
from gateway.foundation.errors import SignatureError
from gateway.foundation.xml import detach, inclusive_canonical, local_name, parse_again

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
SIGNATURE = f"{{{DS}}}Signature"
_SIGNATURE_PARTS = [f"{{{DS}}}SignedInfo", f"{{{DS}}}SignatureValue"]
_SHAPES = (_SIGNATURE_PARTS, [*_SIGNATURE_PARTS, f"{{{DS}}}KeyInfo"])
_METHODS = [f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}SignatureMethod"]
_REFERENCE, _TRANSFORMS, _TRANSFORM = (f"{{{DS}}}{name}" for name in ("Reference", "Transforms", "Transform"))
_DIGEST_PARTS = [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]
_IN_DS = f"{{{DS}}}"
_NO_ELEMENTS = (etree.Comment, etree.ProcessingInstruction, etree.Entity)
_FRAGMENT = re.compile(r"#[^\W\d][\w.\-]*")
_ABSOLUTE = re.compile(
    r"(?:https?://[\w.\-]+(?::\d{1,4})?(?:/[\w/.\-]*)?|urn:[\w:.\-]+)(?:#[\w.\-]*)?", re.ASCII
)
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
        return parse_again(self.canonical)


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
    algorithm = _check_method(info, key, accepted)
    references = _references(root, info, signature, accepted)
    parts = tuple(_check_digest(reference, signature) for reference in references)
    if _is_plain(info, references) and _has_plain_namespaces(root):
        check_value(signature, key, algorithm)
    else:
        check_value_by_xmlsec(signature, [(each.target, each.uri[1:]) for each in references], key)
    return parts


def _is_plain(info: etree._Element, references: list[_Reference]) -> bool:
    """Tell whether everything is under plain exclusive C14N and named by id, as our own profile has it."""
    return (
        info[0].get("Algorithm") == EXCLUSIVE
        and len(info[0]) == 0
        and all(
            each.uri and each.transforms == (EXCLUSIVE,) and not each.inclusive_prefixes
            for each in references
        )
    )


def _has_plain_namespaces(root: etree._Element) -> bool:
    """Tell whether every namespace is absolute beyond doubt: C14N 1.0 is not defined for relative ones (§1.3)."""
    found = {uri for _, (_, uri) in etree.iterwalk(root, events=("start-ns",))}
    return all(not uri or _ABSOLUTE.fullmatch(uri) for uri in found)


def _only_signature(root: etree._Element, signature: etree._Element) -> None:
    if any(found is not signature for found in root.iter(SIGNATURE)):
        raise SignatureError("the document has more than one signature")
    if next(root.iter(etree.ProcessingInstruction), None) is not None:
        raise SignatureError("a processing instruction stands in a signed document")


def _check_shape(signature: etree._Element) -> etree._Element:
    if next(signature.iter(*_NO_ELEMENTS), None) is not None:
        raise SignatureError("a comment stands inside the signature")
    if [child.tag for child in signature] not in _SHAPES:
        raise SignatureError("the signature must hold SignedInfo, SignatureValue and at most KeyInfo")
    for node in signature[0].iter():
        if not node.tag.startswith(_IN_DS) and node.tag != _INCLUSIVE_PREFIXES:
            raise SignatureError("SignedInfo holds a foreign element")
    return signature[0]


def _check_method(info: etree._Element, key: VerificationKey, accepted: Accepted) -> SignatureAlgorithm:
    names = [child.tag for child in info]
    if names[:2] != _METHODS or set(names[2:]) != {_REFERENCE}:
        raise SignatureError("SignedInfo must hold CanonicalizationMethod, SignatureMethod and Reference")
    if info[0].get("Algorithm") not in {EXCLUSIVE, INCLUSIVE}:
        raise SignatureError("the canonicalisation of SignedInfo is not accepted")
    algorithm = accepted.signature(info[1].get("Algorithm", ""))
    if len(info[1]):
        raise SignatureError("the signature method must have no parameters")
    if algorithm.family.removesuffix("-pss") != key.family:
        raise SignatureError("the signature method does not fit the certificate's key")
    return algorithm


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
        for name, value in element.items():
            if name in ID_NAMES and ids.setdefault(str(value), element) is not element:
                raise SignatureError("an id stands twice in the document")
    return ids


def _reference(
    element: etree._Element, root: etree._Element, ids: dict[str, etree._Element], accepted: Accepted
) -> _Reference:
    tags = [child.tag for child in element]
    if tags not in ([_TRANSFORMS, *_DIGEST_PARTS], _DIGEST_PARTS):
        raise SignatureError("a reference must hold Transforms, DigestMethod and DigestValue")
    method, value = element[-2], element[-1]
    if len(method) or len(value):
        raise SignatureError("a digest must have no parameters")
    uri = element.get("URI")
    if uri is None or (uri and not _FRAGMENT.fullmatch(uri)):
        raise SignatureError("a reference must be to the whole document or to a plain #id")
    target = ids.get(uri[1:]) if uri else root
    if target is None:
        raise SignatureError("a reference points to nothing")
    transforms, prefixes = _transforms(element[0] if len(tags) > len(_DIGEST_PARTS) else ())
    return _Reference(
        uri=uri,
        target=target,
        transforms=transforms,
        inclusive_prefixes=prefixes,
        digest=accepted.digest(method.get("Algorithm", "")),
        value=decode_base64(value.text),
    )


def _transforms(found: Iterable[etree._Element]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the transforms: at most the enveloped one, then at most one canonicalisation without comments."""
    transforms = list(found)
    names = tuple(transform.get("Algorithm", "") for transform in transforms)
    allowed = {(), (ENVELOPED,), (EXCLUSIVE,), (INCLUSIVE,), (ENVELOPED, EXCLUSIVE), (ENVELOPED, INCLUSIVE)}
    if names not in allowed or any(transform.tag != _TRANSFORM for transform in transforms):
        raise SignatureError("a reference's transforms are not accepted")
    prefixes: list[str] = []
    for transform in transforms:
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
    try:
        content = _canonical(reference, signature)
    except etree.C14NError:
        raise SignatureError("a signed element has no canonical form: a namespace is relative") from None
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
    return inclusive_canonical(target)


def _without(target: etree._Element, signature: etree._Element) -> etree._Element:
    """Copy the document without the signature; the text after the signature stays."""
    index = target.index(signature)
    place = _copied(target)
    detach(place[index])
    return place


def _copied(target: etree._Element) -> etree._Element:
    """Copy the whole document and give the element in the copy."""
    tree = target.getroottree()
    path = tree.getelementpath(target)
    copy = parse_again(etree.tostring(tree, encoding="utf-8"))
    place = copy if path == "." else copy.find(path)
    if place is None:  # the path was just computed
        raise SignatureError("the signed element cannot be found again")
    return place


def _tail(uri: str) -> str:
    return re.sub(r"[^\w.\-]", "", re.split(r"[/#]", uri)[-1])[:40] or "(none)"
