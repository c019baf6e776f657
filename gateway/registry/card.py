"""An entry as its card shows it: values with their sources, numbers, enrolments, whether a case is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.registry.entries import EnrolmentEntry, PersonEntry
from gateway.registry.group import members_of
from gateway.registry.model import Assertion, FieldProvenance
from gateway.registry.reading import (
    current_identifiers,
    enrolments,
    merged_numbers,
    open_case,
    person_by_number,
)
from gateway.registry.values import IdentifierStatus, VerificationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CardField:
    """One visible value, where it comes from, when that was verified and what it is worth now."""

    name: str
    value: str
    source: str
    verified_at: datetime | None
    status: VerificationStatus
    exchange_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIdentifier:
    """An identifier of the person with its status."""

    scheme: str
    value: str
    status: IdentifierStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCard:
    """Everything a clerk sees of one person."""

    entry: PersonEntry
    also_known_as: tuple[str, ...]
    fields: tuple[CardField, ...]
    identifiers: tuple[CardIdentifier, ...]
    enrolments: tuple[EnrolmentEntry, ...]
    open_case: bool


async def person_card(session: AsyncSession, isuo_no: str, *, at: datetime) -> PersonCard | None:
    """Read the card of a permanent number as of an instant; a merged number gives its master's card."""
    entry = await person_by_number(session, isuo_no)
    if entry is None:
        return None
    rows = await current_identifiers(session, await members_of(session, entry.person_id))
    return PersonCard(
        entry=entry,
        also_known_as=await merged_numbers(session, entry.person_id),
        fields=await card_fields(session, entry.person_id, at=at),
        identifiers=joined([CardIdentifier(scheme=row[1], value=row[2], status=row[3]) for row in rows]),
        enrolments=await enrolments(session, entry.person_id),
        open_case=await open_case(session, entry.person_id),
    )


_BEST = ("VERIFIED", "BLOCKED", "CLAIMED", "DISPUTED", "REPLACED")


def joined(identifiers: Iterable[CardIdentifier]) -> tuple[CardIdentifier, ...]:
    """Show an identifier that entries read as one both have once, with the best it is worth for either."""
    kept: dict[tuple[str, str], CardIdentifier] = {}
    for each in identifiers:
        seen = kept.setdefault((each.scheme, each.value), each)
        if _BEST.index(each.status) < _BEST.index(seen.status):
            kept[each.scheme, each.value] = each
    return tuple(kept.values())


async def card_fields(session: AsyncSession, person_id: UUID, *, at: datetime) -> tuple[CardField, ...]:
    """Read the visible values of an entry with their provenance; what was verified too long ago is STALE."""
    found = await session.execute(
        select(
            FieldProvenance.field,
            Assertion.value,
            FieldProvenance.source_code,
            FieldProvenance.verified_at,
            FieldProvenance.status,
            FieldProvenance.stale_after,
            Assertion.exchange_id,
        )
        .join(Assertion, Assertion.id == FieldProvenance.assertion_id)
        .where(FieldProvenance.subject_id == person_id)
        .order_by(FieldProvenance.field)
    )
    return tuple(
        CardField(
            name=row.field,
            value=row.value,
            source=row.source_code,
            verified_at=row.verified_at,
            status=status_now(row.status, row.stale_after, at),
            exchange_id=row.exchange_id,
        )
        for row in found
    )


_GOOD = frozenset({VerificationStatus.FILLED_BY_SOURCE, VerificationStatus.MATCHED_WITH_SOURCE})


def status_now(status: str, stale_after: datetime | None, at: datetime) -> VerificationStatus:
    """Give the worth of a value at an instant: what was verified too long ago is STALE."""
    stored = VerificationStatus(status)
    return VerificationStatus.STALE if stored in _GOOD and stale_after and stale_after < at else stored


async def identity_status(session: AsyncSession, person_id: UUID, *, at: datetime) -> VerificationStatus:
    """Give the worth of an entry's identity: that of its PIN, UNVERIFIED without one."""
    found = await session.execute(
        select(FieldProvenance.status, FieldProvenance.stale_after).where(
            FieldProvenance.subject_id == person_id, FieldProvenance.field == "pin"
        )
    )
    row = found.one_or_none()
    return status_now(row.status, row.stale_after, at) if row else VerificationStatus.UNVERIFIED
