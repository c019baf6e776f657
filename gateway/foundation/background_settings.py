"""What is chosen about the background: when a service is left alone, what feeds and checks may ask and spend."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a service that does not answer is left alone, and how it is tried again; times in seconds."""

    failures: int = 5
    open_seconds: float = 30.0
    longest_seconds: float = 600.0
    probe_seconds: float = 30.0
    slow_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """How a feed is followed: how often, from which day at first, how far back again, when silence is an alarm."""

    agency: str
    enabled: bool = True
    every_minutes: float = 60.0
    begin_days: int = 30
    overlap_days: int = 1
    silent_hours: float = 72.0
    behind_hours: float = 48.0
    pages: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What re-verification may plan at an agency on a day in Bishkek; prices in som by service, 0: no bound."""

    daily_calls: int = 0
    daily_som: float = 0.0
    prices: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverification:
    """What makes an entry due before its fields are stale, and how soon an unanswered question is asked again."""

    unanswered_minutes: float = 60.0
    entrant_days: int = 30
    ages: tuple[str, ...] = ("6", "7", "15", "16", "17", "18")
    age_days: int = 120
    staff_days: int = 180
    expiring_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How long a form waits for each source at most, in seconds, and for how many hours an answer is remembered."""

    cache_hours: float = 24.0
    deadlines: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """All of it; feeds and budgets by name."""

    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    reverification: Reverification = field(default_factory=Reverification)
    filling: Filling = field(default_factory=Filling)
    feeds: Mapping[str, FeedSettings] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
