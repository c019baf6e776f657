"""Find the disclosures that told something wrong, after a merge was undone or a value taken back.

A disclosure is marked when its answer, for the same day and by what was known then, would have been another one
for either of the people concerned; whoever received it can then be told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.disclosure.correction_tables import CorrectionExamined, DisclosureCorrection
from gateway.disclosure.model import Disclosure
from gateway.foundation.errors import RegistryError
from gateway.registry.card import PersonCard
from gateway.registry.group import below, members_of
from gateway.registry.model import Assertion, EducationDocument, Person, PersonLink, RegistryEvent
from gateway.registry.policy import VISIBLE
from gateway.registry.timeline.card import card_apart, card_as_of

UNMERGED, VALUE_RETRACTED = "UNMERGED", "VALUE_RETRACTED"
SETTLED = frozenset({"SENT", "ACKNOWLEDGED", "NOT_NEEDED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A disclosure marked for correction: who received which wrong fields, why and since when that is known."""

    correction_id: UUID
    disclosure_id: UUID
    client: str
    service: str
    fields: tuple[str, ...]
    reason: str
    state: str
    marked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One change, as it bears on answers given before it: within which time, through which entry."""

    seq: int
    reason: str
    since: datetime
    until: datetime
    parts: tuple[tuple[UUID, ...], ...] = ()
    without: frozenset[UUID] = frozenset()


async def examine_changes(session: AsyncSession, *, at: datetime, limit: int = 100) -> int:
    """Look at undone merges and values taken back that nobody looked at yet; give how many disclosures they mark.

    Run it in the transaction of the undo itself or later: a change is looked at once.
    """
    found = await session.execute(
        select(RegistryEvent)
        .outerjoin(CorrectionExamined, CorrectionExamined.event_seq == RegistryEvent.seq)
        .where(RegistryEvent.type.in_((UNMERGED, VALUE_RETRACTED)), CorrectionExamined.event_seq.is_(None))
        .order_by(RegistryEvent.seq)
        .limit(limit)
    )
    total = 0
    for event in found.scalars().all():
        total += await _examine(session, event, at)
    return total


async def corrections(
    session: AsyncSession, *, state: str = "MARKED", limit: int = 1000
) -> tuple[Marked, ...]:
    """Read disclosures marked for correction, the oldest mark first."""
    found = await session.execute(
        select(DisclosureCorrection, Disclosure.client, Disclosure.service)
        .join(Disclosure, Disclosure.disclosure_id == DisclosureCorrection.disclosure_id)
        .where(DisclosureCorrection.state == state)
        .order_by(DisclosureCorrection.marked_at, DisclosureCorrection.id)
        .limit(limit)
    )
    return tuple(
        Marked(
            correction_id=row.id,
            disclosure_id=row.disclosure_id,
            client=client,
            service=service,
            fields=tuple(row.fields),
            reason=row.reason,
            state=row.state,
            marked_at=row.marked_at,
        )
        for row, client, service in found
    )


async def settle_correction(session: AsyncSession, correction_id: UUID, state: str, *, at: datetime) -> None:
    """Say what became of a correction: SENT, ACKNOWLEDGED or NOT_NEEDED; raises RegistryError."""
    if state not in SETTLED:
        raise RegistryError(f"a correction cannot become {state}")
    changed = await session.execute(
        update(DisclosureCorrection)
        .where(DisclosureCorrection.id == correction_id)
        .values(state=state, settled_at=at)
        .returning(DisclosureCorrection.id)
    )
    if changed.first() is None:
        raise RegistryError("there is no such correction")


async def _examine(session: AsyncSession, event: RegistryEvent, at: datetime) -> int:
    noted = upsert(CorrectionExamined).values(event_seq=event.seq, marked=0, examined_at=at)
    fresh = await session.execute(noted.on_conflict_do_nothing().returning(CorrectionExamined.event_seq))
    if fresh.first() is None:
        return 0
    change = await (_split(session, event) if event.type == UNMERGED else _retraction(session, event))
    marked = await _mark(session, change, at) if change else 0
    await session.execute(
        update(CorrectionExamined).where(CorrectionExamined.event_seq == event.seq).values(marked=marked)
    )
    return marked


async def _split(session: AsyncSession, event: RegistryEvent) -> _Change | None:
    found = await session.execute(select(PersonLink).where(PersonLink.id == UUID(event.detail["link"])))
    link = found.scalar_one_or_none()
    if link is None or link.unlinked_at is None:
        return None
    root, absorbed = UUID(event.detail["survivor"]), link.absorbed_id
    leaving = await below(session, absorbed)
    staying = await members_of(session, root)
    return _Change(
        seq=event.seq,
        reason=UNMERGED,
        since=link.linked_at,
        until=link.unlinked_at,
        parts=(_first(root, staying), _first(absorbed, leaving)),
    )


async def _retraction(session: AsyncSession, event: RegistryEvent) -> _Change | None:
    assertion_id = UUID(event.detail["assertion"])
    found = await session.execute(
        select(Assertion, Person.master_id)
        .join(Person, Person.id == Assertion.subject_id)
        .where(Assertion.id == assertion_id)
    )
    row = found.one_or_none()
    if row is None or row.Assertion.retracted_at is None:
        return None
    root: UUID = row.master_id or row.Assertion.subject_id
    return _Change(
        seq=event.seq,
        reason=VALUE_RETRACTED,
        since=row.Assertion.recorded_at,
        until=row.Assertion.retracted_at,
        parts=(_first(root, await members_of(session, root)),),
        without=frozenset({assertion_id}),
    )


def _first(root: UUID, members: Iterable[UUID]) -> tuple[UUID, ...]:
    return (root, *(each for each in members if each != root))


async def _mark(session: AsyncSession, change: _Change, at: datetime) -> int:
    found = await session.execute(
        select(Disclosure).where(
            Disclosure.person_id.in_([each for part in change.parts for each in part]),
            Disclosure.disclosed_at >= change.since,
            Disclosure.disclosed_at < change.until,
        )
    )
    rows = []
    for disclosure in found.scalars().all():
        wrong = await _wrong(session, change, disclosure)
        if wrong:
            rows.append(
                {
                    "id": uuid4(),
                    "disclosure_id": disclosure.disclosure_id,
                    "event_seq": change.seq,
                    "reason": change.reason,
                    "fields": wrong,
                    "marked_at": at,
                }
            )
    if rows:
        await session.execute(insert(DisclosureCorrection), rows)
    return len(rows)


async def _wrong(session: AsyncSession, change: _Change, disclosure: Disclosure) -> list[str]:
    """Give the disclosed fields that would have read otherwise for one of the people concerned."""
    day, then, root = disclosure.as_of_on, disclosure.disclosed_at, disclosure.person_id
    told = await card_as_of(session, root, as_of=day, known_at=then)
    wrong: set[str] = set()
    for part in change.parts:
        alone = await card_apart(session, part, as_of=day, known_at=then, within=root, without=change.without)
        if told and alone:
            theirs = await _documents_of_others(session, change, part)
            wrong |= _differing(disclosure.fields, told.card, alone.card, documents=theirs)
    return [name for name in disclosure.fields if name in wrong]


async def _documents_of_others(session: AsyncSession, change: _Change, part: tuple[UUID, ...]) -> bool:
    others = [each for other in change.parts for each in other if each not in part]
    found = await session.execute(
        select(EducationDocument.id).where(EducationDocument.person_id.in_(others)).limit(1)
    )
    return found.first() is not None


def _differing(names: Iterable[str], told: PersonCard, alone: PersonCard, *, documents: bool) -> set[str]:
    """Compare two cards field by field; what is no value of the person speaks of schools or documents."""
    values = [{each.name: each.value for each in card.fields} for card in (told, alone)]
    places = [{each.enrolment_id: each.periods for each in card.enrolments} for card in (told, alone)]
    elsewhere = documents or places[0] != places[1]
    return {
        name
        for name in names
        if (
            values[0].get(_snake(name)) != values[1].get(_snake(name))
            if _snake(name) in VISIBLE
            else elsewhere
        )
    }


def _snake(name: str) -> str:
    """Write the wire's spelling of a field as the registry does: birthDate → birth_date."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
