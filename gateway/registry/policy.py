"""Which of several assertions is shown: a pure function of the set of assertions, the policy and the day.

The policy, which is data, names the sources of a field in order. What the first of them told is shown; what
another told differently is a conflict. Spelling (case, ё/е, spaces, ө/о) is no conflict: the owner's form
stays, and neither is what a later act explains.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from gateway.foundation.clock import day_of, start_of
from gateway.foundation.policy_settings import FieldPolicy
from gateway.matching.normalise import document, fold
from gateway.registry.values import PASSPORT, ZAGS, VerificationStatus

OFFICIAL = frozenset({ZAGS, PASSPORT})
NAMES = frozenset({"surname", "given_name", "patronymic"})
DOCUMENTS = frozenset({"birth_certificate", "passport"})
PROJECTED = ("surname", "given_name", "patronymic", "birth_date", "sex", "citizenship", "death_date")
VISIBLE = (*PROJECTED, "pin", "birth_certificate", "passport")
ATTEMPT = "pin_verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An assertion as the policy sees it; dates are ISO text.

    `told_at` is when its source said it; `order` decides between words of one source of the same instant.
    """

    assertion_id: UUID
    field: str
    value: str
    source: str
    order: int
    verified_at: datetime | None = None
    told_at: datetime | None = None
    valid_from: date | None = None
    document_on: date | None = None
    document_until: date | None = None

    @property
    def age(self) -> tuple[datetime, int]:
        """Give what is greater for the newer of two words."""
        return self.told_at or _LONG_AGO, self.order


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The visible value of a field, where it comes from and what it is worth."""

    value: str
    assertion_id: UUID
    source: str
    verified_at: datetime | None
    status: VerificationStatus
    stale_after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two sources disagree about a field, and the policy asks for a person."""

    field: str
    kept: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What is shown of a person, and what cannot be settled by the order of sources alone."""

    fields: Mapping[str, Shown]
    conflicts: tuple[Conflict, ...]


def project(
    assertions: Iterable[Told], policies: Mapping[str, FieldPolicy], *, on: date | None = None
) -> Projection:
    """Choose the visible value of every field on a day from assertions that are not retracted.

    Without a day the newest of everything counts, and no rule that depends on the age.
    """
    told = sorted(assertions, key=lambda each: each.age)
    attempt = next((each.value for each in reversed(told) if each.field == ATTEMPT), "")
    shown: dict[str, Shown] = {}
    conflicts: list[Conflict] = []
    years = _years(_words(told, "birth_date", on), policies.get("birth_date", NO_POLICY), on)
    for field in dict.fromkeys((*VISIBLE, *policies)):
        policy = policies.get(field, NO_POLICY)
        words = _words(told, field, on)
        if words:
            ranked = _ranked(words, policy, years)
            shown[field] = _shown(field, ranked, policy, attempt)
            conflicts += _conflicts(field, ranked, policy)
    return Projection(fields=shown, conflicts=tuple(conflicts))


_LONG_AGO = datetime.min.replace(tzinfo=UTC)
NO_POLICY = FieldPolicy(sources=())


def same(field: str, one: str, other: str) -> bool:
    """Tell whether two values of a field mean the same, spelling aside."""
    if field in NAMES:
        return fold(one) == fold(other)
    if field in DOCUMENTS:
        return document(one) == document(other)
    return one == other


def _words(told: Iterable[Told], field: str, on: date | None) -> list[Told]:
    """Give the one word of each source that holds on a day."""
    by_source: dict[str, list[Told]] = {}
    for each in told:
        if each.field == field:
            by_source.setdefault(each.source, []).append(each)
    chosen = (word_on(words, on) for words in by_source.values())
    return [word for word in chosen if word]


def word_on(words: Sequence[Told], on: date | None) -> Told | None:
    """Choose what one source says of a field for a day; None where it only speaks of later ones.

    A dated word holds from its day. An undated one speaks of the time in which it was told: it confirms or
    corrects what holds since the last dated change before that, so what was true earlier stays true.
    """
    changes = sorted(word.valid_from for word in words if word.valid_from)

    def since(word: Told) -> date:
        if word.valid_from:
            return word.valid_from
        told_on = day_of(word.told_at) if word.told_at else date.max
        return max((day for day in changes if day <= told_on), default=date.min)

    holding = [word for word in words if on is None or since(word) <= on]
    return max(holding, key=lambda word: (since(word), *word.age), default=None)


def _years(births: Sequence[Told], policy: FieldPolicy, on: date | None) -> int | None:
    if on is None or not births:
        return None
    born = date.fromisoformat(_ranked(births, policy, None)[0].value)
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _ranked(words: Iterable[Told], policy: FieldPolicy, years: int | None) -> list[Told]:
    """Order what was told by the policy; sources it does not name come last, the newest of them first."""
    grown = bool(policy.from_age) and years is not None and years >= policy.from_age
    sources = policy.sources_from_age if grown else policy.sources
    order = {source: rank for rank, source in enumerate(sources)}
    newest = sorted(words, key=lambda each: each.age, reverse=True)
    if policy.newest_verified_wins:
        return sorted(newest, key=lambda each: each.verified_at or _LONG_AGO, reverse=True)
    ranked = sorted(newest, key=lambda each: order.get(each.source, len(order)))
    return _later_act_first(ranked) if grown and policy.later_act_leads else ranked


def _later_act_first(ranked: list[Told]) -> list[Told]:
    """Let the latest act of a state source lead where it is later than the leader's own document."""
    acts = [word for word in ranked[1:] if word.source in OFFICIAL and _is_later(word, ranked[0])]
    if not acts:
        return ranked
    latest = max(acts, key=lambda word: (word.document_on or date.min, *word.age))
    return [latest, *(word for word in ranked if word is not latest)]


def _is_later(act: Told, other: Told) -> bool:
    return act.document_on is not None and act.document_on > (other.document_on or date.min)


def _differing(field: str, ranked: Sequence[Told], policy: FieldPolicy) -> list[Told]:
    """Give the words that disagree with the one shown and that no later act explains."""
    if policy.on_conflict == "both":
        return []
    shown = ranked[0]
    return [
        other
        for other in ranked[1:]
        if not same(field, shown.value, other.value) and not _explains(shown, other)
    ]


def _explains(act: Told, other: Told) -> bool:
    """Tell whether a dated act changed what the other word was true about before."""
    if act.source not in OFFICIAL or act.document_on is None or act.valid_from is None:
        return False
    spoken_on = other.document_on or (day_of(other.told_at) if other.told_at else date.max)
    return spoken_on < act.document_on


def _shown(field: str, ranked: Sequence[Told], policy: FieldPolicy, attempt: str) -> Shown:
    chosen = ranked[0]
    stale_after = None
    if policy.stale_after_days and chosen.verified_at:
        stale_after = chosen.verified_at + timedelta(days=policy.stale_after_days)
        if chosen.document_until:
            expires = start_of(chosen.document_until)
            stale_after = min(stale_after, expires)
    return Shown(
        value=chosen.value,
        assertion_id=chosen.assertion_id,
        source=chosen.source,
        verified_at=chosen.verified_at,
        status=_status(ranked, bool(_differing(field, ranked, policy)), attempt),
        stale_after=stale_after,
    )


def _status(ranked: Sequence[Told], disputed: bool, attempt: str) -> VerificationStatus:  # noqa: FBT001
    chosen, others = ranked[0], ranked[1:]
    if disputed:
        return VerificationStatus.MISMATCH
    if chosen.source in OFFICIAL:
        matched = any(other.source not in OFFICIAL for other in others)
        return VerificationStatus.MATCHED_WITH_SOURCE if matched else VerificationStatus.FILLED_BY_SOURCE
    return _BY_ATTEMPT.get(attempt, VerificationStatus.UNVERIFIED)


_BY_ATTEMPT = {
    "UNAVAILABLE": VerificationStatus.SOURCE_UNAVAILABLE,
    "PROVIDER_ERROR": VerificationStatus.SOURCE_UNAVAILABLE,
    "NOT_FOUND": VerificationStatus.NOT_FOUND_AT_SOURCE,
    "CONTRADICTED": VerificationStatus.DISPUTED,
}


def _conflicts(field: str, ranked: Sequence[Told], policy: FieldPolicy) -> list[Conflict]:
    if policy.on_conflict != "case":
        return []
    return [
        Conflict(field=field, kept=ranked[0].source, other=other.source)
        for other in _differing(field, ranked, policy)
    ]
