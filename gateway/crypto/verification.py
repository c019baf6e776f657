"""Check a raw signature: the counterpart of `Signer.sign`, for seals, tokens and whatever is not XML."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.crypto.certificates import PublicKey
from gateway.crypto.digest import SignatureAlgorithm
from gateway.foundation.errors import SignatureError


def verify_bytes(key: PublicKey, algorithm: SignatureAlgorithm, *, signature: bytes, data: bytes) -> None:
    """Return if the signature (for ECDSA: r ‖ s) fits the bytes; raises SignatureError with the reason."""
    digest = algorithm.digest.primitive()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm.family in {"rsa", "rsa-pss"}:
            key.verify(signature, data, _padding(algorithm, digest), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.family == "ecdsa":
            key.verify(_as_der(signature, (key.key_size + 7) // 8), data, ec.ECDSA(digest))
        else:
            raise SignatureError(f"{algorithm.name} cannot be checked with the certificate's kind of key")
    except InvalidSignature:
        raise SignatureError("the signature does not fit what was signed") from None


def _padding(algorithm: SignatureAlgorithm, digest: hashes.HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.family == "rsa-pss":
        return padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def _as_der(signature: bytes, size: int) -> bytes:
    """Turn r ‖ s (RFC 9231 §2.3.6) into the form cryptography takes."""
    if len(signature) != 2 * size:
        raise SignatureError(f"an ECDSA signature of this key has {2 * size} bytes")
    return encode_dss_signature(
        int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    )
