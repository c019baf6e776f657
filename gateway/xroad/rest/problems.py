"""Technical errors in X-Road's REST form: an HTTP status and `{"type","message","detail"}`; fixed sentences only."""

import json

from gateway.foundation.errors import AccessError, ContractError, KopuroError
from gateway.xroad.faults import INTERNAL, TEMPORARY

_BAD_REQUEST = 400
_STATUS = {
    TEMPORARY: 503,
    INTERNAL: 500,
    "Client.AGREEMENT_MISSING": 403,
    "Client.PURPOSE_NOT_ALLOWED": 403,
    "Client.SIGNATURE_INVALID": 403,
    "Client.unknown_service": 404,
    "Client.invalid_http_method": 405,
    "Client.TOO_SLOW": 408,
    "Client.REPLAY": 409,
    "Client.TOO_LARGE": 413,
    "Client.invalid_content_type": 415,
}
STATUSES = (*sorted({_BAD_REQUEST, *_STATUS.values()}),)
_IN_REST = {
    "USER_MISSING": "the request must say who asks: X-Road-UserId",
    "ISSUE_MISSING": "the request must name the case: X-Road-Issue",
}


def status_of(code: str) -> int:
    """Give the HTTP status of an error code as `fault_code_of` writes it."""
    return _STATUS.get(code, _BAD_REQUEST)


def write_problem(code: str, sentence: str, *, hint: str = "", correlation_id: str = "") -> bytes:
    """Write an error body; `detail` holds the cure and the id under which our journal knows the exchange."""
    known = f"correlation id {correlation_id}" if correlation_id else ""
    detail = "; ".join(part for part in (hint, known) if part)
    body = {"type": code, "message": sentence, "detail": detail}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def in_rest(error: KopuroError, wrapper: str) -> KopuroError:
    """Say the same error in REST's words: a JSON pointer for a path of elements, header fields for XML ones."""
    if isinstance(error, AccessError) and error.code in _IN_REST:
        return AccessError(_IN_REST[error.code], code=error.code)
    if not isinstance(error, ContractError):
        return error
    steps = [step for step in error.where.split("/") if step]
    pointer = "/".join(["", *(steps[1:] if steps[:1] == [wrapper] else steps)])
    return ContractError(str(error), code=error.code, where=pointer or "the whole body", hint=error.hint)
