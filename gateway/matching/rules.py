"""The rules by which one pair is judged, in order; what a weight cannot see is said by a rule.

Twins, namesakes and a parent's PIN typed for the child are why: in all of them most of the weight agrees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from gateway.matching.comparison import SAME_NAME, Comparison, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How many bits of evidence, after the chance of meeting a stranger, a decision needs."""

    match: float = 8.0
    likely: float = 8.0
    review: float = 2.0
    smallest_population: int = 10_000  # a nearly empty registry still draws from a whole country
    frequent_name: int = 3


THRESHOLDS = Thresholds()


class Verdict(StrEnum):
    """What a rule says of one pair."""

    LINK = "LINK"
    REVIEW = "REVIEW"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A comparison with what its rules need besides."""

    seen: Comparison
    both_pins_verified: bool
    pin_contradicts_birth_date: bool
    weight: float
    thresholds: Thresholds

    @property
    def same_document(self) -> bool:
        """Tell whether a birth certificate or a passport is the same."""
        return Level.EQUAL in {self.seen.birth_certificate, self.seen.passport}

    @property
    def another_document(self) -> bool:
        """Tell whether the birth certificate or the sex speaks against."""
        return self.seen.birth_certificate is Level.DIFFERENT or self.seen.sex is Level.DIFFERENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The first rule whose `when` holds says what a pair is."""

    says: str
    when: Callable[[Pair], bool]
    verdict: Verdict
    kind: str = ""


def _pin_agrees(pair: Pair) -> bool:
    seen = pair.seen
    if seen.sex is Level.DIFFERENT or not (seen.names_agree or seen.given_name is Level.EQUAL):
        return False
    if seen.surname is Level.DIFFERENT and seen.patronymic in {Level.DIFFERENT, Level.TWO_NAMES}:
        return False
    return seen.birth_date is Level.EQUAL or (
        seen.birth_date in {Level.MISSING, Level.SWAPPED, Level.NEAR} and seen.names_equal
    )


def _document_agrees(pair: Pair) -> bool:
    seen = pair.seen
    if seen.sex is Level.DIFFERENT or seen.pin is not Level.MISSING or not seen.names_agree:
        return False
    return seen.birth_date is Level.EQUAL or (
        seen.birth_date in {Level.SWAPPED, Level.NEAR} and seen.names_equal
    )


def _names_date_and_school(pair: Pair) -> bool:
    seen = pair.seen
    return (
        seen.birth_date is Level.EQUAL
        and seen.names_equal
        and seen.organisation is Level.EQUAL
        and not pair.another_document
        and pair.weight >= pair.thresholds.match
    )


def _names_and_slipped_date(pair: Pair) -> bool:
    seen = pair.seen
    if seen.birth_date is Level.SWAPPED:
        return seen.names_equal
    return seen.birth_date is Level.NEAR and seen.names_equal and seen.patronymic in SAME_NAME


RULES = (
    Rule(
        says="the PIN, the birth date and the names agree",
        when=lambda pair: pair.seen.pin is Level.EQUAL and _pin_agrees(pair),
        verdict=Verdict.LINK,
    ),
    Rule(
        says="the PIN is the same, but the names or the birth date are another's",
        when=lambda pair: pair.seen.pin is Level.EQUAL,
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="a document, the birth date and the names agree",
        when=lambda pair: pair.same_document and _document_agrees(pair),
        verdict=Verdict.LINK,
    ),
    Rule(
        says="a document is the same, but the PIN contradicts",
        when=lambda pair: pair.same_document and pair.seen.pin is not Level.MISSING,
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
        when=lambda pair: pair.seen.pin in {Level.NEAR, Level.DIFFERENT} and pair.both_pins_verified,
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="names and birth date agree and the PINs differ by one slip: a PIN is probably mistyped",
        when=lambda pair: (
            pair.seen.pin is Level.NEAR
            and pair.seen.names_agree
            and pair.seen.birth_date in {Level.EQUAL, Level.SWAPPED, Level.NEAR}
        ),
        verdict=Verdict.REVIEW,
        kind="PIN_CONFLICT",
    ),
    Rule(
        says="names and birth date agree, and a PIN contradicts its own birth date: probably a relative's",
        when=lambda pair: (
            pair.seen.pin is Level.DIFFERENT
            and pair.pin_contradicts_birth_date
            and pair.seen.names_agree
            and pair.seen.birth_date is Level.EQUAL
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
        when=lambda pair: pair.seen.patronymic is Level.TWO_NAMES,
        verdict=Verdict.DIFFERENT,
    ),
    Rule(
        says="names, birth date and school agree",
        when=_names_date_and_school,
        verdict=Verdict.LINK,
    ),
    Rule(
        says="names and birth date agree, and nothing else proves it",
        when=lambda pair: (
            pair.seen.birth_date is Level.EQUAL
            and pair.seen.names_agree
            and pair.weight >= pair.thresholds.likely
        ),
        verdict=Verdict.REVIEW,
        kind="DUP_LIKELY",
    ),
    Rule(
        says="names and birth date nearly agree",
        when=lambda pair: (
            pair.weight >= pair.thresholds.review
            and (
                (pair.seen.birth_date is Level.EQUAL and pair.seen.names_agree)
                or _names_and_slipped_date(pair)
            )
        ),
        verdict=Verdict.REVIEW,
        kind="DUP_POSSIBLE",
    ),
)
NOBODY = Rule(says="too little agrees", when=lambda _: True, verdict=Verdict.DIFFERENT)
