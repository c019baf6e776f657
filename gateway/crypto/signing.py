"""XML signatures of our own, written as canonical bytes and signed through `Signer`."""

import base64
from collections.abc import Iterable
from functools import lru_cache

from cryptography import x509

from gateway.crypto.certificates import fingerprint
from gateway.crypto.digest import DigestAlgorithm, SignatureAlgorithm
from gateway.crypto.keys import Signer
from gateway.crypto.signature import DS, EXCLUSIVE


def signature_element(signer: Signer, digests: Iterable[tuple[str, bytes]], digest: DigestAlgorithm) -> bytes:
    """Make a ds:Signature over (id, canonical bytes) pairs, each referenced by `#id` under exclusive C14N.

    SignedInfo is written in its own canonical form, so no second parse is needed to sign it; a test compares
    it with lxml's canonicalisation.
    """
    info = _signed_info(signer.algorithm, digests, digest)
    value = base64.b64encode(signer.sign(info)).decode()
    return (
        f'<ds:Signature xmlns:ds="{DS}">'.encode()
        + info
        + f"<ds:SignatureValue>{value}</ds:SignatureValue>".encode()
        + _key_info(signer.certificate)
        + b"</ds:Signature>"
    )


@lru_cache(maxsize=16)
def _key_info(certificate: x509.Certificate) -> bytes:
    name = f"sha256:{fingerprint(certificate)}"
    return f"<ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo>".encode()


def _signed_info(
    algorithm: SignatureAlgorithm, parts: Iterable[tuple[str, bytes]], digest: DigestAlgorithm
) -> bytes:
    references = "".join(
        f'<ds:Reference URI="#{name}"><ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{digest.uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest.new(content).digest()).decode()}</ds:DigestValue>"
        "</ds:Reference>"
        for name, content in parts
    )
    return (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm.uri}"></ds:SignatureMethod>{references}</ds:SignedInfo>'
    ).encode()
