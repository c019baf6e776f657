"""How far two values of one field agree: a handful of levels, the same for bulk and for a single record."""

from enum import StrEnum
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from gateway.matching.normalise import Part
from gateway.matching.prepared import Prepared
from gateway.matching.record import digits_of
from gateway.matching.vocabulary import Vocabulary


class Level(StrEnum):
    """How far one field agrees."""

    EQUAL = "EQUAL"
    FORM = "FORM"
    SIMILAR = "SIMILAR"
    LOOSE = "LOOSE"
    NEAR = "NEAR"
    SWAPPED = "SWAPPED"
    DIFFERENT = "DIFFERENT"
    DOUBTED = "DOUBTED"
    TWO_NAMES = "TWO_NAMES"
    MISSING = "MISSING"


SAME_NAME = frozenset({Level.EQUAL, Level.FORM})
LIKE_NAME = SAME_NAME | {Level.SIMILAR}
OTHER_NAME = frozenset({Level.DIFFERENT, Level.TWO_NAMES})
_SERIAL = 9  # a PIN's first nine digits only repeat sex and birth date


def pin_level(one: str | None, other: str | None) -> Level:
    """Compare two PINs: the last five digits apart from the nine that only repeat sex and birth date."""
    if not one or not other:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    if len(one) != len(other):
        return Level.NEAR if OSA.distance(one, other, score_cutoff=1) <= 1 else Level.DIFFERENT
    serial = OSA.distance(one[_SERIAL:], other[_SERIAL:], score_cutoff=1)
    if serial > 1 or OSA.distance(one, other, score_cutoff=1) > 1:
        return Level.DIFFERENT
    return Level.NEAR


def birth_date_level(one: Prepared, other: Prepared) -> Level:
    """Compare birth dates: equal, day and month exchanged, one slip of the hand, or different."""
    if one.born is None or other.born is None:
        return Level.MISSING
    if one.born == other.born:
        return Level.EQUAL
    if one.born_swapped == other.born:
        return Level.SWAPPED
    near = OSA.distance(digits_of(one.born), digits_of(other.born), score_cutoff=1) <= 1
    return Level.NEAR if near else Level.DIFFERENT


def plain_level(one: str | None, other: str | None) -> Level:
    """Compare values that are equal or not."""
    if not one or not other:
        return Level.MISSING
    return Level.EQUAL if one == other else Level.DIFFERENT


def surname_level(one: Part | None, other: Part | None, _: Vocabulary) -> Level:
    """Compare surnames, their endings apart: Асанов, Асанова and Асан уулу are one in several forms."""
    if one is None or other is None:
        return Level.MISSING
    if one is other:
        return Level.EQUAL
    if not one.readings.isdisjoint(other.readings):
        return Level.EQUAL
    if not one.roots.isdisjoint(other.roots):
        return Level.FORM
    return _likeness(one, other, one.roots, other.roots)


def given_level(one: Part | None, other: Part | None, vocabulary: Vocabulary) -> Level:
    """Compare given names; two different names that are both known are no typing mistake of each other."""
    if one is None or other is None:
        return Level.MISSING
    if one is other:
        return Level.EQUAL
    if not one.readings.isdisjoint(other.readings):
        contested = one.plain != other.plain and {one.plain, other.plain} <= vocabulary.contested
        return Level.FORM if contested else Level.EQUAL
    known = vocabulary.names
    if not (known.isdisjoint(one.readings) or known.isdisjoint(other.readings)):
        return Level.TWO_NAMES
    return _likeness(one, other, one.readings, other.readings)


def patronymic_level(one: Part | None, other: Part | None, vocabulary: Vocabulary) -> Level:
    """Compare fathers' names in all their forms: Бакытович, Бакытовна, Бакыт уулу, Бакыттын."""
    if one is None or other is None:
        return Level.MISSING
    if one is other:
        return Level.EQUAL
    if not one.fathers.isdisjoint(other.fathers):
        return Level.FORM if one.readings.isdisjoint(other.readings) else Level.EQUAL
    known = vocabulary.fathers
    if not (known.isdisjoint(one.fathers) or known.isdisjoint(other.fathers)):
        return Level.TWO_NAMES
    return _likeness(one, other, one.fathers, other.fathers)


def _likeness(one: Part, other: Part, spellings: frozenset[str], others: frozenset[str]) -> Level:
    """Tell one slip of the hand from two and from another word."""
    best = Level.DIFFERENT
    for mine in spellings:
        for theirs in others:
            found = slips(mine, theirs)
            if found is Level.SIMILAR:
                return found
            best = Level.LOOSE if found is Level.LOOSE else best
    mine, theirs = one.plain, other.plain
    if abs(len(mine) - len(theirs)) > 1 or len(mine) <= 3 or len(theirs) <= 3:
        return best
    return Level.SIMILAR if OSA.distance(mine, theirs, score_cutoff=1) <= 1 else best


@lru_cache(maxsize=1 << 16)
def slips(one: str, other: str) -> Level:
    """Compare two folded words: SIMILAR is one slip, LOOSE two or an abbreviation, else DIFFERENT."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < 3 or longer - shorter > 2:
        abbreviated = shorter >= 4 and (one.startswith(other) or other.startswith(one))
        return Level.LOOSE if abbreviated else Level.DIFFERENT
    distance = OSA.distance(one, other, score_cutoff=2)
    if distance == 1:
        return Level.SIMILAR if longer > 3 else Level.LOOSE
    if distance == 2 and longer >= 6 and JaroWinkler.similarity(one, other) >= 0.8:
        return Level.LOOSE
    return Level.DIFFERENT
