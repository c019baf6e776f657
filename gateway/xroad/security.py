"""The WS-Security profile of our messages: Body, Timestamp and HeaderBinding under one signature.

It stands beside X-Road's own signing, which the security server does whatever we do, and is switched per
agreement and per agency. The security element carries no mustUnderstand and adds nothing to X-Road's headers.
"""

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from lxml import etree

from gateway.crypto.certificates import check_dates
from gateway.crypto.digest import DigestAlgorithm, digest_algorithm
from gateway.crypto.keys import Signer
from gateway.crypto.signature import (
    SIGNATURE,
    Accepted,
    SignedPart,
    verify,
)
from gateway.crypto.signature_value import VerificationKey, verification_key
from gateway.crypto.signing import signature_element
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import SignatureError
from gateway.foundation.xml import parse
from gateway.xroad.binding import binding_form
from gateway.xroad.envelope import SECURITY, Shell
from gateway.xroad.namespaces import BINDING, SOAP, WSSE, WSU, q

_BODY = q(SOAP, "Body")
_TIMESTAMP = q(WSU, "Timestamp")
_BINDING = q(BINDING, "HeaderBinding")
_ENVELOPE_PARTS = frozenset({q(SOAP, "Header"), _BODY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """How we sign what we send."""

    signer: Signer
    digest: DigestAlgorithm = field(default_factory=lambda: digest_algorithm("sha256"))
    lifetime: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What we demand of a signed message that arrives."""

    accepted: Accepted = field(default_factory=Accepted)
    maximum_age: timedelta = timedelta(minutes=5)
    clock_skew: timedelta = timedelta(minutes=1)
    clock: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a verified message proves: the signed content, parsed anew, who signed it when, and the header's form."""

    content: etree._Element
    signer: str
    created_at: datetime
    header_form: bytes


def sign_message(
    shell: Shell, content: bytes, sealing: Sealing, *, at: datetime, header_form: bytes | None = None
) -> bytes:
    """Write the envelope with a signed Body, Timestamp and HeaderBinding.

    `content` is the Body's one child in exclusive canonical form. Nothing is parsed back except the header,
    whose binding must be the one a receiver will compute; an answer's header is its request's, so the
    `header_form` of the verified request spares even that.
    """
    body = shell.body(content, "body")
    stamp = _timestamp(at, at + sealing.lifetime)
    form = header_form or binding_form(parse(shell.header + shell.header_end))
    binding = _binding(form, sealing.digest)
    parts = [("body", body), ("timestamp", stamp), ("binding", binding)]
    signature = signature_element(sealing.signer, parts, sealing.digest)
    opening = f'<wsse:Security xmlns:wsse="{WSSE}">'.encode()
    return shell.wrap(body, b"".join((opening, stamp, binding, signature, b"</wsse:Security>")))


def _timestamp(created: datetime, expires: datetime) -> bytes:
    return (
        f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="timestamp"><wsu:Created>{_instant(created)}</wsu:Created>'
        f"<wsu:Expires>{_instant(expires)}</wsu:Expires></wsu:Timestamp>"
    ).encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _binding(form: bytes, digest: DigestAlgorithm) -> bytes:
    value = base64.b64encode(digest.new(form).digest()).decode()
    return (
        f'<kb:HeaderBinding xmlns:kb="{BINDING}" xmlns:wsu="{WSU}" wsu:Id="binding">'
        f'<kb:DigestMethod Algorithm="{digest.uri}"></kb:DigestMethod>'
        f"<kb:DigestValue>{value}</kb:DigestValue></kb:HeaderBinding>"
    ).encode()


def is_signed(header: etree._Element) -> bool:
    """Tell whether a soap:Header carries a wsse:Security with a signature."""
    security = next(header.iterchildren(SECURITY), None)
    return security is not None and security.find(SIGNATURE) is not None


def verify_message(
    root: etree._Element, certificates: Sequence[x509.Certificate], demands: Demands
) -> Verified:
    """Verify a signed message with any of the pinned certificates (two while a key is being changed).

    Raises SignatureError with the reason. The content handed back is parsed from the signed bytes.
    """
    security = only_security(root)
    key, signed = _verify_with_any(root, security, certificates, demands)
    by_tag = {part.target.tag: part for part in signed}
    if set(by_tag) != {_BODY, _TIMESTAMP, _BINDING} or len(signed) != len(by_tag):
        raise SignatureError("the signature must cover exactly Body, Timestamp and HeaderBinding")
    _check_places(root, security, by_tag)
    created = _check_age(by_tag[_TIMESTAMP], demands)
    form = check_binding(root, by_tag[_BINDING], demands.accepted)
    check_dates(key.certificate, demands.clock())
    content = _only_content(by_tag[_BODY])
    return Verified(content=content, signer=key.fingerprint, created_at=created, header_form=form)


def only_security(root: etree._Element) -> etree._Element:
    """Find the one wsse:Security; anything besides Header and Body in the envelope could hide a Body.

    Raises SignatureError.
    """
    strangers = [child for child in root if child.tag not in _ENVELOPE_PARTS]
    if strangers or len(root) != len(_ENVELOPE_PARTS):
        raise SignatureError("a signed envelope must hold one Header and one Body and nothing else")
    if next(root.iter(etree.Comment), None) is not None:
        raise SignatureError("a signed message must hold no comments")
    found = list(root.iter(SECURITY))
    if len(found) != 1 or found[0].getparent() is not root[0]:
        raise SignatureError("the message must hold exactly one wsse:Security, in its Header")
    return found[0]


def only_signature(security: etree._Element) -> etree._Element:
    """Find the one signature of a wsse:Security; raises SignatureError."""
    found = security.findall(SIGNATURE)
    if len(found) != 1:
        raise SignatureError("wsse:Security must hold exactly one signature")
    return found[0]


def _verify_with_any(
    root: etree._Element,
    security: etree._Element,
    certificates: Sequence[x509.Certificate],
    demands: Demands,
) -> tuple[VerificationKey, tuple[SignedPart, ...]]:
    if not certificates:
        raise SignatureError("no certificate is agreed with this client")
    signature = only_signature(security)
    reason = SignatureError("the signature is missing")
    for certificate in certificates:
        try:
            key = verification_key(certificate)
            return key, verify(root, signature, key=key, accepted=demands.accepted)
        except SignatureError as error:
            reason = error
    raise reason


def _check_places(root: etree._Element, security: etree._Element, by_tag: dict[str, SignedPart]) -> None:
    if by_tag[_BODY].target.getparent() is not root:
        raise SignatureError("the signed Body is not the Body of the envelope")
    for tag in (_TIMESTAMP, _BINDING):
        if by_tag[tag].target.getparent() is not security or len(security.findall(tag)) != 1:
            raise SignatureError("the signed Timestamp and HeaderBinding must stand in wsse:Security, once")


def _check_age(part: SignedPart, demands: Demands) -> datetime:
    element = part.element()
    created = _read_instant(element.findtext(q(WSU, "Created")))
    expires = _read_instant(element.findtext(q(WSU, "Expires")))
    now = demands.clock()
    if created > now + demands.clock_skew:
        raise SignatureError("the message was signed in the future: check the clocks")
    latest = now - demands.clock_skew  # nothing is added to the peer's times: they may end the calendar
    if latest > expires or latest - demands.maximum_age > created:
        raise SignatureError("the signature is too old")
    return created


def _read_instant(text: str | None) -> datetime:
    try:
        made = datetime.fromisoformat((text or "").strip())
    except ValueError:
        raise SignatureError("the Timestamp is not a date and time") from None
    if made.tzinfo is None:
        raise SignatureError("the Timestamp has no time zone")
    return made


def check_binding(root: etree._Element, part: SignedPart, accepted: Accepted) -> bytes:
    """Give the X-Road header's form; raises SignatureError unless it is the one the signed HeaderBinding names."""
    element = part.element()
    method = element.find(q(BINDING, "DigestMethod"))
    digest = accepted.digest(method.get("Algorithm", "") if method is not None else "")
    form = binding_form(root[0])
    expected = base64.b64encode(digest.new(form).digest())
    given = (element.findtext(q(BINDING, "DigestValue")) or "").strip().encode()
    if not hmac.compare_digest(expected, given):
        raise SignatureError("the X-Road header is not the one that was signed")
    return form


def _only_content(part: SignedPart) -> etree._Element:
    children = list(part.element())
    if len(children) != 1:
        raise SignatureError("the signed Body must hold exactly one element")
    return children[0]
