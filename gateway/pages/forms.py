"""Reading a form: bounded, and only after the page that sends it has proved to be ours."""

import hmac

from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.access.browser import Home
from gateway.access.errors import refused

CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"
_PART_BYTES, _FIELDS, _FILES = 128 * 1024, 400, 20


def check_origin(request: Request, home: Home) -> None:
    """Refuse a change that is not asked for by a page of ours; raises AccessError."""
    origin = request.headers.get("origin")
    if origin is None or not home.is_own(origin, request.headers.get("host", "")):
        raise refused("ORIGIN")


def check_token(request: Request, form: FormData, expected: str) -> None:
    """Refuse a change without the session's token, in the form or in a header; raises AccessError."""
    given = form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise refused("CSRF")


async def read_form(request: Request) -> FormData:
    """Read a form; its bytes are bounded by the route. Raises HTTPException (400, 413)."""
    return await request.form(max_files=_FILES, max_fields=_FIELDS, max_part_size=_PART_BYTES)
