"""Decide whether a record is an entry of the registry: Match, Review or NoMatch, always with the reasons."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from uuid import UUID

from gateway.matching.comparison import Evidence, Level, compare
from gateway.matching.given_names import COMMON_GIVEN_NAMES
from gateway.matching.normalise import fold
from gateway.matching.record import Candidate, Record
from gateway.matching.rules import NOBODY, RULES, THRESHOLDS, Pair, Thresholds, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """One candidate weighed: the verdict, the rule that gave it, the weight in bits and the evidence."""

    person_id: UUID
    verdict: Verdict
    kind: str
    rule: str
    weight: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The record is this entry."""

    person_id: UUID
    opinion: Opinion

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence of the match."""
        return self.opinion.evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person must decide; opinions are ordered by weight, the strongest first."""

    kind: str
    opinions: tuple[Opinion, ...]

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence of the strongest candidate."""
        return self.opinions[0].evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """The record is nobody the registry knows; the opinions say why the nearest are not."""

    opinions: tuple[Opinion, ...] = ()

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence against the nearest candidate."""
        return self.opinions[0].evidence if self.opinions else ()


Decision = Match | Review | NoMatch


def judge(
    record: Record,
    candidate: Candidate,
    *,
    population: int,
    known: frozenset[str] = COMMON_GIVEN_NAMES,
    thresholds: Thresholds = THRESHOLDS,
) -> Opinion:
    """Weigh one pair against a registry of `population` entries."""
    size = max(population, thresholds.smallest_population)
    seen = compare(record, candidate.record, known=known)
    evidence = seen.evidence(population=size)
    weight = sum(item.weight for item in evidence) - log2(size)
    pair = Pair(
        seen=seen,
        both_pins_verified=record.pin_verified and candidate.record.pin_verified,
        pin_contradicts_birth_date=_contradicts(record) or _contradicts(candidate.record),
        weight=weight,
        thresholds=thresholds,
    )
    rule = next((rule for rule in RULES if rule.when(pair)), NOBODY)
    return Opinion(
        person_id=candidate.person_id,
        verdict=rule.verdict,
        kind=rule.kind,
        rule=rule.says,
        weight=round(weight, 2),
        evidence=evidence,
    )


def decide(
    record: Record,
    candidates: Sequence[Candidate],
    *,
    population: int,
    thresholds: Thresholds = THRESHOLDS,
) -> Decision:
    """Decide about a record among the entries that share a blocking key with it.

    One link and nobody who could be meant instead is a Match; two links, or a link beside a contradiction
    of an identifier, are a person's to decide.
    """
    known = COMMON_GIVEN_NAMES | _frequent(candidates, thresholds.frequent_name)
    opinions = [
        judge(record, candidate, population=population, known=known, thresholds=thresholds)
        for candidate in candidates
    ]
    best = sorted(opinions, key=lambda opinion: -opinion.weight)
    return _together(_one_per_person(best))


def _together(best: list[Opinion]) -> Decision:
    links = [opinion for opinion in best if opinion.verdict is Verdict.LINK]
    doubts = [opinion for opinion in best if opinion.verdict is Verdict.REVIEW]
    if len(links) == 1 and not _in_the_way(links[0], doubts):
        return Match(person_id=links[0].person_id, opinion=links[0])
    if links or doubts:
        kind = doubts[0].kind if not links else "DUP_LIKELY"
        return Review(kind=kind, opinions=(*links, *doubts))
    return NoMatch(opinions=tuple(best[:3]))


def _in_the_way(link: Opinion, doubts: list[Opinion]) -> list[Opinion]:
    """Give the doubts a link does not settle: an equal PIN or document settles mere likeness of names."""
    by_identifier = any(
        item.level == Level.EQUAL and item.field in {"pin", "birth_certificate", "passport"}
        for item in link.evidence
    )
    return [doubt for doubt in doubts if doubt.kind == "PIN_CONFLICT" or not by_identifier]


def _one_per_person(best: list[Opinion]) -> list[Opinion]:
    kept: dict[UUID, Opinion] = {}
    for opinion in best:
        kept.setdefault(opinion.person_id, opinion)
    return list(kept.values())


def _contradicts(record: Record) -> bool:
    """Tell whether the date inside the PIN is not the birth date beside it."""
    if not record.pin or record.birth_date is None:
        return False
    return record.pin[1:9] != record.birth_date.strftime("%d%m%Y")


def _frequent(candidates: Sequence[Candidate], least: int) -> frozenset[str]:
    counted = Counter(fold(each.record.given_name) for each in candidates if each.record.given_name)
    return frozenset(name for name, count in counted.items() if count >= least)
