"""Learn weights from the files at hand, without any truth: expectation–maximisation over comparison patterns.

How often strangers agree (u) comes from the census and from random pairs; how often one person's two records
agree (m) from EM over the candidate pairs, starting at the shipped weights. Identifiers are not learned: an equal
one is one in N by chance (u cannot be sampled), and pairs that a guard keeps apart teach nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import exp2, log2
from random import Random

from gateway.matching.bulk import Gathered
from gateway.matching.comparison import Comparison, compare_prepared
from gateway.matching.levels import LIKE_NAME, SAME_NAME, Level
from gateway.matching.model import Labelled, Model, Weights
from gateway.matching.prepared import Prepared

LEARNED = ("surname", "given_name", "patronymic", "birth_date", "organisation", "place")
MOST_PAIRS = 60_000
RANDOM_PAIRS = 30_000
ROUNDS = 12
_PRIOR = 50.0
_LARGEST = 13.0
_SMALLEST = -9.0
Pattern = tuple[Level, ...]


def learn(gathered: Gathered, model: Model) -> Model:
    """Give the model with the names, weights and namesake rates of the data at hand."""
    model = replace(model, vocabulary=gathered.census.vocabulary())
    seen = [
        compare_prepared(record, entry, model.vocabulary) for record, entry in _sample(gathered, MOST_PAIRS)
    ]
    strangers = _strangers(gathered, model)
    patterns = Counter(_pattern(each) for each in seen if _teaches(each))
    matches = _maximise(patterns, strangers, model, share=_first_share(seen))
    return replace(model, weights=_weights(model, matches, strangers), labelled=labelled(seen))


def labelled(seen: Iterable[Comparison]) -> Mapping[Pattern, Labelled]:
    """Count, by what else agrees, pairs of equal names and birth date whose PINs are the same or different."""
    same: Counter[Pattern] = Counter()
    others: Counter[Pattern] = Counter()
    for each in seen:
        alike = each.given_name is Level.EQUAL and each.surname in SAME_NAME
        if not alike or each.birth_date is not Level.EQUAL or each.sex is Level.DIFFERENT:
            continue
        if each.pin in {Level.EQUAL, Level.NEAR}:
            same[each.circumstances] += 1
        elif each.pin is Level.DIFFERENT:
            others[each.circumstances] += 1
    return {each: Labelled(same=same[each], others=others[each]) for each in {*same, *others}}


def _sample(gathered: Gathered, most: int) -> Iterable[tuple[Prepared, Prepared]]:
    pairs = sum(len(found) for found in gathered.candidates)
    step = max(1, -(-pairs // most))
    return (pair for number, pair in enumerate(gathered.pairs()) if number % step == 0)


def _teaches(seen: Comparison) -> bool:
    """Leave out what a guard keeps apart: twins would teach that a given name says nothing."""
    if seen.given_name in {Level.TWO_NAMES, Level.DIFFERENT} or seen.sex is Level.DIFFERENT:
        return False
    return seen.pin in {Level.EQUAL, Level.NEAR, Level.MISSING}


def _pattern(seen: Comparison) -> Pattern:
    return (*(getattr(seen, name) for name in LEARNED), seen.pin)


def _first_share(seen: list[Comparison]) -> float:
    surely = sum(each.pin is Level.EQUAL and each.given_name in LIKE_NAME for each in seen)
    return max(0.01, min(0.9, surely / max(len(seen), 1)))


def _strangers(gathered: Gathered, model: Model) -> Mapping[str, Mapping[Level, float]]:
    """Give how often two strangers agree: exact agreement from the census, likeness from random pairs."""
    random = Random(0)  # noqa: S311 - a sample
    counted: dict[str, Counter[Level]] = {name: Counter() for name in LEARNED}
    if gathered.entries and gathered.incoming:
        for _ in range(RANDOM_PAIRS):
            one, other = random.choice(gathered.incoming), random.choice(gathered.entries)
            seen = compare_prepared(one, other, model.vocabulary)
            for name in LEARNED:
                counted[name][getattr(seen, name)] += 1
    return {name: _shares_of_strangers(name, counted[name], gathered) for name in LEARNED}


def _shares_of_strangers(name: str, counted: Counter[Level], gathered: Gathered) -> Mapping[Level, float]:
    total = (counted.total() - counted[Level.MISSING]) or 1
    shares: dict[Level, float] = {
        level: count / total for level, count in counted.items() if level != Level.MISSING
    }
    chance = gathered.census.chance(name)
    if chance:
        shares[Level.EQUAL] = chance
    return shares


def _maximise(
    patterns: Counter[Pattern], strangers: Weights, model: Model, *, share: float
) -> Mapping[str, Mapping[Level, float]]:
    """Alternate between how likely each pattern is one person and how often one person's records agree."""
    weights = {name: dict(model.weights[name]) for name in LEARNED}
    matches: dict[str, dict[Level, float]] = {}
    for _ in range(ROUNDS):
        counted: dict[str, Counter[Level]] = {name: Counter() for name in LEARNED}
        expected = 0.0
        for pattern, count in patterns.items():
            sure = count * _posterior(pattern, weights, share)
            expected += sure
            for name, level in zip(LEARNED, pattern, strict=False):
                if level is not Level.MISSING:
                    counted[name][level] += sure  # type: ignore[assignment]
        matches = {name: _rates(counted[name], name, strangers, model) for name in LEARNED}
        weights = {name: _bits(name, matches[name], strangers[name], model) for name in LEARNED}
        share = max(0.01, min(0.95, expected / max(patterns.total(), 1)))
    return matches


def _posterior(pattern: Pattern, weights: Weights, share: float) -> float:
    if pattern[-1] in {Level.EQUAL, Level.NEAR}:
        return 1.0 if pattern[-1] is Level.EQUAL else 0.98
    bits = sum(weights[name].get(level, 0.0) for name, level in zip(LEARNED, pattern, strict=False))
    odds = log2(share / (1 - share)) + bits - _BLOCKED
    return 1 / (1 + exp2(-max(-60.0, min(60.0, odds))))


_BLOCKED = 17.0  # bits that meeting in a block already took


def _rates(counted: Counter[Level], name: str, strangers: Weights, model: Model) -> dict[Level, float]:
    """Give m per level, the shipped belief counting as so many pairs."""
    believed = {
        level: exp2(bits) * strangers[name].get(level, 0.0) for level, bits in model.weights[name].items()
    }
    scale = sum(believed.values()) or 1.0
    total = sum(counted.values()) + _PRIOR
    levels = {*counted, *believed}
    return {level: (counted[level] + _PRIOR * believed.get(level, 0.0) / scale) / total for level in levels}


def _bits(
    name: str, matches: Mapping[Level, float], strangers: Mapping[Level, float], model: Model
) -> dict[Level, float]:
    """Give log₂(m/u); where strangers were never seen to agree so, the shipped weight stands."""
    found = dict(model.weights[name])
    for level, rate in matches.items():
        chance = strangers.get(level, 0.0)
        if rate > 0 and chance > 0 and level is not Level.TWO_NAMES:
            found[level] = max(_SMALLEST, min(_LARGEST, log2(rate / chance)))
    return found


def _weights(model: Model, matches: Mapping[str, Mapping[Level, float]], strangers: Weights) -> Weights:
    learned = {name: _bits(name, matches[name], strangers[name], model) for name in LEARNED}
    return {**model.weights, **learned}
