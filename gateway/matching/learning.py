"""Learn weights from the files at hand, without any truth.

How often strangers agree comes from the census and from random pairs; how often one person's two records agree
from EM over the candidate pairs, starting at the shipped weights. Identifiers are not learned: an equal one is
one in N by chance (sampling cannot show it), and pairs that a guard keeps apart teach nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import exp2
from random import Random

from gateway.matching.bulk import Gathered
from gateway.matching.comparison import Comparison, compare_names, compare_prepared
from gateway.matching.levels import SAME_NAME, Level, birth_date_level, plain_level
from gateway.matching.mixture import Lesson, Mixture, Pattern, learn_mixture
from gateway.matching.model import Labelled, Model, Weights
from gateway.matching.prepared import Prepared
from gateway.matching.vocabulary import Vocabulary

LEARNED = ("surname", "given_name", "patronymic", "birth_date", "organisation", "place")
MOST_PAIRS = 60_000
RANDOM_PAIRS = 30_000
_LARGEST, _SMALLEST = 13.0, -9.0
_LEAST_OF_FORM = 2.0  # another form of the same name never speaks against


def learn(gathered: Gathered, model: Model) -> Model:
    """Give the model with the names, weights and namesake rates of the data at hand."""
    model = replace(model, vocabulary=gathered.census.vocabulary())
    if not gathered.entries or not gathered.incoming:
        return model
    seen = [compare_prepared(one, other, model.vocabulary) for one, other in _sample(gathered)]
    return replace(model, weights=_weights(gathered, model, seen), labelled=labelled(seen))


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


def _step(gathered: Gathered) -> int:
    pairs = sum(len(found) for found in gathered.candidates)
    return max(1, -(-pairs // MOST_PAIRS))


def _sample(gathered: Gathered) -> Iterator[tuple[Prepared, Prepared]]:
    step = _step(gathered)
    return (pair for number, pair in enumerate(gathered.pairs()) if number % step == 0)


def _weights(gathered: Gathered, model: Model, seen: list[Comparison]) -> Weights:
    strangers = _strangers(gathered, model)
    belief = {
        name: {
            level: exp2(bits) * strangers[name].get(level, 0.0) for level, bits in model.weights[name].items()
        }
        for name in LEARNED
    }
    product = max(2, gathered.census.size * len(gathered.incoming) // _step(gathered))
    start = Mixture(
        fields=LEARNED, matches=belief, strangers=strangers, share=min(0.5, len(seen) / 2 / product)
    )
    patterns = Counter(_pattern(each) for each in seen if _teaches(each))
    lesson = Lesson(patterns=patterns, product=product, belief=belief, sure=_sure)
    learned = learn_mixture(start, lesson).table()
    return {**model.weights, **{name: _tamed(model.weights[name], learned[name]) for name in LEARNED}}


def _tamed(shipped: Mapping[Level, float], learned: Mapping[Level, float]) -> dict[Level, float]:
    """Keep learned bits within reason; a level never seen and two known names keep the shipped weight."""
    found = dict(shipped)
    for level, bits in learned.items():
        if bits and level is not Level.TWO_NAMES:
            least = _LEAST_OF_FORM if level is Level.FORM else _SMALLEST
            found[level] = max(least, min(_LARGEST, bits))
    if Level.SIMILAR in found:  # rarer among strangers than an equal name, but never better evidence
        found[Level.SIMILAR] = min(found[Level.SIMILAR], found[Level.EQUAL] - 1)
    return found


def _teaches(seen: Comparison) -> bool:
    """Leave out what a guard keeps apart: twins would teach that a given name says nothing."""
    if seen.given_name in {Level.TWO_NAMES, Level.DIFFERENT} or seen.sex is Level.DIFFERENT:
        return False
    return seen.pin in {Level.EQUAL, Level.NEAR, Level.MISSING}


def _pattern(seen: Comparison) -> Pattern:
    return (*(getattr(seen, name) for name in LEARNED), seen.pin)


def _sure(pattern: Pattern) -> float | None:
    """Take pairs of equal PINs for one person's."""
    return {Level.EQUAL: 1.0, Level.NEAR: 0.98}.get(pattern[-1])


def _strangers(gathered: Gathered, model: Model) -> dict[str, dict[Level, float]]:
    """Give how often two strangers agree: exact agreement from the census, likeness from random pairs."""
    random = Random(0)  # noqa: S311 - a sample
    pairs = ((random.choice(gathered.incoming), random.choice(gathered.entries)) for _ in range(RANDOM_PAIRS))
    met = Counter(_learned_levels(one, other, model.vocabulary) for one, other in pairs)
    counted: dict[str, Counter[Level]] = {name: Counter() for name in LEARNED}
    for levels, count in met.items():
        for name, level in zip(LEARNED, levels, strict=True):
            counted[name][level] += count
    return {name: _chances(counted[name], gathered.census.chance(name)) for name in LEARNED}


def _learned_levels(one: Prepared, other: Prepared, vocabulary: Vocabulary) -> Pattern:
    """Compare two records in the fields of `LEARNED` alone."""
    names, *_ = compare_names(one, other, vocabulary)
    organisation = plain_level(one.organisation, other.organisation)
    return *names, birth_date_level(one, other), organisation, plain_level(one.place, other.place)


def _chances(counted: Counter[Level], equal: float | None) -> dict[Level, float]:
    total = (counted.total() - counted[Level.MISSING]) or 1
    shares: dict[Level, float] = {
        level: count / total for level, count in counted.items() if level != Level.MISSING
    }
    if equal:
        shares[Level.EQUAL] = equal
    return shares
