"""Say in ky, ru or en what is wrong with a query line."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from gateway.exchange.asking.grammar import QueryError


def explain_query_error(error: QueryError, language: str) -> str:
    """Say it in a language; English where the language is not known."""
    spoken = sentences()[error.code]
    return spoken.get(language, spoken["en"]).format(word=error.word, allowed=", ".join(error.allowed))


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Read the sentences, once."""
    return tomllib.loads(
        files("gateway.exchange.asking").joinpath("query_errors.toml").read_text(encoding="utf-8")
    )
