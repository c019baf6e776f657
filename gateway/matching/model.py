"""What an agreement weighs: shipped weights in bits, or those learned from the data at hand, and the thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2

from gateway.foundation.settings import Matching
from gateway.matching.levels import Level
from gateway.matching.vocabulary import SHIPPED, Vocabulary

Weights = Mapping[str, Mapping[Level, float]]
IDENTIFIERS = frozenset({"pin", "birth_certificate", "passport"})
WEIGHTS: Weights = {
    "surname": {Level.EQUAL: 9, Level.FORM: 8.5, Level.SIMILAR: 6, Level.LOOSE: 1, Level.DIFFERENT: -4},
    "given_name": {
        Level.EQUAL: 8,
        Level.FORM: 5,
        Level.SIMILAR: 4.5,
        Level.LOOSE: 0,
        Level.DIFFERENT: -6,
        Level.TWO_NAMES: -12,
    },
    "patronymic": {
        Level.EQUAL: 7.5,
        Level.FORM: 7,
        Level.SIMILAR: 4.5,
        Level.LOOSE: 0,
        Level.DIFFERENT: -5,
        Level.TWO_NAMES: -10,
    },
    "birth_date": {Level.EQUAL: 12.5, Level.SWAPPED: 9, Level.NEAR: 5, Level.DIFFERENT: -9},
    "sex": {Level.EQUAL: 1, Level.DIFFERENT: -6},
    "pin": {Level.NEAR: 10, Level.DIFFERENT: -8, Level.DOUBTED: -1},
    "birth_certificate": {Level.DIFFERENT: -6},
    "passport": {Level.DIFFERENT: -2},
    "organisation": {Level.EQUAL: 8, Level.DIFFERENT: -3},
    "place": {Level.EQUAL: 4.5, Level.DIFFERENT: -3.5},
}
_MOST_RARE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many bits of evidence, after the chance of meeting a stranger, a decision needs."""

    match: float = 8.0
    likely: float = 8.0
    review: float = 0.0
    # so many bits less are asked for a review where the given name, a family name and the day are equal
    benefit: float = 6.0
    # by how much a link without an identifier must lead the next entry
    margin: float = 6.0
    # what a school or a place must weigh to count as one more agreement
    support: float = 1.5
    # so few namesakes among pairs with PINs let three equal names and the day suffice; 0: never
    namesakes: float = 0.0
    # so many, and even an equal school or place does not suffice
    warning: float = 0.0075
    link_over_relatives_pin: bool = True
    # so many pairs with PINs must show how seldom namesakes are
    labelled: int = 300
    # a nearly empty registry still draws from a whole country
    smallest_population: int = 10_000
    frequent_name: int = 3

    @property
    def bounds(self) -> tuple[float, ...]:
        """Give the weights at which a rule may change, in order."""
        return tuple(sorted((self.match, self.likely, self.review, self.review - self.benefit)))


THRESHOLDS = Thresholds()


def thresholds_of(chosen: Matching) -> Thresholds:
    """Give the thresholds an operator chose."""
    return Thresholds(
        match=chosen.match,
        likely=chosen.likely,
        review=chosen.review,
        benefit=chosen.benefit,
        margin=chosen.margin,
        support=chosen.support,
        namesakes=chosen.namesakes,
        warning=chosen.warning,
        link_over_relatives_pin=chosen.link_over_relatives_pin,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Pairs of equal names and birth dates whose PINs tell: the same person, or a namesake."""

    same: int = 0
    others: int = 0

    def trusts(self, thresholds: Thresholds) -> bool:
        """Tell whether enough pairs show that hardly anybody else looks so."""
        total = self.same + self.others
        return total >= thresholds.labelled and (self.others + 1) / total <= thresholds.namesakes

    def warns(self, thresholds: Thresholds) -> bool:
        """Tell whether namesakes that look so were met too often to link anybody."""
        return self.others >= 2 and self.others / (self.same + self.others) > thresholds.warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Weights per field and level, the known names, and the thresholds: one model online and in bulk."""

    weights: Weights = field(default_factory=lambda: WEIGHTS)
    vocabulary: Vocabulary = SHIPPED
    thresholds: Thresholds = THRESHOLDS
    labelled: Mapping[tuple[Level, ...], Labelled] = field(default_factory=dict)

    def size(self, population: int) -> int:
        """Give the population to weigh against: never less than the smallest."""
        return max(population, self.thresholds.smallest_population)

    def weight(self, name: str, level: Level, *, population: int) -> float:
        """Give the weight of a level in bits; an identifier shared by chance is one in `population`."""
        if name in IDENTIFIERS and level is Level.EQUAL:
            return log2(self.size(population))
        return self.weights[name].get(level, 0.0)

    def rarity(self, name: str, value: str) -> float:
        """Give the bits a rare surname or given name adds to an agreement, or a common one takes away."""
        vocabulary = self.vocabulary
        shares = vocabulary.surname_shares if name == "surname" else vocabulary.given_shares
        share = shares.get(value)
        if not shares or share is None:
            return 0.0
        typical = 2.0 ** -self.weights[name][Level.EQUAL]
        return max(-_MOST_RARE, min(_MOST_RARE, log2(typical / share)))


MODEL = Model()


def model_of(chosen: Matching) -> Model:
    """Give the shipped model with the thresholds an operator chose."""
    return Model(thresholds=thresholds_of(chosen))
