"""An OpenAPI 3.1 description out of the same contract that SOAP is checked against."""

from collections.abc import Iterable
from typing import Any

from gateway.xroad.rest.headers import (
    CLIENT,
    ISSUE,
    MESSAGE_ID,
    PARTY,
    REQUEST_ID,
    SECURITY_SERVER,
    SERVICE,
    USER_ID,
)
from gateway.xroad.rest.json_schema import Schemas, described
from gateway.xroad.rest.plan import Service, Titles
from gateway.xroad.rest.problems import STATUSES

OPENAPI = "3.1.0"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON = "application/json"
_ABOUT = (
    "The services of the WSDL as X-Road REST: JSON by the same schema, arrays exactly where an element may repeat. "
    "Call them through a security server. The version stands behind the service code; an address without it means "
    "the first version. Errors have the form {type, message, detail}; detail names the cure."
)
_REQUEST_HEADERS = (
    (CLIENT, True, "Who asks: instance/class/member/subsystem, each part percent-encoded; exactly once."),
    (MESSAGE_ID, False, "The message's id, a UUID; the security server makes one where it is absent."),
    (USER_ID, True, "The person who asks, at the asking agency."),
    (ISSUE, True, "The case in which is asked."),
    (PARTY, False, "Another member for whom is asked: [class/]code."),
    (SECURITY_SERVER, False, "The security server to use: instance/class/member/serverCode."),
)
_ANSWER_HEADERS = (
    (CLIENT, "As it was asked."),
    (MESSAGE_ID, "As it was asked, or made by the security server."),
    (SERVICE, "instance/class/member/subsystem/serviceCode."),
    (REQUEST_ID, "The security server's own id of this exchange."),
)
_REASONS = {
    400: "A header or the body is wrong; the message names the header or, as a JSON pointer, the part of the body.",
    403: "No agreement in force, a purpose outside it, or an agreement that demands signed requests (ask by SOAP).",
    404: "No such service or version here.",
    405: "Services are asked by POST.",
    408: "The body did not arrive in time.",
    409: "The message id was used before for another message.",
    413: "The body is too large.",
    415: "The body is not JSON in UTF-8, or compressed.",
    500: "The service could not answer; detail holds the correlation id.",
    503: "The service cannot answer just now; send the same bytes again later.",
}
_PROBLEM = {
    "type": "object",
    "properties": {"type": {"type": "string"}, "message": {"type": "string"}, "detail": {"type": "string"}},
    "required": ["type", "message", "detail"],
}


def describe(services: Iterable[Service], base: str, *, service_code: str = "") -> dict[str, Any]:
    """Describe services that stand under a base address, each at /code/version.

    With a service code only that service is described, at /version under its own address: that is how a
    security server knows it, by one address for each service code.
    """
    chosen = [one for one in services if service_code in {"", one.service_code}]
    schemas = Schemas()
    paths = {_path(one, service_code): {"post": _operation(one, schemas)} for one in chosen}
    versions = sorted({one.service_version for one in chosen})
    return {
        "openapi": OPENAPI,
        "jsonSchemaDialect": DIALECT,
        "info": {"title": "Köpürö", "version": ", ".join(versions), "description": _ABOUT},
        "servers": [{"url": f"{base}/{service_code}" if service_code else base}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM},
            "parameters": {
                name: _parameter(name, text, required=required) for name, required, text in _REQUEST_HEADERS
            },
            "headers": {name: _header(text) for name, text in _ANSWER_HEADERS},
            "responses": {f"Problem{status}": _refusal(status) for status in STATUSES},
        },
    }


def _path(service: Service, under: str) -> str:
    return f"/{service.service_version}" if under else f"/{service.service_code}/{service.service_version}"


def _operation(service: Service, schemas: Schemas) -> dict[str, Any]:
    code = service.service_code
    request = schemas.message(service.request, code)
    answer = schemas.message(service.answer, f"{code}Response")
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name, _ in _ANSWER_HEADERS}
    refusals = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in STATUSES}
    return {
        "operationId": f"{code}_{service.service_version}" if service.service_version else code,
        "summary": dict(service.titles).get("en", code),
        **described(_said(service)),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name, *_ in _REQUEST_HEADERS],
        "requestBody": {"required": True, "content": {_JSON: {"schema": request}}},
        "responses": {
            "200": {"description": "The answer.", "headers": headers, "content": {_JSON: {"schema": answer}}},
            **refusals,
        },
    }


def _said(service: Service) -> Titles:
    notes = dict(service.notes)
    return tuple(
        (language, f"{title}. {notes.get(language, '')}".strip()) for language, title in service.titles
    )


def _parameter(name: str, text: str, *, required: bool) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": {"type": "string"},
        "description": text,
    }


def _header(text: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "description": text}


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _REASONS[status], "content": {_JSON: {"schema": schema}}}
