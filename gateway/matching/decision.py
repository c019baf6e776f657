"""Decide whether a record is an entry of the registry: Match, Review or NoMatch, always with the reasons."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

from gateway.matching.comparison import Comparison, compare_prepared
from gateway.matching.levels import Level
from gateway.matching.model import IDENTIFIERS, MODEL, Model
from gateway.matching.normalise import fold
from gateway.matching.prepared import Prepared, prepare
from gateway.matching.record import Candidate, Record
from gateway.matching.rules import Rule, Verdict
from gateway.matching.scale import Evidence, Scale

Id = TypeVar("Id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Generic[Id]):
    """One candidate weighed: the verdict, the rule that gave it, the weight in bits and the evidence."""

    person_id: Id
    judged: Rule
    weight: float
    seen: Comparison
    rarity: float
    scale: Scale

    @property
    def verdict(self) -> Verdict:
        """Give what the rule says."""
        return self.judged.verdict

    @property
    def kind(self) -> str:
        """Give the kind of review case it asks for."""
        return self.judged.kind

    @property
    def rule(self) -> str:
        """Give the rule in words."""
        return self.judged.says

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Explain field by field, without any value."""
        return self.scale.evidence(self.seen, self.rarity)

    @property
    def by_identifier(self) -> bool:
        """Tell whether a PIN or a document is the same."""
        return Level.EQUAL in {getattr(self.seen, name) for name in IDENTIFIERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Generic[Id]):
    """The record is this entry."""

    person_id: Id
    opinion: Opinion[Id]

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence of the match."""
        return self.opinion.evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Generic[Id]):
    """A person must decide; opinions are ordered by weight, the strongest first."""

    kind: str
    opinions: tuple[Opinion[Id], ...]

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence of the strongest candidate."""
        return self.opinions[0].evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch(Generic[Id]):
    """The record is nobody the registry knows; the opinions say why the nearest are not."""

    opinions: tuple[Opinion[Id], ...] = ()

    @property
    def explanation(self) -> tuple[Evidence, ...]:
        """Give the evidence against the nearest candidate."""
        return self.opinions[0].evidence if self.opinions else ()


Decision = Match[Id] | Review[Id] | NoMatch[Id]


def judge(record: Record, candidate: Candidate, *, population: int, model: Model = MODEL) -> Opinion[UUID]:
    """Weigh one pair against a registry of `population` entries."""
    scale = Scale.of(model, population)
    return weigh(prepare(record), candidate.person_id, prepare(candidate.record), scale)


def weigh(record: Prepared, person_id: Id, entry: Prepared, scale: Scale) -> Opinion[Id]:
    """Weigh one pair of records made ready before."""
    seen = compare_prepared(record, entry, scale.model.vocabulary)
    rarity = scale.rarity(seen, entry)
    weight = scale.weight(seen, rarity)
    return Opinion(
        person_id=person_id,
        judged=scale.rule(seen, weight, both_pins_verified=record.pin_verified and entry.pin_verified),
        weight=round(weight, 2),
        seen=seen,
        rarity=rarity,
        scale=scale,
    )


def decide(
    record: Record, candidates: Sequence[Candidate], *, population: int, model: Model = MODEL
) -> Decision[UUID]:
    """Decide about a record among the entries that share a blocking key with it.

    One link and nobody who could be meant instead is a Match; two links, or a link beside a contradiction
    of an identifier, are a person's to decide.
    """
    wiser = _with_frequent_names(model, candidates)
    entries = [(each.person_id, prepare(each.record)) for each in candidates]
    return decide_prepared(prepare(record), entries, Scale.of(wiser, population))


def decide_prepared(record: Prepared, entries: Iterable[tuple[Id, Prepared]], scale: Scale) -> Decision[Id]:
    """Decide about a record among entries made ready before: the one decision online and in bulk.

    A link that rests on an identifier stands whoever is merely named alike; so they are weighed only without one.
    """
    everybody = list(entries)
    holders = {entry_id for entry_id, entry in everybody if _share_an_identifier(record, entry)}
    if holders:
        nearest = [each for each in everybody if each[0] in holders]
        decision = together([weigh(record, *each, scale) for each in nearest])
        if isinstance(decision, Match) and decision.opinion.by_identifier:
            return decision
    return together([weigh(record, *each, scale) for each in everybody])


def settles(decision: Decision[Id]) -> bool:
    """Tell whether a decision about the only holder of an identifier stands whoever else shares a key.

    It rests on the identifier, and on a given name that is the same: what names are frequent among others, which
    makes a typing mistake another name, cannot change that.
    """
    if not isinstance(decision, Match) or not decision.opinion.by_identifier:
        return False
    return decision.opinion.seen.given_name is Level.EQUAL


def _share_an_identifier(one: Prepared, other: Prepared) -> bool:
    return bool(
        (one.pin and one.pin == other.pin)
        or (one.birth_certificate and one.birth_certificate == other.birth_certificate)
        or (one.passport and one.passport == other.passport)
    )


def together(opinions: Sequence[Opinion[Id]]) -> Decision[Id]:
    """Put the opinions about one record together, in whatever order they come."""
    best = _one_per_person(sorted(opinions, key=_heaviest_first))
    links = [opinion for opinion in best if opinion.verdict is Verdict.LINK]
    doubts = [opinion for opinion in best if opinion.verdict is Verdict.REVIEW]
    leader = _leader(links)
    if leader and not _in_the_way(leader, [*links, *doubts]):
        return Match(person_id=leader.person_id, opinion=leader)
    if links or doubts:
        kind = "DUP_LIKELY" if links else doubts[0].kind
        return Review(kind=kind, opinions=tuple(sorted([*links, *doubts], key=_heaviest_first)))
    return NoMatch(opinions=tuple(best[:3]))


def _heaviest_first(opinion: Opinion[Id]) -> tuple[float, str]:
    return -opinion.weight, str(opinion.person_id)


def _leader(links: list[Opinion[Id]]) -> Opinion[Id] | None:
    """Give the only link, or the only one that rests on an identifier."""
    if len(links) == 1:
        return links[0]
    proved = [link for link in links if link.by_identifier]
    return proved[0] if len(proved) == 1 else None


def _in_the_way(link: Opinion[Id], others: list[Opinion[Id]]) -> bool:
    """Tell whether another entry could be meant: an equal identifier settles mere likeness of names."""
    rivals = [each for each in others if each is not link and not _is_the_relative(each, link)]
    if link.by_identifier:
        by_pin = link.seen.pin is Level.EQUAL
        return any(each.by_identifier and not (by_pin and each.seen.is_other_name) for each in rivals)
    return any(
        each.by_identifier or each.weight > link.weight - link.scale.model.thresholds.margin
        for each in rivals
    )


def _is_the_relative(rival: Opinion[Id], link: Opinion[Id]) -> bool:
    """Tell whether a rival only has the PIN that was typed for somebody of another birth date."""
    return (
        link.seen.pin is Level.DOUBTED
        and rival.seen.pin is Level.EQUAL
        and rival.seen.birth_date is Level.DIFFERENT
    )


def _one_per_person(best: list[Opinion[Id]]) -> list[Opinion[Id]]:
    kept: dict[Id, Opinion[Id]] = {}
    for opinion in best:
        kept.setdefault(opinion.person_id, opinion)
    return list(kept.values())


def _with_frequent_names(model: Model, candidates: Sequence[Candidate]) -> Model:
    """Add the given names met more than once or twice among the candidates: they are no typing mistakes.

    A model learned from a population knows them already.
    """
    if model.vocabulary.given_shares:
        return model
    counted = Counter(fold(each.record.given_name) for each in candidates if each.record.given_name)
    least = model.thresholds.frequent_name
    more = frozenset(name for name, count in counted.items() if count >= least) - model.vocabulary.names
    if not more:
        return model
    return replace(model, vocabulary=replace(model.vocabulary, names=model.vocabulary.names | more))
