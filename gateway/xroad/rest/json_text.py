"""JSON that arrived from outside, read strictly: UTF-8, no name twice, no NaN, bounded in depth and numbers."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from gateway.foundation.errors import ContractError

MAX_PARTS = 200_000  # commas, colons and brackets together: a message of 50,000 values
LONGEST_NUMBER = 64


class Twice(dict[str, Any]):
    """An object in which a name stood twice; whoever walks to it knows where it is."""

    repeated: str = ""


class _NumberError(ValueError):
    """A number that no message holds."""


def read_json(data: bytes) -> Any:
    """Parse a body; fractions become Decimal. Raises ContractError(invalid_request) that quotes nothing."""
    if sum(data.count(mark) for mark in (b",", b":", b"[", b"{")) > MAX_PARTS:
        raise _broken("the JSON has too many parts", "send less in one message")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=_fraction,
            parse_int=_whole,
            parse_constant=_refuse_constant,
        )
    except _NumberError:
        raise _broken(
            "the JSON holds a number that is none or too long", "NaN and Infinity are no JSON"
        ) from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _broken("the body is not well-formed JSON", f"look at {place}") from None
    except UnicodeDecodeError:
        raise _broken("the body is not UTF-8", "send JSON in UTF-8") from None
    except RecursionError:
        raise _broken("the JSON is nested too deep", "send the members the contract names") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    twice = Twice(found)
    twice.repeated = next(name for name in names if names.count(name) > 1)
    return twice


def _fraction(text: str) -> Decimal:
    if len(text) > LONGEST_NUMBER:
        raise _NumberError
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise _NumberError from None
    if not value.is_finite():
        raise _NumberError
    return value


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise _NumberError
    return int(text)


def _refuse_constant(_: str) -> NoReturn:
    raise _NumberError


def _broken(message: str, hint: str) -> ContractError:
    return ContractError(message, code="invalid_request", where="body", hint=hint)
