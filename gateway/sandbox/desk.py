"""The conformance desk: paste or post a message, read which rules it keeps. Part of the sandbox alone.

A message is examined in memory and shown to whoever sent it; it is neither stored nor logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.foundation.xml import MAX_BYTES
from gateway.sandbox.desk_page import PATH, STYLE, STYLE_PATH, Asked, write_page
from gateway.xroad.conformance import Against, Provider, Report, examine
from gateway.xroad.fault_catalogue import LANGUAGES, Language

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 8
_DEFAULT: Language = "ky"
_CHARSET = re.compile(r"""(?:charset|encoding)\s*=\s*["']?([\w.\-]+)""", re.IGNORECASE)
_PASTED = {"windows-1251": "cp1251", "cp1251": "cp1251", "koi8-r": "koi8-r", "iso-8859-1": "iso-8859-1"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
}


class TooLargeError(Exception):
    """The posted body is larger than any message may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A message to examine, as bytes and as it is shown in the form."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    asked: Asked


def desk_routes(provider: Provider | None) -> list[BaseRoute]:
    """Give the desk's addresses; with a provider, requests to its services are held against its contract too."""

    async def desk(request: Request) -> Response:
        language = language_of(request)
        if request.method != "POST":
            return _page(write_page(language, Asked()))
        try:
            posted = await _read(request)
        except TooLargeError:
            return _plain(f"at most {MAX_BYTES} bytes", 413)
        except ValueError:
            return _plain(f"at most {_MOST_FIELDS} fields", 400)
        report = await run_in_threadpool(_examine, posted, provider)
        told = report.as_json(language)
        if _wants_json(request.headers.get("accept", "")):
            return JSONResponse(told, headers=HEADERS)
        return _page(write_page(language, posted.asked, told))

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers=HEADERS)

    return [Route(PATH, desk, methods=["GET", "POST"]), Route(STYLE_PATH, style, methods=["GET"])]


def language_of(request: Request) -> Language:
    """Choose a language: ?lang=, then Accept-Language, then Kyrgyz; `kg` is taken for `ky`."""
    wished = [request.query_params.get("lang", ""), *_by_weight(request.headers.get("accept-language", ""))]
    for each in wished:
        short = each.lower().partition("-")[0].replace("kg", "ky")
        for language in LANGUAGES:
            if short == language:
                return language
    return _DEFAULT


def _examine(posted: Posted, provider: Provider | None) -> Report:
    side: Literal["request", "response"] = "response" if posted.asked.side == "response" else "request"
    against = Against(side=side, provider=provider)
    return examine(posted.body, posted.asked.content_type, headers=posted.headers, against=against)


async def _read(request: Request) -> Posted:
    """Take a form or a bare message; raises TooLargeError, or ValueError for a form of too many fields."""
    body = await _body(request)
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() == _FORM:
        return _from_form(body)
    asked = Asked(
        message=body.decode("utf-8", "replace"),
        content_type=content_type,
        soap_action=request.headers.get("soapaction", ""),
        side=request.query_params.get("side", ""),
    )
    return Posted(body=body, headers=dict(request.headers), asked=asked)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLargeError
    return bytes(body)


def _from_form(body: bytes) -> Posted:
    fields = parse_qs(
        body.decode("utf-8", "replace"),
        keep_blank_values=True,
        max_num_fields=_MOST_FIELDS,
        encoding="utf-8",
        errors="replace",
    )
    told = {name: values[0] for name, values in fields.items() if name in Asked.__dataclass_fields__}
    asked = Asked(**told)
    headers = {"SOAPAction": asked.soap_action} if asked.soap_action else {}
    return Posted(body=_encoded(asked.message, asked.content_type), headers=headers, asked=asked)


def _encoded(message: str, content_type: str) -> bytes:
    """Write pasted text in the encoding it names itself, as its sender would have; else in UTF-8."""
    named = _CHARSET.search(content_type) or _CHARSET.search(message[:200].partition("?>")[0])
    codec = _PASTED.get(named[1].lower(), "utf-8") if named else "utf-8"
    return message.encode(codec, "xmlcharrefreplace")


def _wants_json(accept: str) -> bool:
    """Tell whether JSON is asked for by name, and before HTML."""
    wished = _by_weight(accept)
    if "application/json" not in wished:
        return False
    return "text/html" not in wished or wished.index("application/json") < wished.index("text/html")


def _by_weight(header: str) -> list[str]:
    """Give the values of an Accept header, the most wanted first."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(","):
        value, _, parameters = part.partition(";")
        found = re.search(r"q\s*=\s*([01](?:\.\d{0,3})?)", parameters)
        weighed.append((-float(found[1]) if found else -1.0, value.strip()))
    return [value for weight, value in sorted(weighed, key=lambda pair: pair[0]) if weight < 0]


def _page(content: str) -> Response:
    return Response(content, media_type="text/html", headers=HEADERS)


def _plain(content: str, status: int) -> Response:
    return PlainTextResponse(content, status_code=status, headers={**HEADERS, "Connection": "close"})


def address(host: str, port: int) -> str:
    """Give the desk's address for people to open."""
    return f"http://{host}:{port}{PATH}"
