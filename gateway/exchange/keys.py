"""The journal's three secrets: one hides bodies, one authenticates rows, one hides whom a row is about."""

import hashlib
import hmac
import os
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.crypto.keys import read_secret
from gateway.exchange.errors import JournalDamaged

NONCE_BYTES = 12


class JournalKeys:
    """The keys, ready to use; bodies written under an `older` body key stay readable."""

    def __init__(self, *, body: bytes, mac: bytes, subject: bytes, older: tuple[bytes, ...] = ()) -> None:
        """Take 32-byte keys."""
        self.body_key_id = _key_id(body)
        self._ciphers = {_key_id(key): AESGCM(key) for key in (*older, body)}
        self._cipher = self._ciphers[self.body_key_id]
        self._mac = hmac.new(mac, digestmod="sha256")
        self._subject = hmac.new(subject, digestmod="sha256")

    def mac_of(self, canonical: bytes) -> bytes:
        """Authenticate a row's canonical bytes: HMAC-SHA256."""
        return _digest(self._mac, canonical)

    def subject_of(self, pin: str) -> bytes:
        """Give the pseudonym under which rows about a person are found: HMAC-SHA256 of the PIN."""
        return _digest(self._subject, pin.encode())

    def hide(self, body: bytes, entry_id: UUID, part: str) -> tuple[str, bytes, bytes]:
        """Encrypt a body (AES-256-GCM, bound to its row and part); gives key id, nonce and ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return self.body_key_id, nonce, self._cipher.encrypt(nonce, body, entry_id.bytes + part.encode())

    def reveal(self, hidden: tuple[str, bytes, bytes], entry_id: UUID, part: str) -> bytes:
        """Decrypt what `hide` gave; raises JournalDamaged when it was changed, moved or has no known key."""
        key_id, nonce, ciphertext = hidden
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise JournalDamaged("the body is encrypted under a key that is not configured")
        try:
            return cipher.decrypt(nonce, ciphertext, entry_id.bytes + part.encode())
        except (InvalidTag, ValueError, TypeError):
            raise JournalDamaged("the body was changed or belongs to another row") from None


def _digest(keyed: hmac.HMAC, content: bytes) -> bytes:
    """Authenticate a content; taking the key in again costs more than the content."""
    made = keyed.copy()
    made.update(content)
    return made.digest()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def read_journal_keys(body_file: Path, mac_file: Path, subject_file: Path) -> JournalKeys:
    """Read the three key files; raises SettingsError naming the one that is missing or open to others."""
    return JournalKeys(
        body=read_secret(body_file), mac=read_secret(mac_file), subject=read_secret(subject_file)
    )
