"""Link or deduplicate any table of people by a description of its columns: no rules of ours, no truth.

The same mixture and EM as for our own columns; what differs is that comparisons and blocks are configured.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from random import Random
from typing import Literal

from rapidfuzz.distance import OSA, JaroWinkler

from gateway.matching.levels import Level
from gateway.matching.mixture import Lesson, Mixture, Pattern, learn_mixture, posterior

Row = Mapping[str, str]
Kind = Literal["exact", "text", "digits", "identifier"]
RANDOM_PAIRS = 60_000
LARGEST_BLOCK = 400
_FIRST_MATCHES = {
    Level.EQUAL: 0.85, Level.SIMILAR: 0.06, Level.LOOSE: 0.03, Level.SWAPPED: 0.02, Level.DIFFERENT: 0.04,
}  # fmt: skip
_SELDOM = 1e-5  # a likeness no random pair showed


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column and how it is compared; `swaps_with` names the column its value may have got into."""

    column: str
    compare: Kind = "text"
    swaps_with: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the tables hold: fields, blocks (tuples of columns, `column:3` its first letters), and the threshold."""

    id: str
    fields: tuple[Field, ...]
    blocks: tuple[tuple[str, ...], ...]
    one_to_one: bool = False
    probability: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Two rows held to be one person: their places, the weight in bits, the probability."""

    left: int
    right: int
    weight: float
    probability: float


@dataclass(slots=True, kw_only=True)
class Task:
    """Two tables to link, or one to deduplicate (then `right` is `left`)."""

    description: Description
    left: Sequence[Row]
    right: Sequence[Row]

    @property
    def deduplicates(self) -> bool:
        """Tell whether there is one table only."""
        return self.left is self.right

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Give every pair of places that shares a block, once."""
        seen: set[int] = set()
        width = len(self.right)
        for block in self.description.blocks:
            index: dict[str, list[int]] = defaultdict(list)
            for place, row in enumerate(self.right):
                if key := _key(row, block):
                    index[key].append(place)
            for one, row in enumerate(self.left):
                found = index.get(_key(row, block) or "", ())
                if len(found) > LARGEST_BLOCK:
                    continue
                for other in found:
                    number = one * width + other
                    if number not in seen and not (self.deduplicates and one >= other):
                        seen.add(number)
                        yield one, other

    def pattern(self, one: int, other: int) -> Pattern:
        """Compare two rows."""
        left, right = self.left[one], self.right[other]
        return tuple(_level(field, left, right) for field in self.description.fields)

    def solve(self) -> list[Linked]:
        """Learn from the pairs and give those held to be one person, the surest first."""
        pairs = {pair: self.pattern(*pair) for pair in self.pairs()}
        mixture = self._mixture(Counter(pairs.values()))
        table = mixture.table()
        links = []
        for (one, other), pattern in pairs.items():
            bits = sum(table[name].get(level, 0.0) for name, level in zip(table, pattern, strict=True))
            sure = posterior(bits, mixture.share)
            if sure >= self.description.probability:
                links.append(Linked(left=one, right=other, weight=round(bits, 2), probability=sure))
        links.sort(key=lambda link: -link.weight)
        alone = self.description.one_to_one and not self.deduplicates
        return _one_to_one(links) if alone else links

    def _mixture(self, patterns: Counter[Pattern]) -> Mixture:
        names = tuple(field.column for field in self.description.fields)
        product = len(self.left) * len(self.right) // (2 if self.deduplicates else 1)
        strangers = self._strangers(names)
        start = Mixture(
            fields=names,
            matches={name: dict(_FIRST_MATCHES) for name in names},
            strangers=strangers,
            share=max(1, min(len(self.left), len(self.right))) / 2 / product,
        )
        lesson = Lesson(patterns=patterns, product=product, belief=start.matches, prior=5.0, rounds=25)
        return learn_mixture(start, lesson)

    def _strangers(self, names: Sequence[str]) -> dict[str, dict[Level, float]]:
        random = Random(0)  # noqa: S311 - a sample
        counted = [Counter[Level]() for _ in names]
        for _ in range(RANDOM_PAIRS):
            pair = random.randrange(len(self.left)), random.randrange(len(self.right))
            if self.deduplicates and pair[0] == pair[1]:
                continue
            for counter, level in zip(counted, self.pattern(*pair), strict=True):
                counter[level] += 1
        return {name: self._chances(name, counter) for name, counter in zip(names, counted, strict=True)}

    def _chances(self, name: str, counted: Counter[Level]) -> dict[Level, float]:
        total = (counted.total() - counted[Level.MISSING]) or 1
        shares = {level: max(counted[level] / total, _SELDOM) for level in _FIRST_MATCHES}
        values = Counter(row[name] for row in self.right if row.get(name))
        size = values.total() or 1
        kind = next(field.compare for field in self.description.fields if field.column == name)
        by_counts = sum(count * count for count in values.values()) / size**2
        shares[Level.EQUAL] = 1 / size if kind == "identifier" else by_counts
        return shares


def _key(row: Row, block: tuple[str, ...]) -> str | None:
    parts = []
    for item in block:
        column, _, length = item.partition(":")
        value = row.get(column, "")
        if not value:
            return None
        parts.append(value[: int(length)] if length else value)
    return "|".join(parts)


def _level(field: Field, left: Row, right: Row) -> Level:
    one, other = left.get(field.column, ""), right.get(field.column, "")
    if not one or not other:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    if field.swaps_with and (one == right.get(field.swaps_with) or other == left.get(field.swaps_with)):
        return Level.SWAPPED
    return Level.DIFFERENT if field.compare == "exact" else _likeness(one, other, field.compare)


@lru_cache(maxsize=1 << 18)
def _likeness(one: str, other: str, kind: Kind) -> Level:
    if kind in {"digits", "identifier"}:
        distance = OSA.distance(one, other, score_cutoff=2)
        return {1: Level.SIMILAR, 2: Level.LOOSE}.get(distance, Level.DIFFERENT)
    alike = JaroWinkler.similarity(one, other)
    if alike >= 0.92:
        return Level.SIMILAR
    return Level.LOOSE if alike >= 0.8 else Level.DIFFERENT


def _one_to_one(links: list[Linked]) -> list[Linked]:
    """Keep the surest link of every row."""
    left, right, kept = set(), set(), []
    for link in links:
        if link.left not in left and link.right not in right:
            left.add(link.left)
            right.add(link.right)
            kept.append(link)
    return kept


def groups(links: Sequence[Linked], size: int) -> list[int]:
    """Give every row of a deduplicated table the smallest place of those it is linked to, however far."""
    root = list(range(size))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for link in links:
        one, other = sorted((find(link.left), find(link.right)))
        root[other] = one
    return [find(place) for place in range(size)]


def pairs_of(group: Sequence[int]) -> set[tuple[int, int]]:
    """Give all pairs of one group."""
    members: dict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(group):
        members[number].append(place)
    return {pair for found in members.values() for pair in combinations(found, 2)}
