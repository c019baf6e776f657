"""The second factor's secret as a picture that a telephone reads, and as letters that a person types."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import segno


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPicture:
    """A QR code as one SVG path over `size` × `size` modules, and the secret in groups of four."""

    size: int
    path: str
    letters: str


def secret_picture(address: str) -> SecretPicture:
    """Draw an otpauth:// address."""
    code = segno.make(address, error="m", micro=False)
    runs = [
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(code.matrix_iter(border=4))
        for x, dark in enumerate(row)
        if dark
    ]
    secret = parse_qs(urlsplit(address).query).get("secret", [""])[0]
    letters = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    return SecretPicture(size=int(code.symbol_size(border=4)[0]), path="".join(runs), letters=letters)
