"""Compare two records field by field: a level per field, a log₂ weight per level, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import permutations
from math import log2

from rapidfuzz.distance import OSA, JaroWinkler

from gateway.matching.normalise import Part, document, part
from gateway.matching.record import Record, with_day_and_month_swapped


class Level(StrEnum):
    """How far one field agrees."""

    EQUAL = "EQUAL"
    FORM = "FORM"
    SIMILAR = "SIMILAR"
    NEAR = "NEAR"
    SWAPPED = "SWAPPED"
    DIFFERENT = "DIFFERENT"
    TWO_NAMES = "TWO_NAMES"
    MISSING = "MISSING"


SAME_NAME = frozenset({Level.EQUAL, Level.FORM})
LIKE_NAME = SAME_NAME | {Level.SIMILAR}
OTHER_NAME = frozenset({Level.DIFFERENT, Level.TWO_NAMES})

WEIGHTS: Mapping[str, Mapping[Level, float]] = {
    "surname": {Level.EQUAL: 10, Level.FORM: 9, Level.SIMILAR: 5, Level.DIFFERENT: -3},
    "given_name": {Level.EQUAL: 7.5, Level.SIMILAR: 3, Level.DIFFERENT: -6, Level.TWO_NAMES: -12},
    "patronymic": {
        Level.EQUAL: 6,
        Level.FORM: 5,
        Level.SIMILAR: 3,
        Level.DIFFERENT: -5,
        Level.TWO_NAMES: -10,
    },
    "birth_date": {Level.EQUAL: 13, Level.SWAPPED: 9, Level.NEAR: 6, Level.DIFFERENT: -8},
    "sex": {Level.EQUAL: 1, Level.DIFFERENT: -5},
    "pin": {Level.NEAR: 8, Level.DIFFERENT: -8},
    "birth_certificate": {Level.DIFFERENT: -6},
    "passport": {Level.DIFFERENT: -2},
    "organisation": {Level.EQUAL: 10, Level.DIFFERENT: -0.5},
    "place": {Level.EQUAL: 4, Level.DIFFERENT: -1},
}
IDENTIFIERS = frozenset({"pin", "birth_certificate", "passport"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why: what one field says, how much it weighs in bits; the text names no value."""

    field: str
    level: str
    weight: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The level of every field; `reordered` when the names agree only with their parts in another order."""

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

    @property
    def names_agree(self) -> bool:
        """Tell whether the given name and one family name agree, typing mistakes allowed."""
        return self.given_name in {Level.EQUAL, Level.SIMILAR} and (
            self.surname in LIKE_NAME or self.patronymic in SAME_NAME
        )

    @property
    def names_equal(self) -> bool:
        """Tell whether all parts that both records give are the same name."""
        return (
            self.given_name is Level.EQUAL
            and self.surname in SAME_NAME
            and self.patronymic in SAME_NAME | {Level.MISSING}
        )

    @property
    def is_other_name(self) -> bool:
        """Tell whether the given name is another person's."""
        return self.given_name in OTHER_NAME

    def evidence(self, *, population: int) -> tuple[Evidence, ...]:
        """Explain field by field; an identifier shared by chance is one in `population`."""
        found = []
        for field in WEIGHTS:
            level: Level = getattr(self, field)
            if level is not Level.MISSING:
                weight = weight_of(field, level, population=population)
                found.append(Evidence(field=field, level=level, weight=weight, text=_TEXTS[level]))
        if self.reordered:
            text = "parts stand in another order"
            found.append(Evidence(field="names", level=Level.SWAPPED, weight=-1, text=text))
        return tuple(found)


_TEXTS: Mapping[Level, str] = {
    Level.EQUAL: "the same",
    Level.FORM: "the same in another form",
    Level.SIMILAR: "like a typing mistake",
    Level.NEAR: "one digit off or two exchanged",
    Level.SWAPPED: "day and month exchanged",
    Level.DIFFERENT: "different",
    Level.TWO_NAMES: "two different names, both known",
}


def weight_of(field: str, level: Level, *, population: int) -> float:
    """Give the weight of a level in bits."""
    if field in IDENTIFIERS and level is Level.EQUAL:
        return log2(population)
    return WEIGHTS[field].get(level, 0.0)


def compare(record: Record, entry: Record, *, known: frozenset[str]) -> Comparison:
    """Compare a record with an entry; `known` are folded given names that are nobody's typing mistake."""
    surname, given, patronymic, reordered = _names(record, entry, known)
    return Comparison(
        surname=surname,
        given_name=given,
        patronymic=patronymic,
        reordered=reordered,
        birth_date=birth_date_level(record, entry),
        sex=_plain(record.sex, entry.sex),
        pin=pin_level(record.pin, entry.pin),
        birth_certificate=_document(record.birth_certificate, entry.birth_certificate),
        passport=_document(record.passport, entry.passport),
        organisation=_plain(record.organisation, entry.organisation),
        place=_plain(record.place, entry.place),
    )


def pin_level(one: str | None, other: str | None) -> Level:
    """Compare two PINs: the last five digits apart from the nine that only repeat sex and birth date."""
    if not one or not other:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    if len(one) != len(other):
        return Level.NEAR if OSA.distance(one, other, score_cutoff=1) <= 1 else Level.DIFFERENT
    start, serial = OSA.distance(one[:9], other[:9]), OSA.distance(one[9:], other[9:])
    return Level.NEAR if start + serial == 1 else Level.DIFFERENT


def birth_date_level(record: Record, entry: Record) -> Level:
    """Compare birth dates: equal, day and month exchanged, one slip of the hand, or different."""
    one, other = record.birth_date, entry.birth_date
    if one is None or other is None:
        return Level.MISSING
    if one == other:
        return Level.EQUAL
    swapped = with_day_and_month_swapped(record)
    if swapped and swapped.birth_date == other:
        return Level.SWAPPED
    return Level.NEAR if OSA.distance(_digits(one), _digits(other)) == 1 else Level.DIFFERENT


def _digits(day: date) -> str:
    return day.strftime("%d%m%Y")


def _plain(one: str | None, other: str | None) -> Level:
    if not one or not other:
        return Level.MISSING
    return Level.EQUAL if one == other else Level.DIFFERENT


def _document(one: str | None, other: str | None) -> Level:
    return _plain(document(one) if one else None, document(other) if other else None)


def _names(record: Record, entry: Record, known: frozenset[str]) -> tuple[Level, Level, Level, bool]:
    mine = (part(record.surname), part(record.given_name), part(record.patronymic))
    theirs = (part(entry.surname), part(entry.given_name), part(entry.patronymic))
    straight = _levels(mine, theirs, known)
    if straight[1] in {Level.EQUAL, Level.SIMILAR} and straight[0] in LIKE_NAME:
        return (*straight, False)
    for order in list(permutations(mine))[1:]:
        surname, given, father = _levels(order, theirs, known)
        if given is Level.EQUAL and surname in SAME_NAME and father in SAME_NAME | {Level.MISSING}:
            return surname, given, father, True
    return (*straight, False)


Parts = tuple[Part | None, ...]


def _levels(mine: Parts, theirs: Parts, known: frozenset[str]) -> tuple[Level, Level, Level]:
    surname = _one(mine[0], theirs[0], _surname)
    given = _one(mine[1], theirs[1], lambda one, other: _given(one, other, known))
    fathers = (mine[2], theirs[2]) if surname in SAME_NAME else (_father(mine), _father(theirs))
    return surname, given, _one(*fathers, lambda one, other: _patronymic(one, other, known))


def _father(parts: Parts) -> Part | None:
    """Take the father's name from the patronymic, or from a surname of the form "X уулу"."""
    surname, _, patronymic = parts
    return patronymic or (surname if surname and surname.names_father else None)


def _one(one: Part | None, other: Part | None, level: Callable[[Part, Part], Level]) -> Level:
    return level(one, other) if one and other else Level.MISSING


def _surname(one: Part, other: Part) -> Level:
    if one.stem == other.stem:
        return Level.EQUAL if one.fold == other.fold else Level.FORM
    alike = _alike(one.stem, other.stem) or _alike(one.plain, other.plain)
    return Level.SIMILAR if alike else Level.DIFFERENT


def _given(one: Part, other: Part, known: frozenset[str]) -> Level:
    if one.fold == other.fold:
        return Level.EQUAL
    if one.fold in known and other.fold in known:
        return Level.TWO_NAMES
    shorter, longer = sorted((one.fold, other.fold), key=len)
    shortened = len(shorter) >= 4 and longer.startswith(shorter)
    alike = shortened or _alike(one.fold, other.fold) or _alike(one.plain, other.plain)
    return Level.SIMILAR if alike else Level.DIFFERENT


def _patronymic(one: Part, other: Part, known: frozenset[str]) -> Level:
    if one.fathers & other.fathers:
        return Level.EQUAL if one.fold == other.fold else Level.FORM
    if one.fathers & known and other.fathers & known:
        return Level.TWO_NAMES
    alike = any(_alike(mine, theirs) for mine in one.fathers for theirs in other.fathers)
    return Level.SIMILAR if alike else Level.DIFFERENT


def _alike(one: str, other: str) -> bool:
    """Tell whether two folded words may be one word mistyped."""
    longest = max(len(one), len(other))
    if longest <= 3:
        return False
    allowed = 1 if longest < 8 else 2
    return OSA.distance(one, other) <= allowed and JaroWinkler.similarity(one, other) >= 0.85
