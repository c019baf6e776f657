"""The key that seals special records, apart from every other key."""

import hashlib
import json
import os
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.foundation.errors import RegistryError

NONCE_BYTES = 12
Sealed = tuple[str, bytes, bytes]


class SpecialKeys:
    """Seals and opens contents; what was sealed under an `older` key stays readable."""

    def __init__(self, key: bytes, *, older: tuple[bytes, ...] = ()) -> None:
        """Take 32-byte keys."""
        self._key_id = _key_id(key)
        self._ciphers = {_key_id(each): AESGCM(each) for each in (*older, key)}

    def seal(self, content: Mapping[str, str], record_id: UUID, person_id: UUID) -> Sealed:
        """Encrypt a content (AES-256-GCM, bound to its record and person); gives key id, nonce, ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(dict(content), ensure_ascii=False, sort_keys=True).encode()
        cipher = self._ciphers[self._key_id]
        return self._key_id, nonce, cipher.encrypt(nonce, plain, record_id.bytes + person_id.bytes)

    def open(self, sealed: Sealed, record_id: UUID, person_id: UUID) -> dict[str, str]:
        """Decrypt what `seal` gave; raises RegistryError when it was changed, moved or has no known key."""
        key_id, nonce, ciphertext = sealed
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise RegistryError("the record is sealed under a key that is not configured")
        try:
            plain = cipher.decrypt(nonce, ciphertext, record_id.bytes + person_id.bytes)
        except InvalidTag:
            raise RegistryError("the record was changed or belongs to another person") from None
        return {str(name): str(value) for name, value in json.loads(plain).items()}


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]
