"""Compare two records field by field: a level per field; what they weigh is the scale's to say."""

from collections.abc import Mapping
from itertools import permutations
from typing import NamedTuple

from gateway.matching.full_name import Parts
from gateway.matching.levels import (
    LIKE_NAME,
    OTHER_NAME,
    SAME_NAME,
    Level,
    birth_date_level,
    given_level,
    patronymic_level,
    pin_level,
    plain_level,
    slips,
    surname_level,
)
from gateway.matching.normalise import Part
from gateway.matching.prepared import Prepared, prepare
from gateway.matching.record import Record
from gateway.matching.vocabulary import SHIPPED, Vocabulary

FIELDS = (
    "surname", "given_name", "patronymic", "birth_date", "sex", "pin", "birth_certificate", "passport",
    "organisation", "place",
)  # fmt: skip


class Comparison(NamedTuple):
    """The level of every field; `reordered` when the names agree only with their parts in another order.

    `torn` where the given name may as well be another known name mistyped. It holds no value: however many pairs
    look so, it is one and the same, so it can be a key.
    """

    surname: Level
    given_name: Level
    patronymic: Level
    birth_date: Level
    sex: Level
    pin: Level
    birth_certificate: Level
    passport: Level
    organisation: Level
    place: Level
    reordered: bool = False
    torn: bool = False

    @property
    def names_agree(self) -> bool:
        """Tell whether the given name and one family name agree, typing mistakes allowed."""
        return self.given_name in LIKE_NAME and (self.surname in LIKE_NAME or self.patronymic in SAME_NAME)

    @property
    def names_equal(self) -> bool:
        """Tell whether all parts that both records give are the same name."""
        return (
            self.given_name is Level.EQUAL
            and self.surname in SAME_NAME
            and self.patronymic in SAME_NAME | {Level.MISSING}
        )

    @property
    def circumstances(self) -> tuple[Level, ...]:
        """Give what agrees beside names and birth date: the father's name, the school, the place."""
        return self.patronymic, self.organisation, self.place

    @property
    def is_other_name(self) -> bool:
        """Tell whether the given name is another person's."""
        return self.given_name in OTHER_NAME


def compare(record: Record, entry: Record, *, vocabulary: Vocabulary = SHIPPED) -> Comparison:
    """Compare a record with an entry; names of the vocabulary are nobody's typing mistake."""
    return compare_prepared(prepare(record), prepare(entry), vocabulary)


def compare_prepared(one: Prepared, other: Prepared, vocabulary: Vocabulary) -> Comparison:
    """Compare two records made ready before."""
    (surname, given, patronymic), order, reordered = compare_names(one, other, vocabulary)
    entry_given = other.name.given_name
    torn = given is Level.SIMILAR and bool(
        order[1] and entry_given and vocabulary.is_torn(order[1], entry_given)
    )
    return Comparison(
        surname=surname,
        given_name=given,
        patronymic=patronymic,
        birth_date=birth_date_level(one, other),
        sex=plain_level(one.sex, other.sex),
        pin=_pin(one, other),
        birth_certificate=plain_level(one.birth_certificate, other.birth_certificate),
        passport=plain_level(one.passport, other.passport),
        organisation=plain_level(one.organisation, other.organisation),
        place=plain_level(one.place, other.place),
        reordered=reordered,
        torn=torn,
    )


def _pin(one: Prepared, other: Prepared) -> Level:
    level = pin_level(one.pin, other.pin)
    if level is Level.DIFFERENT and (one.pin_is_anothers or other.pin_is_anothers):
        return Level.DOUBTED
    return Level.DOUBTED if level is Level.MISSING and one.pin_is_anothers else level


Levels = tuple[Level, Level, Level]


def compare_names(one: Prepared, other: Prepared, vocabulary: Vocabulary) -> tuple[Levels, Parts, bool]:
    """Compare the names as they stand and, where they disagree, with their parts in another order.

    Gives the levels of surname, given name and patronymic, the parts in that order, and whether it is another one.
    """
    mine, theirs = one.name.parts, other.name.parts
    straight = _levels(mine, theirs, vocabulary)
    if straight[1] in LIKE_NAME and straight[0] in LIKE_NAME:
        return straight, mine, False
    given = [_worth_it(each, theirs[1]) for each in mine]
    if True not in given:
        return straight, mine, False
    best, best_order = straight, mine
    for order in _ORDERS:
        if not given[order[1]]:
            continue
        moved: Parts = (mine[order[0]], mine[order[1]], mine[order[2]])
        levels = _levels(moved, theirs, vocabulary)
        if _agrees(levels) and (_rank(levels) < _rank(best)):
            best, best_order = levels, moved
    return best, best_order, best_order is not mine


_ORDERS = tuple(permutations(range(3)))[1:]


def _worth_it(given: Part | None, theirs: Part | None) -> bool:
    """Tell at little cost whether another part may be the given name."""
    if given is None or theirs is None:
        return False
    return not given.readings.isdisjoint(theirs.readings) or slips(given.fold, theirs.fold) is Level.SIMILAR


def _agrees(levels: Levels) -> bool:
    surname, given, father = levels
    if given not in {Level.EQUAL, Level.SIMILAR}:
        return False
    fits = father in LIKE_NAME | {Level.MISSING}
    return (surname in LIKE_NAME and fits) or (given is Level.EQUAL and father in SAME_NAME)


def _rank(levels: Levels) -> int:
    return sum(_RANKS.get(level, 4) for level in levels)


_RANKS: Mapping[Level, int] = {Level.EQUAL: 0, Level.FORM: 1, Level.SIMILAR: 2, Level.MISSING: 2}


def _levels(mine: Parts, theirs: Parts, vocabulary: Vocabulary) -> Levels:
    surname = surname_level(mine[0], theirs[0], vocabulary)
    given = given_level(mine[1], theirs[1], vocabulary)
    fathers = (mine[2], theirs[2]) if surname in SAME_NAME else (_father(mine), _father(theirs))
    return surname, given, patronymic_level(*fathers, vocabulary)


def _father(parts: Parts) -> Part | None:
    """Take the father's name from the patronymic, or from a surname of the form "X уулу"."""
    surname, _, patronymic = parts
    return patronymic or (surname if surname and surname.names_father else None)
