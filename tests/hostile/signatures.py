"""Hostile WS-Security: the mutants of the profile's own tests over HTTP, and what only a real signer could send."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from lxml import etree

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.foundation.settings import Settings
from gateway.sandbox.agency import NAMESPACE, Wish, about_learner, write_request
from gateway.xroad.envelope import asking_shell, read_message
from gateway.xroad.namespaces import WSSE
from gateway.xroad.security import Sealing, sign_message
from tests.hostile.probe import CANARY_PIN, TEXT_XML, Probe, post
from tests.pki import signer
from tests.xroad.test_security import MUTANTS

_DAY = date(1999, 12, 31)


def signatures(settings: Settings) -> Iterator[Probe]:
    """Everything that may be wrong with a signature an agreement demands."""
    yield post("signed as agreed", _signed(settings), "legal")
    for number, change in enumerate(MUTANTS):
        name = change.__qualname__.split(".")[0].strip("_")
        yield post(f"mutant {number} {name}", _mutated(settings, change), "fault")
    yield from _changed(settings)
    yield from _resigned(settings)


def _signed(settings: Settings) -> bytes:
    return write_request(
        settings, Wish(service_code="getLearnerStatus", about=about_learner(CANARY_PIN, _DAY)), signed=True
    )


def _mutated(settings: Settings, change) -> bytes:
    """Change a real request the way a mutant changes its own, whose content has another name."""
    signed = _signed(settings)
    content = etree.tostring(read_message(signed, TEXT_XML).content)
    other = content.replace(CANARY_PIN.encode(), b"10101202012345")
    root = etree.fromstring(signed)
    for pin in root.iter(f"{{{NAMESPACE}}}pin"):
        pin.tag = "{urn:p}pin"  # the mutants know the PIN by this name
    change(root)
    for pin in root.iter("{urn:p}pin"):
        if pin.getparent().tag == f"{{{NAMESPACE}}}subject":
            pin.tag = f"{{{NAMESPACE}}}pin"
    written = etree.tostring(root)
    return written.replace(b'<p:getThing xmlns:p="urn:p"><p:pin>9</p:pin></p:getThing>', other)


def _changed(settings: Settings) -> Iterator[Probe]:
    """Bytes put into a signed request or taken from it."""

    def swapped(name: str, old: str, new: str) -> Probe:
        signed = _signed(settings)
        assert old.encode() in signed, name
        return post(name, signed.replace(old.encode(), new.encode()), "fault")

    signed = _signed(settings)
    start, end = signed.index(b"<wsse:Security"), signed.index(b"</wsse:Security>") + len(b"</wsse:Security>")
    yield post("not signed where agreed", signed[:start] + signed[end:], "fault", "SIGNATURE_INVALID")
    yield post(
        "an empty Security",
        signed[:start] + f'<w:Security xmlns:w="{WSSE}"/>'.encode() + signed[end:],
        "fault",
        "SIGNATURE_INVALID",
    )
    token = f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>a</w:Username></w:UsernameToken></w:Security>'
    yield post(
        "a password instead", signed[:start] + token.encode() + signed[end:], "fault", "SIGNATURE_INVALID"
    )
    yield swapped(
        "a relative namespace in the Body",
        f'xmlns:isuo="{NAMESPACE}">',
        f'xmlns:isuo="{NAMESPACE}" xmlns:r="r">',
    )
    yield swapped("a relative namespace in SignedInfo", "<ds:SignedInfo", '<ds:SignedInfo xmlns:r="r"')
    crowd = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(60))
    yield swapped(
        "60 namespaces and 3,000 elements in the Body",
        "<isuo:context>",
        f"<a {crowd}>{'<c/>' * 3_000}</a><isuo:context>",
    )
    yield swapped(
        "3,000 attributes in the Body",
        "<isuo:context>",
        "<isuo:context " + " ".join(f'a{n}=""' for n in range(3_000)) + ">",
    )
    reference = signed[signed.index(b"<ds:Reference") : signed.index(b"</ds:Reference>") + 15].decode()
    yield swapped("5,000 references", reference, reference * 5_000)
    yield swapped("a value of a megabyte", "<ds:SignatureValue>", f"<ds:SignatureValue>{'A' * 1_000_000}")
    yield swapped("a value that is no base64", "<ds:SignatureValue>", "<ds:SignatureValue>!?*")
    yield swapped("an id of a pattern", 'wsu:Id="body"', 'wsu:Id="body&#10;"')
    yield swapped("a request of another purpose", "SF_SURVIVOR", "DOCUMENT_CHECK")
    yield swapped("another's client", "70000003", "70000011")
    yield swapped("comments in the PIN", CANARY_PIN, "<!-- -->".join(CANARY_PIN))
    info = '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/key"/></ds:KeyInfo></ds:Signature>'
    yield swapped("a key to be fetched", "</ds:Signature>", info)
    info = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{'A' * 100_000}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    yield swapped("a certificate of nonsense", "</ds:Signature>", f"{info}{info}</ds:Signature>")


def _resigned(settings: Settings) -> Iterator[Probe]:
    """Messages signed anew: with a stranger's key, too early, too late, and by the true key with wild times."""
    now = datetime.now(UTC)
    own = FileSigner(*_pair(settings), signature_algorithm("rsa-sha256"))
    for name, key, at in (
        ("a stranger's key", signer("stranger"), now),
        ("signed an hour ago", own, now - timedelta(hours=1)),
        ("signed in an hour", own, now + timedelta(hours=1)),
        ("signed in the year 1", own, datetime(1, 1, 2, tzinfo=UTC)),
        ("signed in the year 9999", own, datetime(9999, 12, 31, tzinfo=UTC) - timedelta(days=1)),
    ):
        yield post(name, _sign(settings, key, at), "fault", "SIGNATURE_INVALID")
    for name, lifetime in (
        ("valid until the year 9999", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - now),
        ("valid until before it was signed", timedelta(days=-400)),
    ):
        verdict = "legal" if "9999" in name else "fault"
        yield post(name, _sign(settings, own, now, lifetime=lifetime), verdict)


def _pair(settings: Settings):
    certificate = settings.path(settings.agreements["social_fund"].certificate_files[0])
    return certificate.with_suffix(".key"), certificate


def _sign(settings: Settings, key, at: datetime, *, lifetime: timedelta = timedelta(minutes=5)) -> bytes:
    message = read_message(_signed(settings), TEXT_XML)
    content = etree.tostring(message.content, method="c14n", exclusive=True)
    shell = asking_shell(message.header)
    return sign_message(shell, content, Sealing(signer=key, lifetime=lifetime), at=at)
