"""What the doctor found: a code with its values; the words for it are in words.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How bad it is."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. Values are file names, codes and numbers, never keys or personal data."""

    code: str
    mark: Mark
    values: Mapping[str, str]


def good(code: str, **values: object) -> Finding:
    """Say that something is in order."""
    return _finding(code, Mark.GOOD, values)


def warning(code: str, **values: object) -> Finding:
    """Say that something works and should not stay as it is, or could not be looked at."""
    return _finding(code, Mark.WARNING, values)


def bad(code: str, **values: object) -> Finding:
    """Say that something does not work."""
    return _finding(code, Mark.BAD, values)


def _finding(code: str, mark: Mark, values: Mapping[str, object]) -> Finding:
    return Finding(code=code, mark=mark, values={name: str(value) for name, value in values.items()})
