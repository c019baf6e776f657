"""Say in ky, ru or en what is wrong with a query line."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from gateway.exchange.asking.grammar import QueryError


def explain_query_error(error: QueryError, language: str, *, word: str | None = None) -> str:
    """Say it in a language, English where that is not known; `word` stands for what must not be repeated."""
    spoken = sentences()[error.code].get(language, sentences()[error.code]["en"])
    return spoken.format(word=error.word if word is None else word, allowed=", ".join(error.allowed))


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Read the sentences, once."""
    return tomllib.loads(
        files("gateway.exchange.asking").joinpath("query_errors.toml").read_text(encoding="utf-8")
    )
