"""Time-based one-time codes (RFC 6238): six digits, SHA-1 as every authenticator expects, 30 seconds a step."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS, DIGITS, SECRET_BYTES = 30, 6, 20
_STEPS_OFF = (0, -1, 1)


def make_secret() -> bytes:
    """Make a new secret of 160 bits."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Give the code of a step (RFC 4226, dynamic truncation)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    place = mac[-1] & 0x0F
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(secret: bytes, code: str, *, at: datetime, after: int) -> int | None:
    """Find the step a code belongs to: this one or a neighbour, and later than the last one used."""
    now = int(at.timestamp()) // STEP_SECONDS
    for off in _STEPS_OFF:
        step = now + off
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def address_of(secret: bytes, *, account: str, issuer: str) -> str:
    """Give the otpauth:// address an authenticator reads as a QR code."""
    shared = base64.b32encode(secret).decode().rstrip("=")
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': shared, 'issuer': issuer})}"
