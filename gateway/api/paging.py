"""Pages by cursor: where to go on, opaque to whoever carries it, and no secret; reach is decided on every page."""

import base64
import binascii
from typing import Annotated

from pydantic import Field

from gateway.foundation.errors import InputRefused

_LONGEST = 200
Limit = Annotated[int, Field(ge=1, le=200, description="How many rows a page holds at most")]
Cursor = Annotated[str, Field(max_length=_LONGEST, description="`next_cursor` of the page before")]


def cursor_of(place: str) -> str:
    """Make a cursor of the last row's place in a stable order."""
    return base64.urlsafe_b64encode(f"1:{place}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> str:
    """Read a cursor; the empty one is the beginning. Raises InputRefused for what is none."""
    if not cursor:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    version, _, place = text.partition(":")
    if version != "1" or not place or not place.isprintable():
        raise InputRefused((("cursor", "NOT_A_CURSOR"),))
    return place
