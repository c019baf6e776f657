"""The doctor's sentences in three languages, read from words.toml beside this file."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from gateway.cli.doctor.finding import Finding
from gateway.xroad.fault_catalogue import explain

Language = Literal["ky", "ru", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FILE = Path(__file__).with_name("words.toml")


def sentence_of(finding: Finding, language: Language) -> str:
    """Say what was found."""
    return str(words()[finding.code][language]).format_map(_values(finding, language))


def cure_of(finding: Finding, language: Language) -> str:
    """Say how to mend it; findings that are in order have no cure."""
    return str(words()[finding.code]["cure"][language]).format_map(_values(finding, language))


@cache
def words() -> Mapping[str, Any]:
    """Read the sentences, once."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def _values(finding: Finding, language: Language) -> dict[str, str]:
    """Give the finding's values; where there is a fault's code, what it means too."""
    values = dict(finding.values)
    if "fault" in values:
        values["meaning"] = explain(values["fault"], language).meaning
        values["advice"] = explain(values["fault"], language).advice
    return values
