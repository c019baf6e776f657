"""The algorithms we know, each under one short name and its XML Signature identifier (RFC 9231)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from gateway.foundation.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestAlgorithm:
    """A hash function: `new` makes hashlib's object, `primitive` cryptography's."""

    name: str
    uri: str
    new: Callable[..., "hashlib._Hash"]
    primitive: type[hashes.HashAlgorithm]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """A signature algorithm: the family of keys it takes (rsa, rsa-pss, ecdsa) and its hash."""

    name: str
    uri: str
    family: str
    digest: DigestAlgorithm


DIGESTS = {
    made.name: made
    for made in (
        DigestAlgorithm(
            name="sha256",
            uri="http://www.w3.org/2001/04/xmlenc#sha256",
            new=hashlib.sha256,
            primitive=hashes.SHA256,
        ),
        DigestAlgorithm(
            name="sha384",
            uri="http://www.w3.org/2001/04/xmldsig-more#sha384",
            new=hashlib.sha384,
            primitive=hashes.SHA384,
        ),
        DigestAlgorithm(
            name="sha512",
            uri="http://www.w3.org/2001/04/xmlenc#sha512",
            new=hashlib.sha512,
            primitive=hashes.SHA512,
        ),
    )
}

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF = "http://www.w3.org/2007/05/xmldsig-more#"

SIGNATURES = {
    made.name: made
    for digest in DIGESTS.values()
    for made in (
        SignatureAlgorithm(
            name=f"rsa-{digest.name}", uri=f"{_MORE}rsa-{digest.name}", family="rsa", digest=digest
        ),
        SignatureAlgorithm(
            name=f"rsa-pss-{digest.name}",
            uri=f"{_MGF}{digest.name}-rsa-MGF1",
            family="rsa-pss",
            digest=digest,
        ),
        SignatureAlgorithm(
            name=f"ecdsa-{digest.name}", uri=f"{_MORE}ecdsa-{digest.name}", family="ecdsa", digest=digest
        ),
    )
}


def signature_algorithm(name: str) -> SignatureAlgorithm:
    """Look a signature algorithm up; raises SettingsError listing the known ones."""
    if name not in SIGNATURES:
        raise SettingsError(
            f"signature algorithm {name!r} is not known; known: {', '.join(sorted(SIGNATURES))}"
        )
    return SIGNATURES[name]


def digest_algorithm(name: str) -> DigestAlgorithm:
    """Look a digest algorithm up; raises SettingsError listing the known ones."""
    if name not in DIGESTS:
        raise SettingsError(f"digest algorithm {name!r} is not known; known: {', '.join(sorted(DIGESTS))}")
    return DIGESTS[name]
