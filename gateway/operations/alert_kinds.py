"""The kinds of trouble somebody can be told of, and the numbers each of them takes; pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from gateway.foundation.clock import BISHKEK
from gateway.foundation.errors import InputRefused

_LONGEST_TEXT = 200


class RuleKind(StrEnum):
    """What a rule watches."""

    FAILURE_SHARE = "FAILURE_SHARE"
    FAILURE_COUNT = "FAILURE_COUNT"
    RECEIVER_DOWN = "RECEIVER_DOWN"
    FEED_GAP = "FEED_GAP"
    BREAKER_OPEN = "BREAKER_OPEN"
    DEAD_LETTERS = "DEAD_LETTERS"
    QUEUE_AGE = "QUEUE_AGE"
    CERTIFICATE_DAYS = "CERTIFICATE_DAYS"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    JOURNAL_UNSEALED = "JOURNAL_UNSEALED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of a rule: what it is when nobody says, and its bounds."""

    default: float
    least: float
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule holds about just now, and how bad it is."""

    subject: str
    value: float


_WINDOW = Number(default=15, least=1, most=1440)
NUMBERS: Mapping[RuleKind, Mapping[str, Number]] = {
    RuleKind.FAILURE_SHARE: {
        "percent": Number(default=20, least=0.1, most=100),
        "window_minutes": _WINDOW,
        "least_exchanges": Number(default=20, least=1, most=1_000_000),
    },
    RuleKind.FAILURE_COUNT: {
        "count": Number(default=50, least=1, most=1_000_000),
        "window_minutes": _WINDOW,
    },
    RuleKind.RECEIVER_DOWN: {"count": Number(default=5, least=1, most=100_000)},
    RuleKind.FEED_GAP: {"minutes": Number(default=0, least=0, most=100_000)},
    RuleKind.BREAKER_OPEN: {"minutes": Number(default=1, least=0, most=100_000)},
    RuleKind.DEAD_LETTERS: {"count": Number(default=1, least=1, most=1_000_000)},
    RuleKind.QUEUE_AGE: {"minutes": Number(default=10, least=1, most=100_000)},
    RuleKind.CERTIFICATE_DAYS: {"days": Number(default=30, least=0, most=3650)},
    RuleKind.CHAIN_BROKEN: {},
    RuleKind.JOURNAL_UNSEALED: {"minutes": Number(default=5, least=1, most=100_000)},
}
TEXTS: Mapping[RuleKind, frozenset[str]] = {
    RuleKind.FAILURE_SHARE: frozenset({"agency", "service"}),
    RuleKind.FAILURE_COUNT: frozenset({"agency", "service"}),
    RuleKind.RECEIVER_DOWN: frozenset({"agency"}),
}


def checked_parameters(kind: RuleKind, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what was left out; raises InputRefused for an unknown name or a number out of bounds."""
    numbers, texts = NUMBERS[kind], TEXTS.get(kind, frozenset())
    problems = [(name, "UNKNOWN_FIELD") for name in given if name not in numbers and name not in texts]
    made: dict[str, Any] = {}
    for name, number in numbers.items():
        value = given.get(name, number.default)
        if not _is_number(value) or not number.least <= value <= number.most:
            problems.append((name, "RANGE"))
        made[name] = value
    for name in texts & set(given):
        value = given[name]
        if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_TEXT:
            problems.append((name, "TEXT"))
        elif value:
            made[name] = value
    if problems:
        raise InputRefused(tuple(("parameters", reason) for _, reason in problems))
    return made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def due_at(at: datetime, quiet_from: time | None, quiet_until: time | None) -> datetime:
    """Give when something may be said: now, or when the quiet hours in Bishkek are over."""
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return at
    local = at.astimezone(BISHKEK)
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet_from > quiet_until
    is_quiet = (
        clock >= quiet_from or clock < quiet_until if over_midnight else quiet_from <= clock < quiet_until
    )
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet_from else 0)
    return datetime.combine(day, quiet_until, BISHKEK).astimezone(UTC)
