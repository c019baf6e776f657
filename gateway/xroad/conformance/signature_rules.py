"""The rules of our WS-Security profile; without a certificate only the form of a signature can be judged."""

from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509
from lxml import etree

from gateway.crypto.signature import DS, EXCLUSIVE, INCLUSIVE, SIGNATURE
from gateway.foundation.errors import ContractError, SignatureError
from gateway.foundation.xml import local_name
from gateway.xroad.conformance.report import Notebook
from gateway.xroad.envelope import SECURITY
from gateway.xroad.namespaces import BINDING, SOAP, WSU, q
from gateway.xroad.security import Demands, only_security, only_signature, verify_message

CODE = "SIGNATURE_INVALID"
_TIMESTAMP, _BINDING, _BODY = q(WSU, "Timestamp"), q(BINDING, "HeaderBinding"), q(SOAP, "Body")
_PREFIX_LIST = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_ID_NAMES = ("Id", "ID", "id", q(WSU, "Id"), "{http://www.w3.org/XML/1998/namespace}id")
_SIGNATURE_FORMS = (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"])
_REFERENCE_FORMS = (["Transforms", "DigestMethod", "DigestValue"], ["DigestMethod", "DigestValue"])
_METHODS = ["CanonicalizationMethod", "SignatureMethod"]


def judge_signature(notes: Notebook, root: etree._Element, header: etree._Element, demands: Demands) -> bool:
    """Judge the form of a wsse:Security and tell whether there is a signature to verify."""
    if next(root.iter(SECURITY), None) is None:
        return False
    _judge_place(notes, root)
    security = header.find(SECURITY)
    if security is None:
        return False
    _judge_time(notes, security, demands)
    signature = security.find(SIGNATURE)
    if signature is None:
        notes.warned("signature.shape", where="Security", detail="wsse:Security holds no signature")
        return False
    if _judge_shape(notes, security, signature):
        _try(notes, "signature.algorithms", lambda: _check_algorithms(security, signature[0], demands))
        _try(notes, "signature.references", lambda: _check_references(root, security, signature[0]))
    return True


def judge_verification(
    notes: Notebook, root: etree._Element, certificates: Sequence[x509.Certificate], demands: Demands
) -> None:
    """Verify a signed message as its receiver would."""
    try:
        verify_message(root, certificates, demands)
    except (SignatureError, ContractError) as error:
        notes.failed("signature.verified", CODE, where="Security/Signature", detail=str(error))
    else:
        notes.passed("signature.verified")


def _judge_place(notes: Notebook, root: etree._Element) -> None:
    def check() -> None:
        only_security(root)
        if next(root.iter(etree.ProcessingInstruction), None) is not None:
            raise SignatureError("a processing instruction stands in a signed document")

    _try(notes, "signature.place", check)


def _judge_shape(notes: Notebook, security: etree._Element, signature: etree._Element) -> bool:
    def check() -> None:
        only_signature(security)
        if _names(signature) not in _SIGNATURE_FORMS:
            raise SignatureError("the signature must hold SignedInfo, SignatureValue and at most KeyInfo")
        names = _names(signature[0])
        if names[:2] != _METHODS or set(names[2:]) != {"Reference"}:
            raise SignatureError("SignedInfo must hold CanonicalizationMethod, SignatureMethod and Reference")
        if any(_names(reference) not in _REFERENCE_FORMS for reference in list(signature[0])[2:]):
            raise SignatureError("a reference must hold Transforms, DigestMethod and DigestValue")
        if any(_is_foreign(node) for node in signature[0].iter(etree.Element)):
            raise SignatureError("SignedInfo holds a foreign element")

    return _try(notes, "signature.shape", check)


def _check_algorithms(security: etree._Element, info: etree._Element, demands: Demands) -> None:
    canonicalisations = {EXCLUSIVE, INCLUSIVE}
    if info[0].get("Algorithm") not in canonicalisations:
        raise SignatureError("the canonicalisation of SignedInfo is not accepted")
    demands.accepted.signature(info[1].get("Algorithm", ""))
    if len(info[1]):
        raise SignatureError("the signature method must have no parameters")
    for reference in list(info)[2:]:
        demands.accepted.digest(_child(reference, "DigestMethod").get("Algorithm", ""))
        transforms = [each.get("Algorithm") for each in reference.iter(f"{{{DS}}}Transform")]
        if len(transforms) > 1 or not set(transforms) <= canonicalisations:
            raise SignatureError("a reference's transforms are not accepted")
    for method in security.iterfind(f"{_BINDING}/{q(BINDING, 'DigestMethod')}"):
        demands.accepted.digest(method.get("Algorithm", ""))


def _check_references(root: etree._Element, security: etree._Element, info: etree._Element) -> None:
    ids = _unique_ids(root)
    uris = [reference.get("URI", "") for reference in list(info)[2:]]
    targets = [ids.get(uri[1:]) if uri.startswith("#") else None for uri in uris]
    if None in targets:
        raise SignatureError("a reference points to nothing")
    bodies, stamps, bindings = root.findall(_BODY), security.findall(_TIMESTAMP), security.findall(_BINDING)
    expected = [*bodies, *stamps, *bindings]
    if len(expected) != 3 or sorted(map(id, targets)) != sorted(map(id, expected)):
        raise SignatureError("the signature must cover exactly Body, Timestamp and HeaderBinding")


def _unique_ids(root: etree._Element) -> dict[str, etree._Element]:
    ids: dict[str, etree._Element] = {}
    for element in root.iter(etree.Element):
        for value in {value for name in _ID_NAMES if (value := element.get(name)) is not None}:
            if value in ids:
                raise SignatureError("an id stands twice in the document")
            ids[value] = element
    return ids


def _judge_time(notes: Notebook, security: etree._Element, demands: Demands) -> None:
    stamp = security.find(_TIMESTAMP)
    created, expires = (
        _instant(stamp.findtext(q(WSU, name)) if stamp is not None else None)
        for name in ("Created", "Expires")
    )
    if created is None or expires is None:
        notes.failed("signature.timestamp", CODE, where="Security/Timestamp")
        return
    notes.passed("signature.timestamp")
    now, skew = demands.clock(), demands.clock_skew
    latest = min(expires, created + demands.maximum_age) + skew
    notes.prefer("signature.age", created - skew <= now <= latest, where="Security/Timestamp")


def _instant(text: str | None) -> datetime | None:
    try:
        made = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return made if made.tzinfo is not None else None


def _try(notes: Notebook, rule: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except SignatureError as error:
        notes.failed(rule, CODE, where="Security", detail=str(error))
        return False
    notes.passed(rule)
    return True


def _names(element: etree._Element) -> list[str]:
    return [local_name(child) if isinstance(child.tag, str) else "(comment)" for child in element]


def _is_foreign(node: etree._Element) -> bool:
    return etree.QName(node).namespace != DS and node.tag != _PREFIX_LIST


def _child(element: etree._Element, name: str) -> etree._Element:
    return next(child for child in element if local_name(child) == name)
