"""The secrets of access, derived from one key: digests of what must be found again, encryption of what is used."""

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.crypto.keys import read_secret
from gateway.foundation.errors import AccessError
from gateway.foundation.settings import Settings
from gateway.foundation.tls import UNSET

_NONCE_BYTES = 12


class AccessKeys:
    """Derived keys, one for each use."""

    def __init__(self, master: bytes) -> None:
        """Take a 32-byte key."""
        self._find = _derive(master, "find")
        self._cipher = AESGCM(_derive(master, "secret"))

    def digest(self, use: str, value: str) -> bytes:
        """Give a keyed digest by which a value is found without being stored: HMAC-SHA256."""
        return hmac.digest(self._find, f"{use}:{value}".encode(), "sha256")

    def seal(self, secret: bytes, owner: bytes) -> bytes:
        """Encrypt a secret for its owner (AES-256-GCM): nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, owner)

    def unseal(self, sealed: bytes, owner: bytes) -> bytes:
        """Decrypt what `seal` gave; raises AccessError when it was changed or belongs to another."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner)
        except InvalidTag:
            raise AccessError("a stored secret cannot be read with this key", code="SECRET") from None


def _derive(master: bytes, use: str) -> bytes:
    return hmac.digest(master, f"kopuro access {use}".encode(), "sha256")


def read_access_keys(settings: Settings) -> AccessKeys:
    """Read the key of access, or derive it from the journal's subject key; raises SettingsError."""
    file: Path = settings.access.key_file
    return AccessKeys(
        read_secret(settings.path(settings.journal.subject_key_file if file == UNSET else file))
    )
