"""Single values as XML Schema writes them, and as they are written nearly: dates with a midnight, flags in capitals."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an element holds."""

    GROUP = "group"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    BYTES = "bytes"
    ATTACHMENT = "attachment"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Bytes that travel beside the XML, by their `cid:` address."""

    href: str


def read_scalar(text: str, kind: Kind) -> Any:
    """Read a text without outer spaces as a value of this kind; raises ValueError when it is none."""
    return _TYPES[kind](text)


_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d|T00:00:00(?:\.0+)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})", re.ASCII)
_NUMBER = re.compile(
    r"[+-]?(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,4})?|[+-]?INF|NaN", re.ASCII
)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(pattern.pattern)
    return match


def _integer(text: str) -> int:
    return int(_matched(re.compile(r"[+-]?\d{1,60}", re.ASCII), text)[0])


def _boolean(text: str) -> bool:
    if text.casefold() not in _FLAGS:
        raise ValueError("flag")
    return _FLAGS[text.casefold()]


_TYPES: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: lambda text: Decimal(_matched(_DECIMAL, text)[0]),
    Kind.NUMBER: lambda text: float(_matched(_NUMBER, text)[0]),
    Kind.BOOLEAN: _boolean,
    Kind.DATE: lambda text: date.fromisoformat(_matched(_DATE, text)[1]),
    Kind.DATETIME: lambda text: datetime.fromisoformat(_matched(_DATETIME, text)[0]),
    Kind.TIME: lambda text: time.fromisoformat(_matched(_TIME, text)[0]),
    Kind.BYTES: lambda text: base64.b64decode("".join(text.split()), validate=True),
    Kind.ATTACHMENT: lambda text: Attachment(href=text),
}
