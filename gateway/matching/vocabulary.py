"""The names people really bear: a shipped list, and what is frequent in the registry at hand."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from gateway.matching.given_names import COMMON_GIVEN_NAMES
from gateway.matching.normalise import Part, root_of

LEAST_TIMES = 3
LEAST_SHARE = 3e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Known given names, folded, and as fathers' roots; how often a surname's root or a name is met, if known.

    `contested` are spellings that fold together though each is a frequent name of its own: Элнура, Эльнура.
    """

    names: frozenset[str]
    fathers: frozenset[str]
    contested: frozenset[str] = frozenset()
    surname_shares: Mapping[str, float] = field(default_factory=dict)
    given_shares: Mapping[str, float] = field(default_factory=dict)

    def is_torn(self, typed: Part, meant: Part) -> bool:
        """Tell whether a mistyped given name may as well be another known name than the one meant."""
        return _torn(typed.fold, meant.readings, self.names)


@lru_cache(maxsize=1 << 14)
def _torn(typed: str, meant: frozenset[str], names: frozenset[str]) -> bool:
    distance = min(OSA.distance(typed, each) for each in meant)
    near = process.extract_iter(typed, names, scorer=OSA.distance, score_cutoff=distance)
    return any(name not in meant for name, *_ in near)


def vocabulary_of(names: Iterable[str]) -> Vocabulary:
    """Make a vocabulary of folded given names."""
    known = frozenset(names)
    return Vocabulary(names=known, fathers=frozenset(root_of(name) for name in known))


SHIPPED = vocabulary_of(COMMON_GIVEN_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCounts:
    """Counts in a registry: folded given names and their spellings, roots of fathers' names and surnames."""

    given: Counter[str] = field(default_factory=Counter)
    spellings: Counter[tuple[str, str]] = field(default_factory=Counter)
    fathers: Counter[str] = field(default_factory=Counter)
    surnames: Counter[str] = field(default_factory=Counter)


def learned_vocabulary(counts: NameCounts, *, shipped: Vocabulary = SHIPPED) -> Vocabulary:
    """Add to the shipped names those frequent in a registry."""
    given, fathers = counts.given, counts.fathers
    size = max(given.total(), 1)
    least = max(LEAST_TIMES, LEAST_SHARE * size)
    frequent = {name for name, count in given.items() if count >= least}
    names = shipped.names | frequent
    roots = {root for root, count in fathers.items() if count >= least}
    return Vocabulary(
        names=names,
        fathers=shipped.fathers | roots | {root_of(name) for name in frequent},
        contested=_contested(counts.spellings, least),
        surname_shares=_shares(counts.surnames),
        given_shares=_shares(given),
    )


def _contested(spellings: Counter[tuple[str, str]], least: float) -> frozenset[str]:
    frequent = [pair for pair, count in spellings.items() if count >= least]
    times = Counter(folded for folded, _ in frequent)
    return frozenset(spelled for folded, spelled in frequent if times[folded] > 1)


def _shares(counted: Counter[str]) -> Mapping[str, float]:
    total = max(counted.total(), 1)
    return {name: count / total for name, count in counted.items()}
