"""Which of several assertions is shown: a pure function of the assertions and the policy, which is data.

The policy names the sources of a field in order. What the first of them told is shown; what another told
differently is a conflict. Spelling (case, ё/е, spaces, ө/о) is no conflict: the owner's form stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.foundation.settings import FieldPolicy
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
    """An assertion as the policy sees it; dates are ISO text. `order` grows with time."""

    assertion_id: UUID
    field: str
    value: str
    source: str
    order: int
    verified_at: datetime | None = None


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


def project(assertions: Iterable[Told], policies: Mapping[str, FieldPolicy]) -> Projection:
    """Choose the visible value of every field from assertions that are not retracted."""
    told = sorted(assertions, key=lambda each: each.order)
    attempt = next((each.value for each in reversed(told) if each.field == ATTEMPT), "")
    shown: dict[str, Shown] = {}
    conflicts: list[Conflict] = []
    for field in VISIBLE:
        latest = {each.source: each for each in told if each.field == field}
        if latest:
            ranked = _ranked(latest.values(), policies.get(field, NO_POLICY))
            shown[field] = _shown(field, ranked, policies.get(field, NO_POLICY), attempt)
            conflicts += _conflicts(field, ranked, policies.get(field, NO_POLICY))
    return Projection(fields=shown, conflicts=tuple(conflicts))


NO_POLICY = FieldPolicy(sources=())


def same(field: str, one: str, other: str) -> bool:
    """Tell whether two values of a field mean the same, spelling aside."""
    if field in NAMES:
        return fold(one) == fold(other)
    if field in DOCUMENTS:
        return document(one) == document(other)
    return one == other


def _ranked(latest: Iterable[Told], policy: FieldPolicy) -> list[Told]:
    """Order what was told by the policy; sources it does not name come last, the newest of them first."""
    order = {source: rank for rank, source in enumerate(policy.sources)}
    return sorted(latest, key=lambda each: (order.get(each.source, len(order)), -each.order))


def _shown(field: str, ranked: Sequence[Told], policy: FieldPolicy, attempt: str) -> Shown:
    chosen = ranked[0]
    stale_after = None
    if policy.stale_after_days and chosen.verified_at:
        stale_after = chosen.verified_at + timedelta(days=policy.stale_after_days)
    return Shown(
        value=chosen.value,
        assertion_id=chosen.assertion_id,
        source=chosen.source,
        verified_at=chosen.verified_at,
        status=_status(field, ranked, attempt),
        stale_after=stale_after,
    )


def _status(field: str, ranked: Sequence[Told], attempt: str) -> VerificationStatus:
    chosen, others = ranked[0], ranked[1:]
    if any(not same(field, chosen.value, other.value) for other in others):
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
        for other in ranked[1:]
        if not same(field, ranked[0].value, other.value)
    ]
