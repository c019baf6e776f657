"""Error pages in three languages; none of them repeats what was sent or says what went wrong inside."""

import secrets

from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from gateway.access.errors import NOT_FOUND
from gateway.access.sessions import SIGN_IN_REQUIRED
from gateway.foundation.errors import AccessError, ConcurrentChange, InputRefused, KopuroError
from gateway.foundation.logging import get_logger
from gateway.pages.guard import LIVE_HEADER, Reception
from gateway.pages.visit import Visit

_log = get_logger(__name__)
_SAID = {
    400: "bad",
    403: "forbidden",
    404: "missing",
    405: "method",
    409: "changed",
    413: "large",
    500: "broken",
}
_UNAVAILABLE = 503


def mishap_handlers(reception: Reception) -> dict[int | type[Exception], ExceptionHandler]:
    """Give the handlers of a Starlette application."""

    async def answer(request: Request, error: Exception) -> Response:
        visit: Visit = getattr(request.state, "visit", None) or reception.stranger(request)
        return mishap(visit, _status(error), error)

    return {
        HTTPException: answer,
        KopuroError: answer,
        OperationalError: answer,
        IntegrityError: answer,
        DataError: answer,
        500: answer,
    }


def mishap(visit: Visit, status: int, error: Exception | None = None) -> Response:
    """Make the page of a status; with a number by which the log is searched where the fault is ours."""
    number = ""
    if status >= 500:
        number = secrets.token_hex(4)
        _log.error("page_failed", number=number, error=type(error).__name__, path=_route(visit.request))
    if LIVE_HEADER in visit.request.headers:
        return Response(status_code=status, headers={"Cache-Control": "no-store"})
    said = _SAID.get(status, "later" if status >= 500 else "bad")
    return visit.render(
        "pages/mishap.html", status=status, said=said, http_status=status, number=number, here="/"
    )


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, AccessError):
        return {NOT_FOUND: 404, SIGN_IN_REQUIRED: 403}.get(error.code, 403)
    if isinstance(error, InputRefused | DataError):
        return 400
    if isinstance(error, ConcurrentChange | IntegrityError):
        return 409
    if isinstance(error, KopuroError | OperationalError):
        return _UNAVAILABLE
    return 500


def _route(request: Request) -> str:
    """Name the route and not the address, which may hold what somebody typed."""
    route = request.scope.get("route")
    return str(getattr(route, "path", ""))
