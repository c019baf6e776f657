"""What a model says of a comparison: its weight in bits, the rule it falls under, and the words that explain it.

Pairs by the hundred thousand look alike in a few thousand ways; each way is worked out once.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import log2

from gateway.matching.comparison import FIELDS, Comparison
from gateway.matching.levels import SAME_NAME, Level
from gateway.matching.model import Model
from gateway.matching.prepared import Prepared
from gateway.matching.rules import NOBODY, RULES, Pair, Rule

_REORDERED = -1.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Why: what one field says, how much it weighs in bits; the text names no value."""

    field: str
    level: str
    weight: float
    text: str

    @cached_property
    def said(self) -> str:
        """Say it in a line; many decisions share one evidence."""
        return f"{self.field}: {self.text} ({self.weight:+.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A model against a registry of `population` entries; it remembers what it said.

    `chance` are the bits against meeting one certain entry among them, `bounds` the weights where a rule may change.
    """

    model: Model
    population: int
    chance: float
    bounds: tuple[float, ...]
    _bits: dict[Comparison, float] = field(default_factory=dict)
    _ruled: dict[tuple[Comparison, bool, int], Rule] = field(default_factory=dict)
    _rare: dict[tuple[str, str], float] = field(default_factory=dict)
    _told: dict[Comparison, tuple[Evidence, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Model, population: int) -> "Scale":
        """Make a scale that has not weighed anything yet."""
        chance, bounds = log2(model.size(population)), model.thresholds.bounds
        return cls(model=model, population=population, chance=chance, bounds=bounds)

    def rarity(self, seen: Comparison, entry: Prepared) -> float:
        """Give the bits that a rare surname or given name adds where it agrees, or a common one takes away."""
        surname, given, _ = entry.name.parts
        bits = 0.0
        if surname and seen.surname in SAME_NAME:
            bits += self._rarity("surname", surname.root)
        if given and seen.given_name is Level.EQUAL:
            bits += self._rarity("given_name", given.fold)
        return bits

    def weight(self, seen: Comparison, rarity: float) -> float:
        """Give the weight of the pair in bits, after the chance of meeting a stranger."""
        bits = self._bits.get(seen)
        if bits is None:
            # in the order of the fields: sums of bits must not depend on who adds them up
            bits = sum([self._weight(name, getattr(seen, name)) for name in FIELDS])
            bits = self._bits[seen] = bits + _REORDERED if seen.reordered else bits
        return bits + rarity - self.chance

    def rule(self, seen: Comparison, weight: float, *, both_pins_verified: bool) -> Rule:
        """Give the first rule that holds: of the weight it asks only which thresholds are reached."""
        key = (seen, both_pins_verified, bisect_right(self.bounds, weight))
        rule = self._ruled.get(key)
        if rule is None:
            pair = Pair(
                seen=seen,
                both_pins_verified=both_pins_verified,
                support=_supports(seen, self.model),
                weight=weight,
                thresholds=self.model.thresholds,
            )
            rule = self._ruled[key] = next((rule for rule in RULES if rule.when(pair)), NOBODY)
        return rule

    def evidence(self, seen: Comparison, rarity: float) -> tuple[Evidence, ...]:
        """Explain field by field."""
        told = self._told.get(seen)
        if told is None:
            told = self._told[seen] = tuple(self._explained(seen))
        if not rarity:
            return told
        text = "rare names" if rarity > 0 else "common names"
        return *told, Evidence(field="names", level="RARITY", weight=round(rarity, 2), text=text)

    def _explained(self, seen: Comparison) -> Iterator[Evidence]:
        for name in FIELDS:
            level: Level = getattr(seen, name)
            if level is not Level.MISSING:
                weight = round(self._weight(name, level), 2)
                yield Evidence(field=name, level=level, weight=weight, text=_TEXTS[level])
        if seen.reordered:
            text = "parts stand in another order"
            yield Evidence(field="names", level=Level.SWAPPED, weight=_REORDERED, text=text)

    def _weight(self, name: str, level: Level) -> float:
        return self.model.weight(name, level, population=self.population)

    def _rarity(self, name: str, value: str) -> float:
        bits = self._rare.get((name, value))
        if bits is None:
            bits = self._rare[name, value] = self.model.rarity(name, value)
        return bits


_TEXTS: Mapping[Level, str] = {
    Level.EQUAL: "the same",
    Level.FORM: "the same in another form",
    Level.SIMILAR: "like a typing mistake",
    Level.LOOSE: "alike, more than one letter apart",
    Level.NEAR: "one digit off or two exchanged",
    Level.SWAPPED: "day and month exchanged",
    Level.DIFFERENT: "different",
    Level.DOUBTED: "different, but it repeats another birth date: probably a relative's",
    Level.TWO_NAMES: "two different names, both known",
}


def _supports(seen: Comparison, model: Model) -> bool:
    """Tell whether the school or the place agrees and tells people apart, or the data show that names do.

    A place says little about a learner of another school. What pairs with PINs show goes first.
    """
    shown = model.labelled.get(seen.circumstances)
    if shown and shown.warns(model.thresholds):
        return False
    if shown and seen.names_equal and seen.patronymic in SAME_NAME and shown.trusts(model.thresholds):
        return True
    school, place = seen.organisation, seen.place
    if school is Level.EQUAL:
        return model.weights["organisation"][school] >= model.thresholds.support
    if place is not Level.EQUAL or school is Level.DIFFERENT:
        return False
    return model.weights["place"][place] >= model.thresholds.support
