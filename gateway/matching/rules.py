"""The rules by which one pair is judged, in order; what a weight cannot see is said by a rule.

Twins, namesakes and a parent's PIN typed for the child are why: in all of them most of the weight agrees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.matching.comparison import Comparison
from gateway.matching.levels import LIKE_NAME, OTHER_NAME, SAME_NAME, Level
from gateway.matching.model import Thresholds

_TYPED = frozenset({Level.EQUAL, Level.SIMILAR})
_ALIKE = _TYPED | {Level.FORM, Level.LOOSE}
_SLIPPED = frozenset({Level.SWAPPED, Level.NEAR})
_FITTING = _SLIPPED | {Level.EQUAL}
_NO_PIN_AGAINST = frozenset({Level.MISSING, Level.NEAR, Level.EQUAL})


class Verdict(StrEnum):
    """What a rule says of one pair."""

    LINK = "LINK"
    REVIEW = "REVIEW"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A comparison with what its rules need besides; `support`: a school or place that tells people apart."""

    seen: Comparison
    both_pins_verified: bool
    support: bool
    weight: float
    thresholds: Thresholds

    @property
    def same_document(self) -> bool:
        """Tell whether a birth certificate or a passport is the same."""
        return Level.EQUAL in {self.seen.birth_certificate, self.seen.passport}

    @property
    def family_agrees(self) -> bool:
        """Tell whether the surname or the father's name agrees, one slip of the hand allowed."""
        return self.seen.surname in LIKE_NAME or self.seen.patronymic in LIKE_NAME

    @property
    def is_surely_named(self) -> bool:
        """Tell whether the given name is the entry's, and not as likely another known name mistyped."""
        moved = self.seen.reordered and self.seen.surname not in LIKE_NAME
        return self.seen.given_name in _TYPED and not self.seen.torn and not moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The first rule whose `when` holds says what a pair is."""

    says: str
    when: Callable[[Pair], bool]
    verdict: Verdict
    kind: str = ""


def _pin_agrees(pair: Pair) -> bool:
    seen = pair.seen
    if seen.pin is not Level.EQUAL or seen.sex is Level.DIFFERENT:
        return False
    if seen.birth_date is Level.EQUAL:
        if seen.given_name is Level.EQUAL:
            return not (seen.surname in OTHER_NAME and seen.patronymic in OTHER_NAME)
        if pair.same_document and seen.given_name is not Level.TWO_NAMES:
            return pair.family_agrees
        return seen.given_name in _ALIKE and pair.family_agrees
    return seen.birth_date in _SLIPPED | {Level.MISSING} and seen.names_agree


def _document_agrees(pair: Pair) -> bool:
    seen = pair.seen
    if not pair.same_document or seen.sex is Level.DIFFERENT or seen.pin not in _NO_PIN_AGAINST:
        return False
    if not (pair.is_surely_named and pair.family_agrees):
        return False
    return seen.birth_date is Level.EQUAL or (seen.birth_date in _SLIPPED and seen.names_agree)


def _pin_slipped(pair: Pair) -> bool:
    """Tell whether all but one digit of the PIN agrees, and the names and the birth date do."""
    seen = pair.seen
    if seen.pin is not Level.NEAR or seen.sex is Level.DIFFERENT or _other_document(pair):
        return False
    if not (pair.is_surely_named and pair.family_agrees) or seen.patronymic is Level.TWO_NAMES:
        return False
    if seen.birth_date is Level.EQUAL:
        return seen.given_name is Level.EQUAL or (seen.surname in SAME_NAME and pair.support)
    return seen.birth_date in _SLIPPED and seen.names_equal


def _relatives_pin(pair: Pair) -> bool:
    """Tell whether all but a PIN of another birth date agrees, and such a link is chosen to be automatic."""
    seen = pair.seen
    return (
        pair.thresholds.link_over_relatives_pin
        and seen.pin is Level.DOUBTED
        and seen.birth_date is Level.EQUAL
        and seen.names_equal
        and not seen.reordered
        and seen.sex is not Level.DIFFERENT
        and not _other_document(pair)
        and (pair.same_document or pair.support)
    )


def _other_document(pair: Pair) -> bool:
    return pair.seen.birth_certificate is Level.DIFFERENT


def _supported(pair: Pair) -> bool:
    """Tell whether names, birth date and a school or a place agree, and no identifier speaks against."""
    seen = pair.seen
    if seen.pin is not Level.MISSING or seen.sex is Level.DIFFERENT or _other_document(pair):
        return False
    if not pair.support or not pair.is_surely_named or pair.weight < pair.thresholds.match:
        return False
    if seen.birth_date in _SLIPPED:
        return seen.names_equal
    if seen.birth_date is not Level.EQUAL:
        return False
    if seen.surname in LIKE_NAME:
        return seen.patronymic in LIKE_NAME | {Level.MISSING}
    return seen.given_name is Level.EQUAL and seen.patronymic in SAME_NAME  # a married name


def _named_alike_on_the_day(pair: Pair) -> bool:
    seen = pair.seen
    return seen.birth_date is Level.EQUAL and seen.names_agree


def _nearly(pair: Pair) -> bool:
    seen = pair.seen
    surely = (
        seen.birth_date is Level.EQUAL
        and seen.given_name is Level.EQUAL
        and (seen.surname in SAME_NAME or seen.patronymic in SAME_NAME)
        and seen.patronymic not in OTHER_NAME
    )
    least = pair.thresholds.review - (pair.thresholds.benefit if surely else 0.0)
    if pair.weight < least or seen.given_name not in _ALIKE:
        return False
    return seen.birth_date in _FITTING and seen.sex is not Level.DIFFERENT


RULES = (
    Rule(says="the PIN, the birth date and the names agree", when=_pin_agrees, verdict=Verdict.LINK),
    Rule(
        says="the PIN is the same, but the names, the sex or the birth date are another's",
        when=lambda pair: pair.seen.pin is Level.EQUAL,
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="a document, the birth date and the names agree",
        when=_document_agrees,
        verdict=Verdict.LINK,
    ),
    Rule(
        says="names, birth date and a document, school or place agree; the PIN is a relative's, not this person's",
        when=_relatives_pin,
        verdict=Verdict.LINK,
    ),
    Rule(
        says="a document is the same, but the PIN contradicts",
        when=lambda pair: pair.same_document and pair.seen.pin not in _NO_PIN_AGAINST,
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="a document is the same, but the names or the birth date are not",
        when=lambda pair: pair.same_document,
        verdict=Verdict.REVIEW,
        kind="DUP_POSSIBLE",
    ),
    Rule(
        says="another given name: a twin, a brother or a sister, or a stranger",
        when=lambda pair: pair.seen.is_other_name or pair.seen.given_name is Level.MISSING,
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="two verified PINs: a namesake",
        when=lambda pair: (
            pair.seen.pin in {Level.NEAR, Level.DIFFERENT, Level.DOUBTED} and pair.both_pins_verified
        ),
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="names and birth date agree, and the PIN but for one slip of the hand: it is mistyped",
        when=_pin_slipped,
        verdict=Verdict.LINK,
    ),
    Rule(
        says="names and birth date agree and the PINs differ by one slip: a PIN is probably mistyped",
        when=lambda pair: (
            pair.seen.pin is Level.NEAR
            and pair.seen.given_name in _ALIKE
            and pair.family_agrees
            and pair.seen.birth_date in _FITTING
        ),
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="names and birth date agree, and a PIN contradicts its own birth date: probably a relative's",
        when=lambda pair: pair.seen.pin is Level.DOUBTED and _nearly(pair),
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="names, birth date and school or place agree, but the PINs differ",
        when=lambda pair: (
            pair.seen.pin is Level.DIFFERENT
            and pair.seen.birth_date is Level.EQUAL
            and pair.seen.names_equal
            and pair.seen.organisation is Level.EQUAL
        ),
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="two different PINs: a namesake",
        when=lambda pair: pair.seen.pin in {Level.NEAR, Level.DIFFERENT},
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="the fathers' names are two different names",
        when=lambda pair: pair.seen.patronymic is Level.TWO_NAMES and not pair.support,
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="names, birth date and school or place agree",
        when=_supported,
        verdict=Verdict.LINK,
    ),
    Rule(
        says="names and birth date agree, and nothing else proves it",
        when=lambda pair: _named_alike_on_the_day(pair) and pair.weight >= pair.thresholds.likely,
        verdict=Verdict.REVIEW,
        kind="DUP_LIKELY",
    ),
    Rule(
        says="names and birth date nearly agree",
        when=_nearly,
        verdict=Verdict.REVIEW,
        kind="DUP_POSSIBLE",
    ),
)
NOBODY = Rule(says="too little agrees", when=lambda _: True, verdict=Verdict.DIFFERENT)
