"""Keep an uploaded file encrypted until it is imported: AES-256-GCM, bound to its batch."""

import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.foundation.errors import RegistryError

_NONCE_BYTES = 12


def lock_away(content: bytes, *, key: bytes, batch_id: UUID) -> bytes:
    """Encrypt a file; the nonce stands before the ciphertext."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, batch_id.bytes)


def bring_out(sealed: bytes, *, key: bytes, batch_id: UUID) -> bytes:
    """Decrypt a file; raises RegistryError when the key, the batch or a bit of it is another."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], batch_id.bytes)
    except InvalidTag:
        raise RegistryError(
            "the uploaded file cannot be decrypted: its key was changed or it is damaged"
        ) from None
