"""Media types with their parameters, as they stand in Content-Type headers (RFC 2045 5.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.foundation.errors import ContractError

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 – a word of the grammar, not a secret
_NAME = re.compile(rf"\s*({_TOKEN}/{_TOKEN})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))\s*)?')
_ESCAPED = re.compile(r"\\(.)")
_LONGEST = 2000
_OF_SOAP = frozenset({"text/xml", "application/xop+xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """A type in lower case and its parameters by name in lower case."""

    name: str
    parameters: Mapping[str, str]


def media_type_name(content_type: str) -> str:
    """Give `type/subtype` in lower case and look at nothing else; empty when there is none."""
    found = _NAME.match(content_type)
    return found[1].lower() if found else ""


def read_media_type(content_type: str) -> MediaType:
    """Read a Content-Type strictly; raises ContractError(invalid_content_type).

    A parameter that stands twice is refused: two readers would choose differently.
    """
    found = _NAME.match(content_type)
    if found is None or len(content_type) > _LONGEST:
        raise _invalid("the Content-Type is not a media type")
    parameters: dict[str, str] = {}
    place = found.end()
    while place < len(content_type):
        parameter = _PARAMETER.match(content_type, place)
        if parameter is None:
            raise _invalid("the parameters of the Content-Type cannot be read")
        place = parameter.end()
        name = (parameter[1] or "").lower()
        if name in parameters:
            raise _invalid("a parameter of the Content-Type stands twice")
        if name:
            quoted, plain = parameter[2], parameter[3]
            parameters[name] = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
    return MediaType(name=found[1].lower(), parameters=parameters)


def _invalid(message: str) -> ContractError:
    return ContractError(
        message,
        code="invalid_content_type",
        where="Content-Type",
        hint='write type/subtype; name="value"; each name once',
    )


@lru_cache(maxsize=64)
def charset_of(content_type: str) -> str | None:
    """Check the Content-Type of a SOAP message and give its charset; raises ContractError(invalid_content_type)."""
    media = read_media_type(content_type)
    if media.name not in _OF_SOAP:
        raise ContractError(
            "the Content-Type is not text/xml",
            code="invalid_content_type",
            where="Content-Type",
            hint="send Content-Type: text/xml; charset=utf-8",
        )
    return media.parameters.get("charset")
