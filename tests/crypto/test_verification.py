"""Raw signatures: what `Signer.sign` made is accepted, and nothing else."""

import pytest

from gateway.crypto.certificates import public_key
from gateway.crypto.digest import SIGNATURES
from gateway.crypto.verification import verify_bytes
from gateway.foundation.errors import SignatureError
from tests.pki import signer


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_a_signature_fits_its_bytes_key_and_algorithm_only(name: str) -> None:
    """Changed bytes, a changed or cut signature, another key and another algorithm are all refused."""
    own, data = signer("raw", name), b"what was said"
    key, algorithm, signature = public_key(own.certificate), SIGNATURES[name], own.sign(data)
    verify_bytes(key, algorithm, signature=signature, data=data)
    for wrong in (signature[:-1], b"", signature[:-1] + bytes([signature[-1] ^ 1]), bytes(len(signature))):
        with pytest.raises(SignatureError):
            verify_bytes(key, algorithm, signature=wrong, data=data)
    with pytest.raises(SignatureError):
        verify_bytes(key, algorithm, signature=signature, data=data + b"!")
    with pytest.raises(SignatureError):
        verify_bytes(public_key(signer("other", name).certificate), algorithm, signature=signature, data=data)
    for other in SIGNATURES.values():
        if other != algorithm:
            with pytest.raises(SignatureError):
                verify_bytes(key, other, signature=signature, data=data)
