"""Fellegi and Sunter's mixture of one person's pairs and strangers' pairs, and the EM that learns it.

How often strangers agree (u) is given: from counts and random pairs over the whole product of the files. What is
learned is how often one person's two records agree (m) and how many pairs are one person's at all.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp2, log2

from gateway.matching.levels import Level

Pattern = tuple[Level, ...]
Rates = Mapping[str, Mapping[Level, float]]
_MOST_BITS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """Rates per field and level for one person's pairs and for strangers', and the share of the former."""

    fields: Sequence[str]
    matches: Rates
    strangers: Rates
    share: float

    def bits(self, field: str, level: Level) -> float:
        """Give log₂(m/u); nothing where either was never seen."""
        match, chance = self.matches[field].get(level, 0.0), self.strangers[field].get(level, 0.0)
        return log2(match / chance) if match > 0 and chance > 0 else 0.0

    def table(self) -> Mapping[str, Mapping[Level, float]]:
        """Give the weights of all levels in bits; missing values weigh nothing."""
        return {
            field: {level: self.bits(field, level) for level in self.matches[field] if level != Level.MISSING}
            for field in self.fields
        }


def posterior(weight: float, share: float) -> float:
    """Give the probability that a pair of so many bits is one person's."""
    odds = weight + log2(share / (1 - share))
    return 1 / (1 + exp2(-max(-_MOST_BITS, min(_MOST_BITS, odds))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What to learn from: patterns counted, all pairs there could be, beliefs worth `prior` pairs, sure ones."""

    patterns: Counter[Pattern]
    product: int
    belief: Rates
    prior: float = 50.0
    sure: Callable[[Pattern], float | None] = lambda _: None
    rounds: int = 15


def learn_mixture(mixture: Mixture, lesson: Lesson) -> Mixture:
    """Alternate between how likely each pattern is one person's and how often one person's records agree."""
    for _ in range(lesson.rounds):
        table = mixture.table()
        counted: dict[str, Counter[Level]] = {field: Counter() for field in mixture.fields}
        expected = 0.0
        for pattern, count in lesson.patterns.items():
            found = lesson.sure(pattern)
            if found is None:
                pairs = zip(mixture.fields, pattern, strict=False)
                found = posterior(sum(table[field].get(level, 0.0) for field, level in pairs), mixture.share)
            expected += count * found
            for field, level in zip(mixture.fields, pattern, strict=False):
                if level != Level.MISSING:
                    counted[field][level] += count * found  # type: ignore[assignment]
        mixture = Mixture(
            fields=mixture.fields,
            matches={field: _rates(counted[field], lesson.belief[field], lesson.prior) for field in counted},
            strangers=mixture.strangers,
            share=min(0.5, max(1.0, expected) / lesson.product),
        )
    return mixture


def _rates(counted: Counter[Level], belief: Mapping[Level, float], prior: float) -> dict[Level, float]:
    """Give shares of levels, the belief counting as so many pairs."""
    scale = sum(belief.values()) or 1.0
    total = sum(counted.values()) + prior
    return {
        level: (counted[level] + prior * belief.get(level, 0.0) / scale) / total
        for level in {*counted, *belief}
    }
