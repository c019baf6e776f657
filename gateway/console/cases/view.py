"""A case's clock in words' kinds, and the sum of weights as widths a picture can have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.foundation.settings import Matching
from gateway.intake.case_search import CaseRow
from gateway.matching.side_by_side import WeightStep

SOON = timedelta(hours=24)
WIDTH = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the clock of a case stands: running, soon, late, stopped, postponed or closed; the instant that counts."""

    state: str
    at: datetime

    @property
    def kind(self) -> str:
        """Give the kind of badge."""
        kinds = {"running": "good", "soon": "warn", "late": "bad", "stopped": "wait", "postponed": "wait"}
        return kinds.get(self.state, "plain")


def clock_of(row: CaseRow, now: datetime) -> Clock:
    """Read a case's clock."""
    if not row.is_open:
        return Clock(state="closed", at=row.due_at)
    if row.stopped_at:
        return Clock(state="stopped", at=row.stopped_at)
    if row.due_at < now:
        return Clock(state="late", at=row.due_at)
    if row.postponed_until and row.postponed_until > now:
        return Clock(state="postponed", at=row.postponed_until)
    return Clock(state="soon" if row.due_at - now < SOON else "running", at=row.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One step of the waterfall as a rectangle; `from_x` is where the step before ended."""

    step: WeightStep
    x: float
    width: float
    from_x: float
    to_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The waterfall: its bars, the zero line, and where a review and a match begin."""

    bars: tuple[Bar, ...]
    zero: float
    review: float
    match: float
    score: float
    total: Bar
    review_bits: float
    match_bits: float


def steps_drawn(steps: Sequence[WeightStep], thresholds: Matching) -> Drawn | None:
    """Lay the steps out; None where nothing was weighed."""
    if not steps:
        return None
    ends = [0.0, thresholds.match, thresholds.review, *(step.end for step in steps)]
    low, high = min(ends) - 1, max(ends) + 1

    def place(bits: float) -> float:
        return round((bits - low) / (high - low) * WIDTH, 1)

    score = steps[-1].end
    whole = WeightStep(field="score", level="", weight=score, begin=0.0, end=score)
    return Drawn(
        bars=tuple(_bar(step, place(step.begin), place(step.end)) for step in steps),
        zero=place(0.0),
        review=place(thresholds.review),
        match=place(thresholds.match),
        score=score,
        total=_bar(whole, place(0.0), place(score)),
        review_bits=thresholds.review,
        match_bits=thresholds.match,
    )


def _bar(step: WeightStep, begin: float, end: float) -> Bar:
    return Bar(
        step=step, x=min(begin, end), width=max(1.0, round(abs(end - begin), 1)), from_x=begin, to_x=end
    )
