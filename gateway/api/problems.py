"""Every error as application/problem+json in the reader's language; nothing that was sent is sent back."""

import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from gateway.access.errors import TooManyAttempts
from gateway.access.sentences import FIELDS as ACCESS_FIELDS
from gateway.access.sentences import REFUSALS
from gateway.access.token import NOT_SET
from gateway.api.operations_sentences import OPERATIONS_REFUSALS, operations_reason
from gateway.api.refusals import API_REFUSALS, ApiRefusal
from gateway.exchange.asking.grammar import QueryError
from gateway.exchange.asking.sentences import explain_query_error
from gateway.foundation.errors import AccessError, ConcurrentChange, InputRefused, KopuroError, RegistryError
from gateway.intake.applications import FIELDS
from gateway.intake.order_sentences import order_reason
from gateway.intake.reasons import LANGUAGES, choose_language, sentence
from gateway.intake.signature_sentences import SIGNATURE_REASONS

_TITLES = {
    "INPUT": ("Киргизилгенде каталар бар", "Во введённых данных есть ошибки", "The input has errors"),
    "TOKEN": (
        "Жарактуу токен керек",
        "Нужен действительный токен доступа",
        "A valid access token is required",
    ),
    "CLOSED": (
        "API жабык: KOPURO_SERVER__API_TOKEN коюңуз",
        "API закрыт: задайте KOPURO_SERVER__API_TOKEN",
        "The API is closed: set KOPURO_SERVER__API_TOKEN",
    ),
    "NOT_FOUND": ("Табылган жок", "Не найдено", "Not found"),
    "CHANGED": (
        "Аны башка бирөө өзгөрттү: кайра окуп, кайталаңыз",
        "Запись уже изменена: прочитайте её снова и повторите",
        "Somebody else was first: read it again and retry",
    ),
    "LATER": (
        "Азыр жооп берүүгө болбойт: кийинчерээк кайталаңыз",
        "Сейчас ответить нельзя: повторите позже",
        "There is no answer just now: try again later",
    ),
    "REFUSED": ("Реестр четке какты", "Реестр отклонил изменение", "The registry refuses the change"),
}
_REFUSED = {**REFUSALS, **OPERATIONS_REFUSALS}
_TITLES |= {code: sentences for code, (_, sentences) in (*_REFUSED.items(), *API_REFUSALS.items())}
_KNOWN_FIELDS = frozenset(FIELDS) | {
    "login", "password", "old_password", "code", "kind", "reference", "place", "role", "valid_from", "valid_until",
    "territory", "child_isuo_no", "class_id", "order_no", "order_on", "evidence", "evidence_ref", "held_on",
    "organisation_id", "child_id",
    "topic", "signed_on", "paper_location", "scan_sha256", "reason", "account_id", "grant_id", "notice_id", "level",
    "document", "series", "number", "names", "decision", "by", "candidate", "limit", "case_id", "isuo_no",
    "x-user-id", "name", "birth_date", "pin", "organisation_code", "status", "grade", "cursor", "after", "on",
    "as_of", "known_at", "enrolment_id", "effective_on", "until_on", "reason_code", "to_organisation_code", "form",
    "cancels_id", "step", "free_places", "hold_days", "position_code", "kind_code", "start_on", "contract_no",
    "fte", "from_on", "end_on", "transfer_id", "employment_id", "idempotency-key", "if-match", "academic_year",
    "version", "note", "exchange_ids", "exchange_id", "incident_id", "agency", "service", "fault_code", "since",
    "until", "mode", "per_minute", "stop_after", "parameters", "urgent", "quiet_from", "quiet_until", "enabled",
    "exam_code", "taken_on", "points", "certificate_no", "part", "corrects", "package_id",
    "channels", "address", "language", "run_id", "rule_id", "channel_id", "job_id", "letter_id", "position", "task",
    "open", "query", "q",
}  # fmt: skip
_REASONS = {
    "missing": "REQUIRED",
    "extra_forbidden": "UNKNOWN_FIELD",
    "json_invalid": "JSON",
    "date_from_datetime_parsing": "DATE",
    "date_parsing": "DATE",
    "date_type": "DATE",
    "datetime_from_date_parsing": "TIME",
    "timezone_aware": "TIME",
    "greater_than_equal": "RANGE",
    "less_than_equal": "RANGE",
    "greater_than": "RANGE",
    "string_too_long": "TOO_LONG",
    "string_too_short": "REQUIRED",
}
_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:kopuro:problem:"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {"field": _TEXT, "code": _TEXT, "message": _TEXT},
            },
        },
    },
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    kind: {"description": sentence, "content": {"application/problem+json": {"schema": _PROBLEM}}}
    for kind, sentence in (
        ("4XX", "Refused: what is wrong, in the language of Accept-Language"),
        ("5XX", "No answer just now"),
    )
}


def problem(
    request: Request, status: int, kind: str, problems: Sequence[tuple[str, str]] = ()
) -> JSONResponse:
    """Build the answer to a request that failed: its kind, and which fields are wrong why."""
    language = choose_language(request.headers.get("accept-language"))
    title = _TITLES[kind][LANGUAGES.index(language)]
    errors = [{"field": field, "code": code, "message": _say(code, language)} for field, code in problems]
    content = {
        "type": f"urn:kopuro:problem:{kind.lower()}",
        "title": title,
        "status": status,
        "detail": "; ".join(error["message"] for error in errors) or title,
        "errors": errors,
    }
    headers = {"Content-Language": language}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


def _say(code: str, language: str) -> str:
    spoken = (
        ACCESS_FIELDS.get(code)
        or SIGNATURE_REASONS.get(code)
        or order_reason(code)
        or operations_reason(code)
    )
    return spoken[LANGUAGES.index(language)] if spoken else sentence(code, language)


def query_problem(request: Request, error: QueryError) -> JSONResponse:
    """Build the answer to a query line that cannot be read: where it is wrong and why, without the word itself."""
    language = choose_language(request.headers.get("accept-language"))
    title = _TITLES["INPUT"][LANGUAGES.index(language)]
    message = explain_query_error(error, language, word=f"#{error.at + 1}")
    content = {
        "type": "urn:kopuro:problem:input",
        "title": title,
        "status": 422,
        "detail": message,
        "errors": [{"field": "q", "code": f"QUERY_{error.code}", "message": message}],
    }
    headers = {"Content-Language": language}
    return JSONResponse(content, 422, headers=headers, media_type="application/problem+json")


class ProblemRoute(APIRoute):
    """A route that answers its own errors: the framework's default answer would echo the input."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as refused:
                return problem(request, 422, "INPUT", _problems(refused))
            except InputRefused as refused:
                return problem(request, 422, "INPUT", refused.problems)
            except QueryError as refused:
                return query_problem(request, refused)
            except DataError:
                # a character or a number the database has no place for
                return problem(request, 422, "INPUT", [("body", "TEXT")])
            except (KopuroError, HTTPException, IntegrityError, OperationalError) as refused:
                answered = problem(request, *_status(refused))
                if isinstance(refused, TooManyAttempts):
                    answered.headers["Retry-After"] = str(math.ceil(refused.seconds))
                return answered

        return answer


def _status(refused: Exception) -> tuple[int, str]:
    if isinstance(refused, ApiRefusal):
        return refused.status, refused.kind
    if isinstance(refused, AccessError):
        if refused.code in _REFUSED:
            return _REFUSED[refused.code][0], refused.code
        return (503, "CLOSED") if refused.code == NOT_SET else (401, "TOKEN")
    if isinstance(refused, HTTPException):
        return refused.status_code, "NOT_FOUND"
    if isinstance(refused, RegistryError | IntegrityError):
        # two writers met at a constraint: the loser reads again
        return 409, "CHANGED" if isinstance(refused, ConcurrentChange | IntegrityError) else "REFUSED"
    return 503, "LATER"


def _problems(refused: RequestValidationError) -> list[tuple[str, str]]:
    """Name fields we know and reasons; a key somebody invented may itself be personal data."""
    found = []
    for error in refused.errors():
        names = [str(part) for part in error["loc"] if str(part) in _KNOWN_FIELDS]
        found.append((names[-1] if names else "body", _REASONS.get(error["type"], "TEXT")))
    return found
